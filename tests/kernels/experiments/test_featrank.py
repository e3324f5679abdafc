"""featrank: what it measures, when, and what it finds wrong in invented numbers."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.engine.seam import F32
from kernels.experiment import Cell, CellResult, compute
from kernels.experiments import EXPERIMENTS, featrank
from kernels.findings import Table
from kernels.measures import effective_rank
from kernels.tasks import mixture
from kernels.training import he_normal
from tests.kernels import tiny
from tests.kernels.experiments import runs

ROW = featrank.EXPERIMENT
CELLS = [Cell(1000, {"width": 32}), Cell(1001, {"width": 32})]


@pytest.fixture(scope="module")
def found() -> list[CellResult]:
    return compute(ROW, CELLS, tiny.engine("exact"))


def curves(of: CellResult) -> dict[str, F32]:
    return {name: values.copy() for name, values in of.metrics.items()}


def test_the_row_is_in_the_registry_with_the_published_claim() -> None:
    assert EXPERIMENTS["featrank"] is ROW
    assert [claim.finding for claim in ROW.claims] == ["#32"]
    assert ROW.curves[0].published == {32: 0.672}
    assert ROW.grid == {"width": (32, 64, 128, 256)}


def test_networks_learn_and_their_representation_loses_rank(found: list[CellResult]) -> None:
    for cell in found:
        assert cell.metrics["train_accuracy"][0] < 0.4
        assert cell.metrics["train_accuracy"][-1] > 0.95
        assert cell.metrics["test_accuracy"][-1] > 0.8
        assert cell.metrics["rank_ratio"][-1] < cell.metrics["rank_ratio"][0] - 0.03
        for name, metric in ROW.metrics.items():
            assert np.all((cell.metrics[name] >= metric.low) & (cell.metrics[name] <= metric.high))


def test_the_first_measurement_is_of_the_untrained_network(found: list[CellResult]) -> None:
    """Computed here by hand, in float64, on the test set."""
    network = featrank.network(CELLS[1].condition)
    row = he_normal(network, 1001).astype(np.float64)
    x = mixture.sets(featrank.TASK, CELLS[1:])["test"].x[0].astype(np.float64)
    assert x.shape == (20, 512)
    for number, layer in enumerate(network.layers[:-1], 1):
        weights = row[layer.weights].reshape(layer.outputs, layer.inputs)
        x = np.maximum(weights @ x + row[layer.biases][:, None], 0)
        variances = np.linalg.eigvalsh(np.cov(x))[::-1]
        want = {
            "effective_rank": float(effective_rank((x - x.mean(1, keepdims=True)).astype(np.float32))),
            "stable_rank": variances.sum() / variances[0],
            "participation_ratio": variances.sum() ** 2 / (variances**2).sum(),
            "top5": variances[:5].sum() / variances.sum(),
            "top10": variances[:10].sum() / variances.sum(),
        }
        for name, value in want.items():
            assert found[1].metrics[f"{name}.{number}"][0] == pytest.approx(value, rel=1e-4), name
    assert found[1].metrics["rank_ratio"][0] == found[1].metrics["effective_rank.2"][0] / 32


def test_both_engines_agree_at_the_early_measurements(found: list[CellResult]) -> None:
    runs.torch_agrees_early(ROW, found)


def test_resuming_in_the_middle_gives_the_same_bits(found: list[CellResult]) -> None:
    runs.interrupted(ROW, found, shares=[0.4], slices=0.013)


def test_a_network_that_diverged_has_no_rank_and_no_contradiction() -> None:
    engine = tiny.engine("exact")
    cells = [Cell(1, {"width": 32})]
    program = featrank.start(cells, engine)
    state = program.export()
    state["params"][...] = np.inf
    program.restore(state)
    program.advance(1.0)
    measured = {name: program.export()["metric/" + name][0].astype(np.float32) for name in ROW.metrics}
    assert measured["rank_ratio"][0] == measured["stable_rank.1"][0] == measured["top5.2"][0] == 0
    assert all(np.isfinite(values).all() for values in measured.values())
    assert tiny.contradiction(ROW, measured) is None


def test_the_ratio_is_of_the_width() -> None:
    program = featrank.start([Cell(1, {"width": 64})], tiny.engine("exact"))
    program.advance(1.0)
    state = program.export()
    assert state["metric/rank_ratio"][0, 0] == state["metric/effective_rank.2"][0, 0] / 64 > 0


def test_work_is_what_the_program_counts() -> None:
    for width in (32, 256):
        assert featrank.start([Cell(1, {"width": width})], tiny.engine()).work == ROW.work({"width": width})


def test_true_numbers_do_not_contradict_themselves(found: list[CellResult]) -> None:
    for cell in found:
        assert tiny.contradiction(ROW, curves(cell), **cell.cell.condition) is None
        assert "rank_ratio" in str(tiny.contradiction(ROW, curves(cell), width=64)), "of another width"


@pytest.mark.parametrize(
    ("name", "factor", "complaint"),
    [
        ("train_accuracy", 1.0000002, "train_accuracy"),
        ("test_accuracy", 1.0000002, "test_accuracy"),
        ("rank_ratio", 1.0000002, "rank_ratio"),
        ("effective_rank.2", 0.999999, "rank_ratio"),
        ("effective_rank.1", 0.1, "participation_ratio.1 is above"),
        ("participation_ratio.2", 5, "participation_ratio.2 is above"),
        ("stable_rank.2", 10, "stable_rank.2 is above"),
        ("top5.1", 3, "top5.1 is above"),
    ],
)
@pytest.mark.parametrize("at", [0, 6])
def test_invented_numbers_contradict(
    found: list[CellResult], name: str, factor: float, complaint: str, at: int
) -> None:
    wrong = curves(found[0])
    wrong[name][at] *= np.float32(factor)
    assert complaint in str(tiny.contradiction(ROW, wrong))


def test_a_ratio_of_another_width_at_one_measurement_contradicts(found: list[CellResult]) -> None:
    wrong = curves(found[0])
    wrong["rank_ratio"][-1] /= 2
    assert "rank_ratio" in str(tiny.contradiction(ROW, wrong))


def test_the_claim_is_the_fall_from_the_narrowest_to_the_widest() -> None:
    ratio = np.array([[0.9, 0.7], [0.9, 0.6], [0.9, 0.5], [0.9, 0.65]], np.float32)
    table = Table(np.array([1, 1, 1, 2]), {"width": np.array([32, 64, 256, 32])}, {"rank_ratio": ratio})
    assert ROW.claims[0].statistic(table) == pytest.approx([0.2])
