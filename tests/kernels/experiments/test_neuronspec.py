"""neuronspec: what it measures of neurons, and what its claims are made of."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.cells import Cell, CellResult
from kernels.claims import Table
from kernels.experiment import compute
from kernels.experiments import neuronspec
from kernels.programs.initial import he_normal
from kernels.tasks import interaction
from tests.kernels import tiny
from tests.kernels.experiments import runs

ROW = neuronspec.EXPERIMENT
CELLS = [Cell(1000, {"width": 32}), Cell(1001, {"width": 32})]


@pytest.fixture(scope="module")
def trained() -> list[CellResult]:
    return compute(ROW, CELLS, tiny.engine("c"))


def test_the_row_has_the_published_claims() -> None:
    assert {claim.finding for claim in ROW.claims} == {"#33"}
    published = {curve.metric: dict(curve.published) for curve in ROW.curves if curve.published}
    assert published == {
        "dimensionality_1": {32: 0.28},
        "alignment": {32: 0.363},
        "selectivity_1": {32: 0.65},
        "selectivity_2": {32: 0.65},
    }
    assert ROW.grid == {"width": (32, 64, 128, 256)}


def test_narrow_networks_learn_and_specialize(trained: list[CellResult]) -> None:
    for result in trained:
        assert result.metrics["train_accuracy"][0] < 0.65
        assert result.metrics["train_accuracy"][-1] > 0.97
        assert result.metrics["test_accuracy"][-1] > 0.75
        assert result.metrics["alignment"][-1] > result.metrics["alignment"][0]
        assert result.metrics["selectivity_2"][-1] > result.metrics["selectivity_2"][0] + 0.1
        assert result.metrics["dimensionality_1"][-1] < result.metrics["dimensionality_1"][0] - 0.03


def test_the_first_measurement_is_of_the_untrained_network(trained: list[CellResult]) -> None:
    """Computed here by hand, in float64, on the test set, by loops over neurons."""
    network = neuronspec.network(CELLS[1].condition)
    row = he_normal(network, 1001).astype(np.float64)
    test = interaction.make(neuronspec.TASK, 1001)["test"]
    x, positive = test.x.astype(np.float64), test.y[1] > 0
    for number, layer in enumerate(network.layers[:-1], 1):
        weights = row[layer.weights].reshape(layer.outputs, layer.inputs)
        x = np.maximum(weights @ x + row[layer.biases][:, None], 0)
        pairs = [[x[n, positive].mean(), x[n, ~positive].mean()] for n in range(32)]
        variances = np.linalg.eigvalsh(np.cov(weights.T))
        unit = weights / np.linalg.norm(weights, axis=1, keepdims=True)
        want = {
            "selectivity": np.mean([abs(a - b) / (a + b) if a + b else 0 for a, b in pairs]),
            "sparseness": np.mean([(1 - r.mean() ** 2 / np.mean(r**2)) / (1 - 1 / 512) if r.any() else 0 for r in x]),
            "redundancy": np.mean([unit[i] @ unit[j] for i in range(32) for j in range(i)]),
            "dimensionality": variances.sum() ** 2 / (variances**2).sum() / 32,
        }
        if number == 1:
            groups = np.abs(weights).reshape(32, 4, 5).sum(-1)
            assert trained[1].metrics["alignment"][0] == pytest.approx((groups.max(1) / groups.sum(1)).mean(), rel=1e-5)
        for name, value in want.items():
            assert trained[1].metrics[f"{name}_{number}"][0] == pytest.approx(value, rel=1e-4), name


@pytest.mark.parametrize("value", [np.inf, np.nan, 0.0, 1e38])
def test_networks_that_died_or_diverged_fill_no_dimension(value: float) -> None:
    values = runs.with_parameters(ROW, CELLS[:1], tiny.engine("c"), value)
    assert values["dimensionality_1"][0, 1] == 0


def test_more_dimensions_than_inputs_contradict(trained: list[CellResult]) -> None:
    changed = trained[0].metrics["dimensionality_1"].copy()
    values = {**trained[0].metrics, "dimensionality_1": changed}
    changed[4] = 0.63
    assert "dimensionality_1" in str(tiny.contradiction(ROW, values))
    changed[4] = 0.62
    assert tiny.contradiction(ROW, values) is None
    assert "dimensionality_1" in str(tiny.contradiction(ROW, values, width=64))


def test_claims_have_the_signs_of_their_texts() -> None:
    """Dimensionality and alignment fall with width, selectivity and sparseness rise."""
    low, high = np.array([[0.9, 0.1], [0.9, 0.4]], np.float32), np.array([[0.9, 0.4], [0.9, 0.1]], np.float32)
    rising = {f"{name}_{layer}": low for name in ("selectivity", "sparseness") for layer in (1, 2)}
    table = Table(
        np.array([1, 1]), {"width": np.array([32, 256])}, rising | {"dimensionality_1": high, "alignment": high}
    )
    assert len(ROW.claims) == 6
    for claim in ROW.claims:
        assert claim.statistic(table) == pytest.approx([0.3])
