"""repalign: what its cells of four networks compute, and what it finds wrong in invented numbers."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.engine.seam import F32
from kernels.experiment import Cell, CellResult, Condition, compute
from kernels.experiments import EXPERIMENTS, repalign
from kernels.findings import Table
from tests.kernels import tiny

ROW = repalign.EXPERIMENT
CONDITION: Condition = {"width": 32, "second": 0}


@pytest.fixture(scope="module")
def one() -> CellResult:
    (found,) = compute(ROW, [Cell(1000, CONDITION)], tiny.engine("exact"))
    return found


def test_the_row_is_in_the_registry() -> None:
    assert EXPERIMENTS["repalign"] is ROW
    assert {claim.finding for claim in ROW.claims} == {"#28"}


def test_networks_have_one_hidden_layer_or_two() -> None:
    assert repalign.network(CONDITION).sizes == (10, 32, 5)
    assert repalign.network({"width": 64, "second": 32}).sizes == (10, 64, 32, 5)


def test_training_aligns_and_moves(one: CellResult) -> None:
    cka, distance = one.metrics["cka"], one.metrics["distance"]
    assert 0.5 < cka[0] < cka[-1] < 1
    assert distance[0] == 0
    assert np.all(np.diff(distance) > 0)
    assert one.metrics["test_accuracy"][-1] > 0.4 > one.metrics["test_accuracy"][0]
    assert tiny.contradiction(ROW, one.metrics) is None


def test_invented_numbers_are_found(one: CellResult) -> None:
    def with_(name: str, at: int, value: float) -> dict[str, F32]:
        changed = {metric: curve.copy() for metric, curve in one.metrics.items()}
        changed[name][at] = value
        return changed

    assert "distance" in str(tiny.contradiction(ROW, with_("distance", 0, 0.1)))
    assert "test_accuracy" in str(tiny.contradiction(ROW, with_("test_accuracy", 3, 0.50001)))


def test_both_engines_agree_early(one: CellResult) -> None:
    (other,) = compute(ROW, [Cell(1000, CONDITION)], tiny.engine("torch"))
    for name, metric in ROW.metrics.items():
        early, late = one.metrics[name] - other.metrics[name], metric.late
        assert np.abs(early[: ROW.early]).max() <= metric.early, name
        assert np.abs(early).max() <= late, name


def test_the_claim_compares_networks_of_one_hidden_layer() -> None:
    rows = [(seed, width, second) for seed in (1, 2) for width in (32, 256) for second in (0, 32)]
    seed, width, second = (np.array(column) for column in zip(*rows, strict=True))
    cka = np.where(second == 32, 0.9, np.where(width == 256, 0.7, 0.4)).astype(np.float32)[:, None]
    table = Table(seed, {"width": width, "second": second}, {"cka": cka})
    assert ROW.claims[0].statistic(table) == pytest.approx([0.3, 0.3])
