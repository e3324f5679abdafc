"""infobottleneck: what its networks learn, what it measures of them, and what its claims are made of."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pytest

from kernels import claims
from kernels.cells import Cell, CellResult
from kernels.claims import Table
from kernels.engine.contract import Engine
from kernels.experiment import compute
from kernels.experiments import infobottleneck
from kernels.programs.initial import glorot_normal, he_normal
from kernels.tasks import boolean
from tests.kernels import tiny
from tests.kernels.experiments import runs

ROW = infobottleneck.EXPERIMENT
SEED = 1000
NAMES = pytest.mark.parametrize("name", ["relu", "tanh"])


@pytest.fixture(scope="module")
def engine() -> Engine:
    return tiny.engine("c")


@pytest.fixture(scope="module")
def trained(engine: Engine) -> dict[str, CellResult]:
    return {name: compute(ROW, [Cell(SEED, {"network": name})], engine)[0] for name in ("relu", "tanh")}


def test_the_row_has_the_published_networks_and_figures() -> None:
    assert ROW.curves[0].published == {1: 1.12, 2: 1.66, 3: 1.65, 4: 2.76}
    assert ROW.grid == {"network": ("relu", "tanh")}
    assert infobottleneck.NETWORKS["tanh"].sizes == (12, 32, 32, 16, 16, 8, 8, 4, 1)
    assert len(infobottleneck.NETWORKS["relu"].sizes) == 4 + 2


@NAMES
def test_a_network_learns_its_patterns_and_some_of_the_others(trained: dict[str, CellResult], name: str) -> None:
    values = trained[name].metrics
    assert 0.4 < values["train_accuracy"][0] < 0.6
    assert values["train_accuracy"][-1] > 0.97
    assert values["test_accuracy"][-1] > 0.8


@NAMES
def test_layers_that_are_not_there_are_zero(trained: dict[str, CellResult], name: str) -> None:
    for layer in infobottleneck.NUMBERS:
        assert trained[name].metrics[f"i_xt_{layer}"].any() == (layer <= infobottleneck.LAYERS[name])


@NAMES
def test_the_first_measurement_is_of_the_untrained_network(trained: dict[str, CellResult], name: str) -> None:
    """Computed here by hand, in float64, with dictionaries of counts."""
    network = infobottleneck.NETWORKS[name]
    row = (glorot_normal if name == "tanh" else he_normal)(network, SEED).astype(np.float64)
    samples = boolean.make(infobottleneck.TASK, SEED)["all"]
    labels = samples.y[0].tolist()
    values = samples.x.astype(np.float64)
    for number, layer in enumerate(network.layers[:-1], 1):
        values = row[layer.weights].reshape(layer.outputs, layer.inputs) @ values
        if name == "tanh":
            values = np.tanh(values)
            codes = np.floor((values + 1) * 15)
        else:
            values = np.maximum(values, 0)
            codes = np.minimum(np.floor(values / values.max() * 6), 5)
        states = [tuple(column) for column in codes.T.tolist()]

        def bits(values: list[object]) -> float:
            return -sum(n / 4096 * math.log2(n / 4096) for n in Counter(values).values())

        i_xt, joint = bits([*states]), bits([*zip(states, labels, strict=True)])
        # Values at the edge of a bin may fall to its other side: a pattern moved is some 1e-3 bits.
        assert trained[name].metrics[f"i_xt_{number}"][0] == pytest.approx(i_xt, abs=5e-3)
        assert trained[name].metrics[f"i_ty_{number}"][0] == pytest.approx(i_xt + 1 - joint, abs=5e-3)


@pytest.mark.parametrize(
    ("name", "metric", "value", "layer"),
    [
        ("relu", "i_xt_3", 0.1, "i_ty_3"),  # more about the label than about all
        ("tanh", "i_xt_3", 0.1, "i_ty_3"),
        ("relu", "i_ty_7", 0.5, "i_ty_7"),  # a layer that is not there
        ("tanh", "i_ty_1", 0.0, "i_xt_1"),  # 12 bits of patterns within one class
    ],
)
def test_impossible_information_contradicts(
    trained: dict[str, CellResult], name: str, metric: str, value: float, layer: str
) -> None:
    changed = trained[name].metrics[metric].copy()
    changed[5] = value
    assert layer in str(tiny.contradiction(ROW, {**trained[name].metrics, metric: changed}))


def table(curves: Mapping[tuple[int, str], Mapping[int, list[float]]]) -> Table:
    """Invented I(X;T) of (seed, network) -> layer -> values."""
    seeds, names = zip(*curves, strict=True)
    metrics = {
        f"i_xt_{layer}": np.array([layers.get(layer, [0, 0, 0]) for layers in curves.values()], np.float32)
        for layer in range(1, 8)
    }
    return Table(np.array(seeds, np.int64), {"network": np.array(names, object)}, metrics)


def test_compression_is_the_peak_over_the_end_and_a_dead_layer_counts_as_one_bit() -> None:
    invented = table({
        (1, "relu"): {1: [12, 12, 12], 2: [6, 9, 6], 3: [8, 8, 4], 4: [3, 4, 0]},
        (2, "relu"): {1: [12, 12, 6], 2: [6, 9, 4.5], 3: [8, 8, 4], 4: [0.2, 0.5, 0]},
    })  # fmt: skip
    ratios = [infobottleneck.compression(invented, layer).tolist() for layer in (1, 2, 3, 4)]
    assert ratios == [[1, 2], [1.5, 2], [2, 2], [4, 1]]
    by_layer = claims.curve(invented, ROW.curves[0])
    assert [by_layer[layer].mean for layer in (1, 2, 3, 4)] == [1.5, 1.75, 2.0, 2.5]
    asked = {claim.finding: claim.statistic for claim in ROW.claims}
    assert asked["relu-4"](invented) == pytest.approx([4 - 1.05, 1 - 1.05])
    assert asked["relu-depth"](invented) == pytest.approx([3, -1])


def test_claims_and_curves_are_about_one_network_each() -> None:
    relu = {layer: [2.0, 4.0, 2.0] for layer in (1, 2, 3, 4)}
    tanh = {layer: [12.0, 12.0, 12.0 - layer] for layer in range(1, 8)}
    invented = table({(1, "relu"): relu, (1, "tanh"): tanh})
    asked = {claim.finding: claim.statistic(invented).tolist() for claim in ROW.claims}
    assert [asked[f"relu-{layer}"] for layer in (1, 2, 3, 4)] == [pytest.approx([2 - 1.05])] * 4
    assert asked["tanh"] == pytest.approx([12 / 11 - 1.05])
    assert asked["tanh-depth"] == pytest.approx([12 / 5 - 12 / 11])
    assert asked["relu-depth"] == pytest.approx([0])
    for curve, last in zip(ROW.curves, (4, 7), strict=False):
        assert [*claims.curve(invented, curve)] == list(range(1, last + 1))


def test_the_largest_activation_of_another_cell_does_not_matter(engine: Engine) -> None:
    """Each ReLU layer is binned by its own network's largest activation."""
    cells = [Cell(1, {"network": "relu"})] * 2
    program = ROW.start(cells, engine)
    params = he_normal(infobottleneck.NETWORKS["relu"], 1)
    program.restore(program.export() | {"params": np.stack([params, params * np.float32(8.0)])})
    before = runs.until(program, 1)
    for layer in (1, 2, 3, 4):
        small, large = before[f"metric/i_xt_{layer}"][:, 0]
        assert small == large > 0
