"""repalign: what its cells of four networks compute, and what its claim is made of."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.cells import Cell, CellResult, Condition
from kernels.claims import Table
from kernels.experiment import compute
from kernels.experiments import repalign
from tests.kernels import tiny

ROW = repalign.EXPERIMENT
CONDITION: Condition = {"width": 32, "second": 0}


@pytest.fixture(scope="module")
def trained() -> CellResult:
    (result,) = compute(ROW, [Cell(1000, CONDITION)], tiny.engine("c"))
    return result


def test_the_row_has_the_published_claim() -> None:
    assert {claim.finding for claim in ROW.claims} == {"#28"}
    assert ROW.curves[0].published == {32: 0.79}


def test_networks_have_one_hidden_layer_or_two() -> None:
    assert repalign.network(CONDITION).sizes == (10, 32, 5)
    assert repalign.network({"width": 64, "second": 32}).sizes == (10, 64, 32, 5)


def test_training_aligns_and_moves(trained: CellResult) -> None:
    cka, distance = trained.metrics["cka"], trained.metrics["distance"]
    assert 0.5 < cka[0] < cka[-1] < 1
    assert distance[0] == 0
    assert np.all(np.diff(distance) > 0)
    assert trained.metrics["test_accuracy"][-1] > 0.4 > trained.metrics["test_accuracy"][0]


def test_what_has_moved_before_training_contradicts(trained: CellResult) -> None:
    distance = trained.metrics["distance"].copy()
    distance[0] = 0.1
    assert "distance" in str(tiny.contradiction(ROW, {**trained.metrics, "distance": distance}))


def test_both_engines_agree_to_the_end(trained: CellResult) -> None:
    """Within the late tolerances: four networks that are averaged do not go ways of their own."""
    (other,) = compute(ROW, [Cell(1000, CONDITION)], tiny.engine("torch"))
    for name, metric in ROW.metrics.items():
        assert np.abs(trained.metrics[name] - other.metrics[name]).max() <= metric.near[1], name


def test_the_claim_compares_networks_of_one_hidden_layer() -> None:
    rows = [(seed, width, second) for seed in (1, 2) for width in (32, 256) for second in (0, 32)]
    seed, width, second = (np.array(column) for column in zip(*rows, strict=True))
    cka = np.where(second == 32, 0.9, np.where(width == 256, 0.7, 0.4)).astype(np.float32)[:, None]
    table = Table(seed, {"width": width, "second": second}, {"cka": cka})
    assert ROW.claims[0].statistic(table) == pytest.approx([0.3, 0.3])
