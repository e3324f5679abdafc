"""The record of a block: what was entered is in its state and in its results, and formulas are computed here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from kernels.arrays import F32
from kernels.cells import Axis, Cell, Condition
from kernels.metrics import Formula, Metric, Values
from kernels.programs.record import DIGEST_BYTES, Record, outcome, results

SCALE = Axis("scale", (1.0, 2.0, 4.0))
CELLS = [Cell(seed, {"scale": scale}) for seed, scale in enumerate(SCALE.values)]


def scaled(values: Values, conditions: Sequence[Condition]) -> F32:
    return values["loss"] * np.array([[SCALE.of(condition)] for condition in conditions], dtype=np.float32)


METRICS = {
    "scaled": Metric(meaning="loss times scale", near=(0.0, 0.0), formula=Formula("loss times scale", scaled)),
    "loss": Metric(meaning="a loss", near=(0.0, 0.0)),
}


LOSSES = np.array([[0.5, 0.1, 0], [0.25, 0.2, 0], [0.125, 0.3, 0]], dtype=np.float32)


def digests(first: int) -> list[bytes]:
    return [bytes([first + number] * DIGEST_BYTES) for number in range(len(CELLS))]


@pytest.fixture
def record() -> Record:
    """Two of three measurements are made."""
    record = Record(CELLS, METRICS, 3)
    record.enter(0, {"loss": [0.5, 0.25, 0.125]}, digests(10))
    record.enter(1, {"loss": np.array([0.1, 0.2, 0.3])}, digests(20))
    return record


def test_the_state_has_a_curve_per_metric_in_their_order_and_the_digests(record: Record) -> None:
    state = record.state()
    assert list(state) == ["metric/scaled", "metric/loss", "digests"]
    assert {name: (array.dtype.name, array.shape) for name, array in state.items()} == {
        "metric/scaled": ("float32", (3, 3)),
        "metric/loss": ("float32", (3, 3)),
        "digests": ("uint8", (3, 3, DIGEST_BYTES)),
    }
    assert state["metric/loss"].tolist() == LOSSES.tolist()
    assert state["digests"][:, :, 0].tolist() == [[10, 20, 0], [11, 21, 0], [12, 22, 0]]


def test_what_follows_by_a_formula_is_computed_from_what_was_entered_for_its_own_condition(record: Record) -> None:
    conditions = [cell.condition for cell in CELLS]
    assert np.array_equal(record.state()["metric/scaled"], scaled({"loss": LOSSES}, conditions))
    assert record.state()["metric/scaled"][:, 0].tolist() == [0.5, 0.5, 0.5]


def test_some_cells_can_be_measured_alone(record: Record) -> None:
    before = {name: array.copy() for name, array in record.state().items()}
    record.enter(2, {"loss": [0.75]}, digests(30)[:1], slice(1, 2))
    state = record.state()
    assert state["metric/loss"][:, 2].tolist() == [0.0, 0.75, 0.0]
    assert state["metric/scaled"][:, 2].tolist() == [0.0, 1.5, 0.0]
    assert state["digests"][:, 2, 0].tolist() == [0, 30, 0]
    assert all(np.array_equal(state[name][:, :2], array[:, :2]) for name, array in before.items())


def test_a_metric_that_was_not_measured_is_a_mistake_of_ours(record: Record) -> None:
    with pytest.raises(KeyError, match="loss"):
        record.enter(2, {}, digests(30))


def test_as_many_digests_as_cells_are_needed(record: Record) -> None:
    with pytest.raises(ValueError, match="shorter"):
        record.enter(2, {"loss": [0.0] * 3}, digests(30)[:2])


def test_the_outcome_is_the_record_alone(record: Record) -> None:
    state = {"params": np.zeros(3), **record.state(), "progress": np.zeros(2, dtype=np.int64)}
    assert list(outcome(state)) == list(record.state())


def test_results_have_metrics_in_the_experiments_order_whatever_the_states_is(record: Record) -> None:
    state = dict(sorted(record.state().items()))
    assert list(state) != list(record.state()), "or the test says nothing"
    computed = results(METRICS, CELLS, state)
    assert [result.cell for result in computed] == CELLS
    for number, result in enumerate(computed):
        assert list(result.metrics) == list(METRICS)
        assert result.metrics["loss"].tobytes() == record.state()["metric/loss"][number].tobytes()
        assert list(result.digests) == [digests(10)[number], digests(20)[number], bytes(DIGEST_BYTES)]
