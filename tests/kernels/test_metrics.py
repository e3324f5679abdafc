"""Metrics: what is said of them, and that values which were never computed contradict it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.arrays import F32
from kernels.cells import Axis, Condition
from kernels.metrics import LOSS_LIMIT, Formula, Metric, Values, accuracy, contradiction, fit, loss, part

NEAR = (0.01, 0.1)
SIZE = Axis("size", (10, 12))
CONDITIONS: list[Condition] = [{"size": 10}, {"size": 12}]


def column(*cells: float) -> F32:
    """One measurement of some cells."""
    return np.array(cells, dtype=np.float32)[:, None]


def gap(values: Values, conditions: object) -> F32:
    return values["id"] - values["ood"]


METRICS = {
    "id": accuracy("share of the test set", 10, NEAR),
    "ood": accuracy("share of the other test set", SIZE.of, NEAR),
    "gap": Metric(meaning="their difference", low=-1.0, near=NEAR, formula=Formula("id minus ood", gap)),
    "rank": Metric(meaning="a rank", high=100.0, near=NEAR),
    "stable_rank": Metric(meaning="another rank", high=100.0, near=NEAR, at_most="rank"),
}
ID, OOD = column(0.7, 0.3), column(0.4, 5 / 12)
TRUE = {"id": ID, "ood": OOD, "gap": ID - OOD, "rank": column(8.0, 3.0), "stable_rank": column(8.0, 1.0)}


def said(**changed: F32) -> str | None:
    return contradiction(METRICS, TRUE | changed, CONDITIONS)


def test_true_values_contradict_nothing() -> None:
    assert said() is None


@pytest.mark.parametrize(("cell", "share"), [(0, 0.75), (0, np.nextafter(np.float32(0.7), np.float32(1))), (1, 5 / 12)])
def test_a_share_that_is_no_count_is_refused(cell: int, share: float) -> None:
    shares = ID.copy()
    shares[cell] = share
    assert said(id=shares, gap=shares - OOD) == "id is not a count of 10 samples"


def test_shares_are_counts_of_each_conditions_own_samples() -> None:
    exchanged = OOD[::-1].copy()
    assert said(ood=exchanged, gap=ID - exchanged) == "ood is not a count of its samples"


@given(samples=st.integers(1, 2**20), data=st.data())
def test_every_count_of_samples_passes_and_its_neighbours_do_not(samples: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, samples))
    metrics = {"share": accuracy("a share", samples, NEAR)}
    share = np.float32(count / samples)
    assert contradiction(metrics, {"share": column(float(share))}, [{}]) is None
    for direction in (-1, 2):
        neighbour = np.nextafter(share, np.float32(direction))
        assert contradiction(metrics, {"share": column(float(neighbour))}, [{}]) == (
            f"share is not a count of {samples} samples"
        )


def test_what_does_not_follow_by_its_formula_is_refused() -> None:
    assert said(gap=np.nextafter(ID - OOD, np.float32(1))) == "gap is not id minus ood"


def test_what_is_above_its_bound_is_refused_but_for_rounding() -> None:
    assert said(stable_rank=column(8.00002, 1.0)) is None
    assert said(stable_rank=column(8.0002, 1.0)) == "stable_rank is above rank"


def test_every_measurement_counts() -> None:
    later = {name: np.hstack([values, values]) for name, values in TRUE.items()}
    assert contradiction(METRICS, later, CONDITIONS) is None
    later["rank"][1, 1] = 0.5
    assert contradiction(METRICS, later, CONDITIONS) == "stable_rank is above rank"


def test_shares_are_judged_before_what_follows_from_them() -> None:
    assert said(id=column(0.75, 0.3)) == "id is not a count of 10 samples"


def test_a_fit_is_a_loss_and_an_accuracy_named_after_the_set() -> None:
    metrics = fit("id_test", 400, "the familiar test set", loss_near=(0.2, 0.3), near=NEAR)
    assert list(metrics) == ["id_test_loss", part("id_test", "accuracy")]
    known, right = metrics.values()
    assert (known.unit, known.low, known.high, known.near, known.samples) == ("nat", 0.0, LOSS_LIMIT, (0.2, 0.3), None)
    assert (right.unit, right.low, right.high, right.near, right.samples) == ("1", 0.0, 1.0, NEAR, 400)


def test_a_loss_can_be_recorded_up_to_another_limit() -> None:
    assert loss("mean loss", NEAR, 20.0).high == 20.0


def test_the_parts_of_a_metric_have_one_spelling() -> None:
    assert (part("effective_rank", 2), part("accuracy", "weak")) == ("effective_rank_2", "accuracy_weak")
