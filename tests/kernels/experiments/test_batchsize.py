"""batchsize: what its cells compute, what it measures, what its claims are made of, and what it finds wrong."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from kernels import findings
from kernels.engine.seam import F32, F64, Engine
from kernels.experiment import Cell, CellResult, compute
from kernels.experiments import EXPERIMENTS, batchsize
from kernels.findings import Table
from kernels.training import epoch_order
from tests.kernels import invented_sweep, tiny
from tests.kernels.experiments import runs
from tests.kernels.invented_sweep import bent, hyperbola, table

ROW = batchsize.EXPERIMENT
SEED = 1000
MEDIUM, LARGEST = ({"batch": batch, "learning_rate": 1.0} for batch in (64, 2048))


@pytest.fixture(scope="module")
def engine() -> Engine:
    return tiny.engine("exact")


@pytest.fixture(scope="module")
def medium(engine: Engine) -> CellResult:
    return compute(ROW, [Cell(SEED, MEDIUM)], engine)[0]


@pytest.fixture(scope="module")
def largest(engine: Engine) -> CellResult:
    return compute(ROW, [Cell(SEED, LARGEST)], engine)[0]


def test_the_row_is_in_the_registry_with_the_published_sizes_and_figures() -> None:
    assert EXPERIMENTS["batchsize"] is ROW
    assert ROW.grid["batch"] == (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
    assert [10**v for v in ROW.curves[1].published.values()] == pytest.approx([3.46, 0.009])
    assert ROW.measurements == len(batchsize.MEASURED)
    assert list(batchsize.MEASURED) == sorted(set(batchsize.MEASURED))


def test_a_measurement_never_falls_into_a_minibatch() -> None:
    for batch in (1, 512):
        program = batchsize.start([Cell(SEED, {"batch": batch, "learning_rate": 1.0})], tiny.engine("exact"))
        assert program._recipe.epoch_sizes.tolist() == [batch] * (2048 // int(batch))


def test_an_epoch_is_a_piece_of_a_pass_over_the_training_set() -> None:
    order = batchsize.start([Cell(seed, MEDIUM) for seed in (SEED, SEED + 1, SEED)], tiny.engine("exact"))._order
    drawn = order(0, 16)
    assert drawn.shape == (3, 2 * 16384)
    np.testing.assert_array_equal(drawn[0], drawn[2])
    for row, seed in ((0, SEED), (1, SEED + 1)):
        for number in (0, 1):
            whole = drawn[row, number * 16384 : (number + 1) * 16384]
            np.testing.assert_array_equal(whole, epoch_order(seed, 16384, number))
            assert sorted(whole) == list(range(16384))
    for first, end in ((0, 1), (3, 5), (7, 9), (8, 16), (5, 16)):
        np.testing.assert_array_equal(order(first, end), drawn[:, first * 2048 : end * 2048])


def test_a_network_learns_the_mixture_almost_as_well_as_it_can_be_told(medium: CellResult) -> None:
    found = medium.metrics
    assert 0.3 < found["test_accuracy"][0] < 0.7
    assert found["test_accuracy"][-1] > 0.92
    assert found["train_loss"][-1] < found["test_loss"][-1] < batchsize.LOSSES[-1]


def test_what_is_measured_before_training(medium: CellResult, engine: Engine) -> None:
    """Noise from the gradients of single samples of the probe: their parts estimate it within a few percent."""
    cells = [Cell(SEED, MEDIUM)]
    program = batchsize.start(cells, engine)
    data, block = program._recipe.sets, program._block
    np.testing.assert_array_equal(data["probe"].x, data["train"].x[:, :, :2048])
    singles = np.stack([engine.gradient(block, data["probe"].part(at, at + 1))[0] for at in range(2048)]).astype(
        np.float64
    )
    trace = singles.var(0, ddof=1).sum()
    square = np.sum(singles.mean(0) ** 2) - trace / 2048
    found = {name: float(curve[0]) for name, curve in medium.metrics.items()}
    assert found["gradient_trace"] == pytest.approx(trace, rel=0.15)
    assert found["gradient_square"] == pytest.approx(square, rel=0.02)
    assert found["noise_scale"] == pytest.approx(trace / square, rel=0.15)
    assert found["minibatch_noise"] == pytest.approx(found["gradient_trace"] / 64, rel=1e-6)
    assert found["test_loss"] == pytest.approx(engine.evaluate(block, data["test"]).loss[0], rel=1e-6)


def test_both_engines_agree_early_and_on_a_tame_network_for_long(largest: CellResult) -> None:
    state = runs.until(batchsize.start([Cell(SEED, LARGEST)], tiny.engine()), 14)
    runs.agree_early(ROW, [largest], state)
    assert np.abs(state["metric/test_loss"][0] - largest.metrics["test_loss"])[:14].max() < 1e-3


def test_stopping_in_the_middle_and_neighbours_change_no_bit(medium: CellResult, engine: Engine) -> None:
    cells = [Cell(SEED + 1, MEDIUM), Cell(SEED, {**MEDIUM, "learning_rate": 4.0}), Cell(SEED, MEDIUM)]
    first = batchsize.start(cells, engine)
    runs.until(first, 11)  # the next segment begins inside a pass over the training set and ends inside the next
    first.advance(1.0)
    second = batchsize.start(cells, engine)
    second.restore(runs.saved(first))
    runs.same_bits(ROW, medium, runs.until(second, 14), 2, 14)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, 1e38])
def test_dead_and_diverged_networks_give_possible_numbers(value: float, engine: Engine) -> None:
    program = batchsize.start([Cell(SEED, MEDIUM)], engine)
    params = np.full_like(program.export()["params"], value)
    program.restore(program.export() | {"params": params})
    state = runs.until(program, 1)
    found = {metric: state["metric/" + metric][0, :1] for metric in ROW.metrics}
    for metric, of in ROW.metrics.items():
        assert np.all((found[metric] >= of.low) & (found[metric] <= of.high))
    assert tiny.contradiction(ROW, found, **program.cells[0].condition) is None


def test_true_numbers_do_not_contradict_themselves_and_false_ones_do(medium: CellResult) -> None:
    true = medium.metrics
    mine = medium.cell.condition
    assert tiny.contradiction(ROW, true, **mine) is None
    assert "minibatch_noise" in str(tiny.contradiction(ROW, true, batch=1))

    def spoilt(metric: str, factor: float) -> Mapping[str, F32]:
        curve = true[metric].copy()
        curve[5] *= np.float32(factor)
        return {**true, metric: curve}

    assert "test_accuracy" in str(tiny.contradiction(ROW, spoilt("test_accuracy", 0.9999), **mine))
    assert "noise_scale" in str(tiny.contradiction(ROW, spoilt("noise_scale", 1.001), **mine))
    assert "noise_scale" in str(tiny.contradiction(ROW, spoilt("gradient_square", 1.001), **mine))
    assert "minibatch_noise" in str(tiny.contradiction(ROW, spoilt("minibatch_noise", 1.001), **mine))
    assert "minibatch_noise" in str(tiny.contradiction(ROW, spoilt("minibatch_noise", 2), **mine)), (
        "of another size than the rest"
    )


# --- claims and curves, over invented tables


def test_the_invented_sweep_is_of_this_experiment() -> None:
    assert invented_sweep.SIZES == batchsize.SIZES
    assert invented_sweep.MEASURED == batchsize.MEASURED
    assert invented_sweep.EPOCH == batchsize.EPOCH


def test_a_seed_without_all_its_cells_does_not_count() -> None:
    whole = table(hyperbola(20_000.0, 256.0), seeds=3)
    kept = np.ones(len(whole.seed), dtype=bool)
    kept[np.flatnonzero(whole.seed == 1)[5]] = False
    part = Table(
        whole.seed[kept],
        {axis: values[kept] for axis, values in whole.condition.items()},
        {name: values[kept] for name, values in whole.metrics.items()},
    )
    for claim in ROW.claims[2:4]:
        assert claim.statistic(part).shape == (2,)


def statistic(name: str, of: Table) -> F64:
    return next(claim.statistic(of) for claim in ROW.claims if claim.finding == name)


def test_claims_are_of_the_best_rate_and_of_the_right_sign() -> None:
    invented = table(
        hyperbola(20_000.0, 256.0),
        test_accuracy=lambda size: 0.95 if size == 1 else 0.944,
        minibatch_noise=lambda size: 3.2 / size,
        noise_scale=lambda size: 512.0,
    )
    assert statistic("accuracy", invented) == pytest.approx([0.004] * 2, abs=1e-6)
    assert statistic("noise", invented) == pytest.approx([np.log10(2048)] * 2, abs=1e-5)
    assert statistic("small", invented) == pytest.approx([1 - np.log2((1 + 1 / 8) / (1 + 1 / 256))] * 2, abs=0.01)
    assert statistic("large", invented) == pytest.approx([np.log2(9 / (1 + 1 / 8)) - 1] * 2, abs=0.01)
    assert statistic("scale", invented) == pytest.approx([1.0] * 2, abs=0.1)
    worse = table(
        lambda size: 20_000.0 if size < 2048 else 25_000.0,
        noise_scale=lambda size: 512.0,
        test_accuracy=lambda size: 0.95 if size == 1 else 0.93,
    )
    assert np.all(statistic("accuracy", worse) < 0)
    assert np.all(statistic("large", worse) < 0)
    assert np.all(statistic("scale", worse) < 0), "nothing critical up to 2048"


def test_the_critical_size_rises_where_large_batches_fall_behind_later() -> None:
    assert np.all(statistic("rise", bent(200.0, 800.0)) > 0.5)
    assert np.all(statistic("rise", bent(400.0, 100.0)) < -0.5)


def test_curves_have_a_point_for_every_size() -> None:
    invented = table(hyperbola(20_000.0, 256.0), test_accuracy=lambda size: 0.9, minibatch_noise=lambda size: 1 / size)
    for of in ROW.curves[:4]:
        found = findings.curve(invented, of)
        assert list(found) == list(batchsize.SIZES)
        assert all(estimate.seeds == 2 for estimate in found.values())
    samples, steps = (findings.curve(invented, of) for of in ROW.curves[2:4])
    for size in batchsize.SIZES:
        assert samples[size].mean - steps[size].mean == pytest.approx(np.log2(size))
