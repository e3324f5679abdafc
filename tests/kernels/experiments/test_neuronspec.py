"""neuronspec: what it measures, when, and what it finds wrong in invented numbers."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.engine.seam import F32
from kernels.experiment import Cell, CellResult, compute
from kernels.experiments import EXPERIMENTS, neuronspec
from kernels.findings import Table
from kernels.tasks import interaction
from kernels.training import he_normal
from tests.kernels import tiny
from tests.kernels.experiments import runs

ROW = neuronspec.EXPERIMENT
CELLS = [Cell(1000, {"width": 32}), Cell(1001, {"width": 32})]


@pytest.fixture(scope="module")
def found() -> list[CellResult]:
    return compute(ROW, CELLS, tiny.engine("exact"))


def curves(of: CellResult) -> dict[str, F32]:
    return {name: values.copy() for name, values in of.metrics.items()}


def test_the_row_is_in_the_registry_with_the_published_claims() -> None:
    assert EXPERIMENTS["neuronspec"] is ROW
    assert {claim.finding for claim in ROW.claims} == {"#33"}
    published = {curve.metric: dict(curve.published) for curve in ROW.curves if curve.published}
    assert published == {
        "dimensionality.1": {32: 0.28},
        "alignment": {32: 0.363},
        "selectivity.1": {32: 0.65},
        "selectivity.2": {32: 0.65},
    }
    assert ROW.grid == {"width": (32, 64, 128, 256)}


def test_narrow_networks_learn_and_specialize(found: list[CellResult]) -> None:
    for cell in found:
        assert cell.metrics["train_accuracy"][0] < 0.65
        assert cell.metrics["train_accuracy"][-1] > 0.97
        assert cell.metrics["test_accuracy"][-1] > 0.75
        assert cell.metrics["alignment"][-1] > cell.metrics["alignment"][0]
        assert cell.metrics["selectivity.2"][-1] > cell.metrics["selectivity.2"][0] + 0.1
        assert cell.metrics["dimensionality.1"][-1] < cell.metrics["dimensionality.1"][0] - 0.03
        for name, metric in ROW.metrics.items():
            assert np.all((cell.metrics[name] >= metric.low) & (cell.metrics[name] <= metric.high)), name


def test_the_first_measurement_is_of_the_untrained_network(found: list[CellResult]) -> None:
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
            assert found[1].metrics["alignment"][0] == pytest.approx((groups.max(1) / groups.sum(1)).mean(), rel=1e-5)
        for name, value in want.items():
            assert found[1].metrics[f"{name}.{number}"][0] == pytest.approx(value, rel=1e-4), name


def test_both_engines_agree_at_the_early_measurements(found: list[CellResult]) -> None:
    runs.torch_agrees_early(ROW, found)


def test_resuming_in_the_middle_gives_the_same_bits(found: list[CellResult]) -> None:
    runs.interrupted(ROW, found, shares=[0.3], slices=0.013)


@pytest.mark.parametrize("value", [np.inf, np.nan, 0.0, 1e38])
def test_a_network_that_diverged_gives_finite_numbers_within_bounds(value: float) -> None:
    cells = [Cell(1, {"width": 32})]
    program = neuronspec.start(cells, tiny.engine("exact"))
    state = program.export()
    state["params"][...] = value
    program.restore(state)
    program.advance(1.0)
    measured = {name: program.export()["metric/" + name][0].astype(np.float32) for name in ROW.metrics}
    for name, metric in ROW.metrics.items():
        assert metric.low <= measured[name][0] <= metric.high, name
    assert measured["dimensionality.1"][0] == 0
    assert tiny.contradiction(ROW, measured) is None


def test_work_is_what_the_program_counts() -> None:
    for width in (32, 256):
        assert neuronspec.start([Cell(1, {"width": width})], tiny.engine()).work == ROW.work({"width": width})


def test_true_numbers_do_not_contradict_themselves(found: list[CellResult]) -> None:
    for cell in found:
        assert tiny.contradiction(ROW, curves(cell), **cell.cell.condition) is None


@pytest.mark.parametrize("at", [0, 7])
@pytest.mark.parametrize("name", ["train_accuracy", "test_accuracy"])
def test_an_accuracy_that_is_no_count_contradicts(found: list[CellResult], name: str, at: int) -> None:
    wrong = curves(found[0])
    wrong[name][at] = np.nextafter(wrong[name][at], np.float32(0))
    assert name in str(tiny.contradiction(ROW, wrong))


def test_more_dimensions_than_inputs_contradict(found: list[CellResult]) -> None:
    wrong = curves(found[0])
    wrong["dimensionality.1"][4] = 0.63
    assert "dimensionality.1" in str(tiny.contradiction(ROW, wrong))
    wrong["dimensionality.1"][4] = 0.62
    assert tiny.contradiction(ROW, wrong) is None
    assert "dimensionality.1" in str(tiny.contradiction(ROW, wrong, width=64))


def test_claims_have_the_signs_of_their_texts() -> None:
    """Dimensionality and alignment fall with width, selectivity and sparseness rise."""
    low, high = np.array([[0.9, 0.1], [0.9, 0.4]], np.float32), np.array([[0.9, 0.4], [0.9, 0.1]], np.float32)
    rising = {f"{name}.{layer}": low for name in ("selectivity", "sparseness") for layer in (1, 2)}
    table = Table(
        np.array([1, 1]), {"width": np.array([32, 256])}, rising | {"dimensionality.1": high, "alignment": high}
    )
    assert len(ROW.claims) == 6
    for claim in ROW.claims:
        assert claim.statistic(table) == pytest.approx([0.3])
