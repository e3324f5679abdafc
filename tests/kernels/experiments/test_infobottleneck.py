"""infobottleneck: what its cells compute, what it measures, and what it finds wrong in invented numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pytest

from kernels import findings
from kernels.engine.seam import F32, Block, Engine, Optimizer
from kernels.experiment import Cell, CellResult, compute
from kernels.experiments import EXPERIMENTS, infobottleneck
from kernels.findings import Table
from kernels.tasks import boolean
from kernels.training import glorot_normal, he_normal
from tests.kernels import tiny
from tests.kernels.experiments import runs

ROW = infobottleneck.EXPERIMENT
SEED = 1000
NAMES = pytest.mark.parametrize("name", ["relu", "tanh"])


@pytest.fixture(scope="module")
def engine() -> Engine:
    return tiny.engine("exact")


@pytest.fixture(scope="module")
def whole(engine: Engine) -> dict[str, CellResult]:
    return {name: compute(ROW, [Cell(SEED, {"network": name})], engine)[0] for name in ("relu", "tanh")}


def test_the_row_is_in_the_registry_with_the_published_figures() -> None:
    assert EXPERIMENTS["infobottleneck"] is ROW
    assert ROW.curves[0].published == {1: 1.12, 2: 1.66, 3: 1.65, 4: 2.76}
    assert ROW.grid == {"network": ("relu", "tanh")}
    assert infobottleneck.NETWORKS["tanh"].sizes == (12, 32, 32, 16, 16, 8, 8, 4, 1)
    assert len(infobottleneck.NETWORKS["relu"].sizes) == 4 + 2
    assert ROW.measurements == len(infobottleneck.MEASURED)
    assert list(infobottleneck.MEASURED) == sorted(set(infobottleneck.MEASURED))


@NAMES
def test_a_network_learns_its_patterns_and_some_of_the_others(whole: dict[str, CellResult], name: str) -> None:
    found = whole[name].metrics
    assert 0.4 < found["train_accuracy"][0] < 0.6
    assert found["train_accuracy"][-1] > 0.97
    assert found["test_accuracy"][-1] > 0.8


@NAMES
def test_metrics_are_within_their_bounds_and_missing_layers_are_zero(whole: dict[str, CellResult], name: str) -> None:
    for metric, of in ROW.metrics.items():
        values = whole[name].metrics[metric]
        assert values.shape == (ROW.measurements,)
        assert np.all((values >= of.low) & (values <= of.high))
        if metric.startswith("i_xt_"):
            assert values.any() == (int(metric[-1]) <= infobottleneck.LAYERS[name])


@NAMES
def test_the_first_measurement_is_of_the_untrained_network(whole: dict[str, CellResult], name: str) -> None:
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

        def bits(of: list[object]) -> float:
            return -sum(n / 4096 * math.log2(n / 4096) for n in Counter(of).values())

        i_xt, joint = bits([*states]), bits([*zip(states, labels, strict=True)])
        # Values at the edge of a bin may fall to its other side: a pattern moved is some 1e-3 bits.
        assert whole[name].metrics[f"i_xt_{number}"][0] == pytest.approx(i_xt, abs=5e-3)
        assert whole[name].metrics[f"i_ty_{number}"][0] == pytest.approx(i_xt + 1 - joint, abs=5e-3)


@NAMES
def test_both_engines_agree_at_the_early_measurements(whole: dict[str, CellResult], name: str) -> None:
    runs.torch_agrees_early(ROW, [whole[name]])


@NAMES
def test_stopping_in_the_middle_and_neighbours_change_no_bit(
    whole: dict[str, CellResult], name: str, engine: Engine
) -> None:
    cells = [Cell(seed, {"network": name}) for seed in (SEED + 1, SEED)]
    first = infobottleneck.start(cells, engine)
    runs.until(first, 4, first.work / 7e3)
    first.advance(1.0)  # inside the next segment
    second = infobottleneck.start(cells, engine)
    second.restore(runs.saved(first))
    runs.same_bits(ROW, whole[name], runs.until(second, 7), 1, 7)


@NAMES
@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, 1e38])
def test_dead_and_diverged_networks_give_possible_numbers(name: str, value: float, engine: Engine) -> None:
    program = infobottleneck.start([Cell(SEED, {"network": name})], engine)
    params = np.full_like(program.export()["params"], value)
    program.restore(program.export() | {"params": params})
    found = {metric: values[0, :1] for metric, values in runs.until(program, 1).items() if metric.startswith("metric/")}
    for metric, of in ROW.metrics.items():
        assert np.all((found["metric/" + metric] >= of.low) & (found["metric/" + metric] <= of.high))
    assert tiny.contradiction(ROW, {metric: found["metric/" + metric] for metric in ROW.metrics}) is None


@NAMES
def test_work_is_what_the_program_counts(name: str, engine: Engine) -> None:
    cells = [Cell(seed, {"network": name}) for seed in (1, 2)]
    assert infobottleneck.start(cells, engine).work == 2 * ROW.work({"network": name})


@NAMES
def test_true_numbers_do_not_contradict_themselves_and_false_ones_do(whole: dict[str, CellResult], name: str) -> None:
    true = whole[name].metrics
    assert tiny.contradiction(ROW, true) is None

    def spoilt(metric: str, value: float, at: int = 5) -> Mapping[str, F32]:
        curve = true[metric].copy()
        curve[at] = value
        return {**true, metric: curve}

    for metric in ("train_accuracy", "test_accuracy"):
        wrong = spoilt(metric, float(np.nextafter(true[metric][5], np.float32(1))))
        assert metric in str(tiny.contradiction(ROW, wrong))
    assert "i_ty_3" in str(tiny.contradiction(ROW, spoilt("i_xt_3", 0.1))), "more about the label than about all"
    if name == "relu":
        assert "i_ty_7" in str(tiny.contradiction(ROW, spoilt("i_ty_7", 0.5))), "a layer that is not there"
    else:
        assert "i_xt_1" in str(tiny.contradiction(ROW, spoilt("i_ty_1", 0.0))), "12 bits of patterns within one class"


def table(curves: Mapping[tuple[int, str], Mapping[int, list[float]]]) -> Table:
    """Invented I(X;T) of (seed, network) -> layer -> values."""
    seeds, names = zip(*curves, strict=True)
    metrics = {
        f"i_xt_{layer}": np.array([of.get(layer, [0, 0, 0]) for of in curves.values()], np.float32)
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
    by_layer = findings.curve(invented, ROW.curves[0])
    assert [by_layer[layer].mean for layer in (1, 2, 3, 4)] == [1.5, 1.75, 2.0, 2.5]
    claims = {claim.finding: claim.statistic for claim in ROW.claims}
    assert claims["relu-4"](invented) == pytest.approx([4 - 1.05, 1 - 1.05])
    assert claims["relu-depth"](invented) == pytest.approx([3, -1])


def test_claims_and_curves_are_about_one_network_each() -> None:
    relu = {layer: [2.0, 4.0, 2.0] for layer in (1, 2, 3, 4)}
    tanh = {layer: [12.0, 12.0, 12.0 - layer] for layer in range(1, 8)}
    invented = table({(1, "relu"): relu, (1, "tanh"): tanh})
    claims = {claim.finding: claim.statistic(invented).tolist() for claim in ROW.claims}
    assert [claims[f"relu-{layer}"] for layer in (1, 2, 3, 4)] == [pytest.approx([2 - 1.05])] * 4
    assert claims["tanh"] == pytest.approx([12 / 11 - 1.05])
    assert claims["tanh-depth"] == pytest.approx([12 / 5 - 12 / 11])
    assert claims["relu-depth"] == pytest.approx([0])
    for curve, last in zip(ROW.curves, (4, 7), strict=False):
        assert [*findings.curve(invented, curve)] == list(range(1, last + 1))


def test_the_largest_activation_of_another_cell_does_not_matter(engine: Engine) -> None:
    """Each ReLU layer is binned by its own network's largest activation."""
    network = infobottleneck.NETWORKS["relu"]
    cells = [Cell(seed, {"network": "relu"}) for seed in (1, 1)]
    rows = np.stack([he_normal(network, 1), he_normal(network, 1) * np.float32(8.0)])
    block = Block(network, Optimizer("sgd"), np.ones(2, np.uint64), rows, np.zeros((0, *rows.shape), "f4"))
    found = infobottleneck.measure(engine, block, boolean.sets(infobottleneck.TASK, cells))
    for layer in (1, 2, 3, 4):
        assert found[f"i_xt_{layer}"][0] == found[f"i_xt_{layer}"][1] > 0
