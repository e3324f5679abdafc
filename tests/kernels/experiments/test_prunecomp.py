"""prunecomp: what is pruned and what trains on, and how its claims read data."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import claims
from kernels.cells import Cell, CellResult
from kernels.claims import Table
from kernels.engine.contract import Block
from kernels.engine.shapes import Optimizer
from kernels.experiment import compute
from kernels.experiments import prunecomp
from kernels.measures import effective_rank
from kernels.programs.initial import he_normal
from tests.kernels import tiny
from tests.kernels.experiments.counting import CountingEngine

ROW = prunecomp.EXPERIMENT
CELLS = [Cell(seed, {"width": 64}) for seed in (1000, 1001)]


@pytest.fixture(scope="module")
def trained() -> list[CellResult]:
    return compute(ROW, CELLS, tiny.engine("c"))


def test_the_row_has_the_published_claim() -> None:
    assert ROW.grid == {"width": (64, 128, 256)}
    assert prunecomp.LEVELS == (0, 25, 50, 75)
    assert {claim.finding for claim in ROW.claims} == {"#34"}
    published = {curve.line: curve.published for curve in ROW.curves if curve.metric.startswith("gap")}
    assert published == {"0 % pruned": {64: 0.942}, "25 % pruned": {}, "50 % pruned": {}, "75 % pruned": {}}


def test_forward_passes_of_pruned_copies_are_all_that_measuring_costs() -> None:
    engine = CountingEngine()
    compute(ROW, CELLS[:1], engine)
    assert ROW.course.work(CELLS[0].condition) == pytest.approx(engine.operations, rel=1e-9)


def test_a_network_learns_and_is_wrong_about_held_out_combinations(trained: list[CellResult]) -> None:
    for result in trained:
        assert result.metrics["train_accuracy"][-1] > 0.99
        assert result.metrics["id_accuracy_0"][-1] > 0.9
        assert result.metrics["ood_accuracy_0"][-1] < 0.1


def test_pruning_takes_away_the_more_the_higher_the_level(trained: list[CellResult]) -> None:
    for result in trained:
        seen = [result.metrics[f"id_accuracy_{level}"][-1] for level in (0, 50, 75)]
        assert seen == sorted(seen, reverse=True)
        assert len(set(seen)) == 3


def test_the_first_measurement_is_of_the_untrained_network_pruned_by_hand(trained: list[CellResult]) -> None:
    network = prunecomp.network(CELLS[0].condition)
    assert network.sizes == (20, 64, 64, 2)
    data, engine = prunecomp.TASK.sets(CELLS[:1]), tiny.engine("c")
    for level in prunecomp.LEVELS:
        row = he_normal(network, 1000)
        sizes = np.sort(np.abs(row[row != 0]))  # biases are zero before training
        count = len(sizes) * level // 100
        row[np.abs(row) < sizes[count]] = 0
        assert np.count_nonzero(row) == len(sizes) - count
        block = Block(
            network, Optimizer("sgd"), np.zeros(1, np.uint64), row[None], np.zeros((0, 1, len(row)), np.float32)
        )
        for name, metric in (("id_test", "id_accuracy"), ("ood_test", "ood_accuracy")):
            accuracy = np.float32(engine.evaluate(block, data[name]).correct[0] / prunecomp.TASK.test)
            assert trained[0].metrics[f"{metric}_{level}"][0] == accuracy
        rank = float(effective_rank(block.weights(0))[0])
        assert trained[0].metrics[f"effective_rank_{level}"][0] == pytest.approx(rank, rel=1e-6)


def test_training_goes_on_unpruned(monkeypatch: pytest.MonkeyPatch, trained: list[CellResult]) -> None:
    monkeypatch.setattr(prunecomp, "pruned", lambda params, network, share: params)
    (other,) = compute(ROW, CELLS[:1], tiny.engine("c"))
    assert other.digests == trained[0].digests
    assert other.metrics["gap_75"].tobytes() == trained[0].metrics["gap_0"].tobytes()


def table(ood: dict[int, float], seen: dict[int, float]) -> Table:
    """Ten seeds at three widths with these final accuracies per level."""
    rows = [(seed, width) for seed in range(10) for width in (64, 128, 256)]
    metrics = {}
    for level in prunecomp.LEVELS:
        for name, value in (("ood_accuracy", ood[level]), ("gap", seen[level] - ood[level])):
            metrics[f"{name}_{level}"] = np.array([[0.5, value]] * len(rows), np.float32)
    return Table(np.array([seed for seed, _ in rows]), {"width": np.array([width for _, width in rows])}, metrics)


KNOWN = {0: 0.96, 25: 0.95, 50: 0.93, 75: 0.80}


@pytest.mark.parametrize(
    ("ood", "seen", "verdicts"),
    [
        ({0: 0.02, 25: 0.02, 50: 0.02, 75: 0.1}, KNOWN, ["holds", "holds"]),
        ({0: 0.02, 25: 0.02, 50: 0.70, 75: 0.1}, KNOWN, ["refuted", "refuted"]),  # one level recovers it
        ({0: 0.02, 25: 0.02, 50: 0.02, 75: 0.45}, KNOWN | {75: 0.5}, ["holds", "refuted"]),  # one level destroys all
        ({0: 0.70, 25: 0.02, 50: 0.02, 75: 0.1}, KNOWN, ["holds", "holds"]),  # the unpruned network decides nothing
    ],
)
def test_the_claims_read_data_as_they_say(ood: dict[int, float], seen: dict[int, float], verdicts: list[str]) -> None:
    estimates = [claims.estimate(claim.statistic(table(ood, seen))) for claim in ROW.claims]
    assert [estimate.seeds for estimate in estimates] == [10, 10]
    assert [claims.verdict(estimate) for estimate in estimates] == verdicts
