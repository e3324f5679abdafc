"""featrank: what it measures, and what its claim is made of."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.cells import Cell, CellResult
from kernels.claims import Table
from kernels.experiment import compute
from kernels.experiments import featrank
from kernels.measures import effective_rank
from kernels.programs.initial import he_normal
from tests.kernels import tiny
from tests.kernels.experiments import runs

ROW = featrank.EXPERIMENT
CELLS = [Cell(1000, {"width": 32}), Cell(1001, {"width": 32})]


@pytest.fixture(scope="module")
def trained() -> list[CellResult]:
    return compute(ROW, CELLS, tiny.engine("c"))


def test_the_row_has_the_published_claim() -> None:
    assert [claim.finding for claim in ROW.claims] == ["#32"]
    assert ROW.curves[0].published == {32: 0.672}
    assert ROW.grid == {"width": (32, 64, 128, 256)}


def test_networks_learn_and_their_representation_loses_rank(trained: list[CellResult]) -> None:
    for result in trained:
        assert result.metrics["train_accuracy"][0] < 0.4
        assert result.metrics["train_accuracy"][-1] > 0.95
        assert result.metrics["test_accuracy"][-1] > 0.8
        assert result.metrics["rank_ratio"][-1] < result.metrics["rank_ratio"][0] - 0.03


def test_the_first_measurement_is_of_the_untrained_network(trained: list[CellResult]) -> None:
    """Computed here by hand, in float64, on the test set."""
    network = featrank.network(CELLS[1].condition)
    row = he_normal(network, 1001).astype(np.float64)
    x = featrank.TASK.sets(CELLS[1:])["test"].x[0].astype(np.float64)
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
            assert trained[1].metrics[f"{name}_{number}"][0] == pytest.approx(value, rel=1e-4), name
    assert trained[1].metrics["rank_ratio"][0] == trained[1].metrics["effective_rank_2"][0] / 32


def test_ranks_bound_each_other() -> None:
    """Stable rank, participation ratio, effective rank rise in this order; ten components have more than five."""
    for layer in featrank.LAYERS:
        bounds = {
            name: ROW.metrics[f"{name}_{layer}"].at_most for name in ("stable_rank", "participation_ratio", "top5")
        }
        assert bounds == {
            "stable_rank": f"participation_ratio_{layer}",
            "participation_ratio": f"effective_rank_{layer}",
            "top5": f"top10_{layer}",
        }


def test_a_network_that_diverged_has_no_rank() -> None:
    values = runs.with_parameters(ROW, CELLS[:1], tiny.engine("c"), np.inf)
    assert values["rank_ratio"][0, 1] == values["stable_rank_1"][0, 1] == values["top5_2"][0, 1] == 0


def test_the_ratio_is_of_the_width(trained: list[CellResult]) -> None:
    for result in trained:
        ratio, rank = (result.metrics[name] for name in ("rank_ratio", "effective_rank_2"))
        np.testing.assert_array_equal(ratio, rank / np.float32(32))
        assert "rank_ratio" in str(tiny.contradiction(ROW, result.metrics, width=64)), "of another width"


def test_the_claim_is_the_fall_from_the_narrowest_to_the_widest() -> None:
    ratio = np.array([[0.9, 0.7], [0.9, 0.6], [0.9, 0.5], [0.9, 0.65]], np.float32)
    table = Table(np.array([1, 1, 1, 2]), {"width": np.array([32, 64, 256, 32])}, {"rank_ratio": ratio})
    assert ROW.claims[0].statistic(table) == pytest.approx([0.2])
