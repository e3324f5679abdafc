"""batchsize: how its epochs are made, what it measures, and what its claims are made of."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import claims
from kernels.arrays import F64
from kernels.cells import Cell, CellResult, Condition
from kernels.claims import Table
from kernels.engine.contract import Block, Engine
from kernels.experiment import compute
from kernels.experiments import batchsize
from kernels.programs import TrainingCourse
from kernels.programs.initial import he_normal
from kernels.programs.orders import epoch_order
from tests.kernels import tiny
from tests.kernels.claims import invented_sweep
from tests.kernels.claims.invented_sweep import bent, hyperbola, table, without_a_cell
from tests.kernels.experiments import runs

ROW = batchsize.EXPERIMENT
SEED = 1000
MEDIUM: Condition = {"batch": 64, "learning_rate": 1.0}
LARGEST: Condition = {"batch": 2048, "learning_rate": 1.0}


def course() -> TrainingCourse:
    assert isinstance(ROW.course, TrainingCourse)
    return ROW.course


@pytest.fixture(scope="module")
def engine() -> Engine:
    return tiny.engine("c")


@pytest.fixture(scope="module")
def medium(engine: Engine) -> CellResult:
    return compute(ROW, [Cell(SEED, MEDIUM)], engine)[0]


@pytest.fixture(scope="module")
def largest(engine: Engine) -> CellResult:
    return compute(ROW, [Cell(SEED, LARGEST)], engine)[0]


def test_the_row_has_the_published_sizes_and_figures() -> None:
    assert ROW.grid["batch"] == (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
    assert [10**v for v in ROW.curves[1].published.values()] == pytest.approx([3.46, 0.009])


@pytest.mark.parametrize("batch", [1, 512])
def test_a_measurement_never_falls_into_a_minibatch(batch: int) -> None:
    recipe = course().recipe([Cell(SEED, {"batch": batch, "learning_rate": 1.0})])
    assert recipe.epoch_sizes.tolist() == [batch] * (2048 // batch)


def test_an_epoch_is_a_piece_of_a_pass_over_the_training_set() -> None:
    order = course().recipe([Cell(seed, MEDIUM) for seed in (SEED, SEED + 1, SEED)]).order
    assert order is not None
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
    values = medium.metrics
    assert 0.3 < values["test_accuracy"][0] < 0.7
    assert values["test_accuracy"][-1] > 0.92
    assert values["train_loss"][-1] < values["test_loss"][-1] < batchsize.LOSSES[-1]


def test_what_is_measured_before_training(medium: CellResult, engine: Engine) -> None:
    """Noise from the gradients of single samples of the probe: their parts estimate it within a few percent."""
    cells = [Cell(SEED, MEDIUM)]
    recipe = course().recipe(cells)
    data, network = recipe.sets, recipe.network
    block = Block(
        network, recipe.optimizer, np.array([SEED], np.uint64), he_normal(network, SEED)[None],
        np.zeros((0, 1, network.parameters), np.float32),
    )  # fmt: skip
    np.testing.assert_array_equal(data["probe"].x, data["train"].x[:, :, :2048])
    singles = np.stack([engine.gradient(block, data["probe"].part(at, at + 1))[0] for at in range(2048)]).astype(
        np.float64
    )
    trace = singles.var(0, ddof=1).sum()
    square = np.sum(singles.mean(0) ** 2) - trace / 2048
    before = {name: float(curve[0]) for name, curve in medium.metrics.items()}
    assert before["gradient_trace"] == pytest.approx(trace, rel=0.15)
    assert before["gradient_square"] == pytest.approx(square, rel=0.02)
    assert before["noise_scale"] == pytest.approx(trace / square, rel=0.15)
    assert before["minibatch_noise"] == pytest.approx(before["gradient_trace"] / 64, rel=1e-6)
    assert before["test_loss"] == pytest.approx(engine.evaluate(block, data["test"]).loss[0], rel=1e-6)


def test_both_engines_agree_on_a_tame_network_for_long(largest: CellResult) -> None:
    state = runs.until(ROW.start([Cell(SEED, LARGEST)], tiny.engine()), 14)
    assert np.abs(state["metric/test_loss"][0] - largest.metrics["test_loss"])[:14].max() < 1e-3


def test_the_noise_of_minibatches_of_another_size_contradicts(medium: CellResult) -> None:
    assert tiny.contradiction(ROW, medium.metrics, **medium.cell.condition) is None
    assert "minibatch_noise" in str(tiny.contradiction(ROW, medium.metrics, batch=1))


# --- claims and curves, over invented tables


def test_the_invented_sweep_is_of_this_experiment() -> None:
    assert invented_sweep.SIZES == batchsize.SIZES
    assert invented_sweep.MEASURED == batchsize.MEASURED
    assert invented_sweep.EPOCH == batchsize.EPOCH


def test_a_seed_without_all_its_cells_does_not_count() -> None:
    part = without_a_cell(table(hyperbola(20_000.0, 256.0), seeds=3))
    for claim in ROW.claims[2:4]:
        assert claim.statistic(part).shape == (2,)


def statistic(name: str, table: Table) -> F64:
    return next(claim.statistic(table) for claim in ROW.claims if claim.finding == name)


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
    for drawn in ROW.curves[:4]:
        points = claims.curve(invented, drawn)
        assert list(points) == list(batchsize.SIZES)
        assert all(estimate.seeds == 2 for estimate in points.values())
    samples, steps = (claims.curve(invented, drawn) for drawn in ROW.curves[2:4])
    for size in batchsize.SIZES:
        assert samples[size].mean - steps[size].mean == pytest.approx(np.log2(size))
