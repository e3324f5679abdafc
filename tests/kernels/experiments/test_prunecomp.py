"""prunecomp: what is pruned and what trains on, contradictions in invented numbers, and how its claims read data."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import findings
from kernels.engine.seam import F32, Block, Optimizer
from kernels.experiment import Cell, CellResult, compute
from kernels.experiments import EXPERIMENTS, prunecomp
from kernels.findings import Table
from kernels.measures import effective_rank
from kernels.tasks import compositional
from kernels.training import he_normal
from tests.kernels import tiny
from tests.kernels.experiments import runs
from tests.kernels.test_cost import Counting

ROW = prunecomp.EXPERIMENT
CELLS = [Cell(seed, {"width": 64}) for seed in (1000, 1001)]


@pytest.fixture(scope="module")
def trained() -> list[CellResult]:
    return compute(ROW, CELLS, tiny.engine("exact"))


def test_the_row_is_in_the_registry_with_the_published_claim() -> None:
    assert EXPERIMENTS["prunecomp"] is ROW
    assert ROW.grid == {"width": (64, 128, 256)}
    assert prunecomp.LEVELS == (0, 25, 50, 75)
    assert {claim.finding for claim in ROW.claims} == {"#34"}
    published = {curve.line: curve.published for curve in ROW.curves if curve.metric.startswith("gap")}
    assert published == {"0 % pruned": {64: 0.942}, "25 % pruned": {}, "50 % pruned": {}, "75 % pruned": {}}


def test_a_network_learns_and_is_wrong_about_held_out_combinations(trained: list[CellResult]) -> None:
    for one in trained:
        assert one.metrics["train_accuracy"][-1] > 0.99
        assert one.metrics["id_accuracy_0"][-1] > 0.9
        assert one.metrics["ood_accuracy_0"][-1] < 0.1


def test_pruning_takes_away_the_more_the_higher_the_level(trained: list[CellResult]) -> None:
    for one in trained:
        seen = [one.metrics[f"id_accuracy_{level}"][-1] for level in (0, 50, 75)]
        assert seen == sorted(seen, reverse=True)
        assert len(set(seen)) == 3


def test_the_first_measurement_is_of_the_untrained_network_pruned_by_hand(trained: list[CellResult]) -> None:
    network = prunecomp.network(CELLS[0].condition)
    assert network.sizes == (20, 64, 64, 2)
    data, engine = compositional.sets(prunecomp.TASK, CELLS[:1]), tiny.engine("exact")
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
    monkeypatch.setattr(prunecomp, "pruned", lambda block, share: block)
    (other,) = compute(ROW, CELLS[:1], tiny.engine("exact"))
    assert other.digests == trained[0].digests
    assert other.metrics["gap_75"].tobytes() == trained[0].metrics["gap_0"].tobytes()


def test_the_extra_forward_passes_are_counted_in_the_cost() -> None:
    engine = Counting()
    compute(ROW, CELLS[:1], engine)
    assert ROW.work(CELLS[0].condition) == pytest.approx(engine.operations, rel=1e-9)


def test_an_interrupted_program_gives_the_same_bits(trained: list[CellResult]) -> None:
    runs.interrupted(ROW, trained, shares=[0.4], slices=1 / 7)


def test_both_engines_agree_at_the_early_measurements(trained: list[CellResult]) -> None:
    runs.torch_agrees_early(ROW, trained)


def test_true_numbers_do_not_contradict_themselves(trained: list[CellResult]) -> None:
    for one in trained:
        assert tiny.contradiction(ROW, one.metrics) is None
        for name, metric in ROW.metrics.items():
            assert one.metrics[name].shape == (ROW.measurements,)
            assert np.all((one.metrics[name] >= metric.low) & (one.metrics[name] <= metric.high))


@pytest.mark.parametrize("name", [n for n in prunecomp.METRICS if not n.startswith(("train_loss", "effective"))])
def test_any_derived_number_one_bit_off_contradicts(trained: list[CellResult], name: str) -> None:
    found: dict[str, F32] = {n: values.copy() for n, values in trained[0].metrics.items()}
    found[name][3] = np.nextafter(found[name][3], np.float32(2))
    assert name in str(tiny.contradiction(ROW, found))


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
    found = [findings.estimate(claim.statistic(table(ood, seen))) for claim in ROW.claims]
    assert [of.seeds for of in found] == [10, 10]
    assert [findings.verdict(of) for of in found] == verdicts
