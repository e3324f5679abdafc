"""curriculum: its four orders, what its cells learn and measure by level, and what its claims are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import claims
from kernels.arrays import F32, I32
from kernels.cells import Cell, CellResult
from kernels.claims import Table
from kernels.experiment import compute
from kernels.experiments import curriculum
from kernels.philox import Purpose, permutation
from kernels.programs import TrainingCourse
from kernels.programs.initial import he_normal
from kernels.programs.orders import by_level, epoch_order
from kernels.tasks import mixture
from tests.kernels import tiny

ROW = curriculum.EXPERIMENT
SEED = 1000
ORDERS = ("random", "easy_first", "hard_first", "mixed")
CELLS = [Cell(SEED, {"order": order, "width": 32, "learning_rate": 0.05}) for order in ORDERS]
LEVEL = mixture.levels(curriculum.TASK, curriculum.TASK.train)


def order_of(cells: Sequence[Cell]) -> Callable[[int, int], I32]:
    """(first epoch, end) -> the order [cells, samples * epochs] in which cells of a block see their samples."""
    assert isinstance(ROW.course, TrainingCourse)
    order = ROW.course.recipe(cells).order
    assert order is not None
    return order


@pytest.fixture(scope="module")
def trained() -> list[CellResult]:
    return compute(ROW, CELLS, tiny.engine("c"))


def test_the_row_has_the_published_figure_and_all_orders() -> None:
    assert ROW.curves[0].published == {"random": 0.244}
    assert ROW.grid == {"order": ORDERS, "width": (32, 64, 128), "learning_rate": (0.005, 0.01, 0.05)}
    assert list(curriculum.LEVELS) == [1, 2, 3, 4, 5]
    assert curriculum.MEASURED[-1] == 150
    assert all(claim.finding.startswith("#30-") for claim in ROW.claims)


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), sizes=st.lists(st.integers(0, 6), min_size=1, max_size=5))
def test_every_order_shows_every_sample_once_and_each_level_in_the_same_sequence(seed: int, sizes: list[int]) -> None:
    level = np.repeat(np.arange(len(sizes)), sizes)
    shuffled = permutation(seed, Purpose.ORDER, len(level))
    for order in ORDERS:
        shown = by_level(order, shuffled, level)
        assert shown.dtype == np.int32
        assert sorted(shown.tolist()) == list(range(len(level)))
        for number in range(len(sizes)):
            assert shown[level[shown] == number].tolist() == shuffled[level[shuffled] == number].tolist()


def test_inputs_have_variance_one() -> None:
    x = mixture.make(curriculum.TASK, SEED)["train"].x
    assert x.var() == pytest.approx(1.0, rel=0.05)


def test_orders_are_what_their_names_say() -> None:
    shuffled = epoch_order(1, curriculum.TASK.train, 3)
    shown = {cell.condition["order"]: LEVEL[curriculum.arranged(cell.condition, shuffled)] for cell in CELLS}
    assert curriculum.arranged(CELLS[0].condition, shuffled).tolist() == shuffled.tolist()
    assert shown["easy_first"].tolist() == sorted(LEVEL.tolist())
    assert shown["hard_first"].tolist() == sorted(LEVEL.tolist(), reverse=True)
    batches = shown["mixed"].reshape(-1, curriculum.BATCH)
    assert all(np.bincount(batch).tolist() == [4, 4, 4, 4, 4] for batch in batches)
    assert len({tuple(np.bincount(b, minlength=5)) for b in shown["random"].reshape(-1, curriculum.BATCH)}) > 20


def test_levels_of_uneven_size_are_mixed_as_long_as_they_last() -> None:
    level = np.array([0, 0, 0, 1, 2, 2])
    shuffled = np.array([5, 2, 3, 0, 4, 1], np.int32)
    assert by_level("mixed", shuffled, level).tolist() == [2, 3, 5, 0, 4, 1]


def test_cells_are_trained_in_their_order_whatever_shares_the_block() -> None:
    order = order_of([*CELLS, Cell(SEED + 1, CELLS[1].condition)])(2, 4)
    n = curriculum.TASK.train
    for row, cell in zip(order, CELLS, strict=False):
        for at, epoch in enumerate((2, 3)):
            arranged = curriculum.arranged(cell.condition, epoch_order(SEED, n, epoch))
            assert row[at * n : (at + 1) * n].tolist() == arranged.tolist()
    assert order[4].tolist() != order[1].tolist(), "another seed, another order"
    assert np.array_equal(LEVEL[order[4]], LEVEL[order[1]]), "but the same levels"
    assert np.array_equal(order_of(CELLS[1:2])(3, 4)[0], order[1, n:])


def test_networks_of_all_orders_begin_alike_and_part_with_the_first_epoch(trained: list[CellResult]) -> None:
    assert len({result.digests[0] for result in trained}) == 1
    assert len({result.digests[1] for result in trained}) == 4


def test_networks_learn_and_easy_samples_are_easier(trained: list[CellResult]) -> None:
    for result in trained:
        assert result.metrics["train_accuracy"][0] < 0.2 < 0.3 < result.metrics["train_accuracy"][-1]
        easiest, easy, *others = (result.metrics[f"test_accuracy_{level}"][-1] for level in range(1, 6))
        assert easiest > 0.35
        assert easiest > easy > max(others)


def test_the_first_measurement_is_of_the_untrained_network(trained: list[CellResult]) -> None:
    """Computed here by hand from its definition in float64."""
    network = curriculum.network(CELLS[0].condition)
    row = he_normal(network, SEED).astype(np.float64)
    first, second = network.layers
    before = trained[0].metrics
    for name, samples in mixture.make(curriculum.TASK, SEED).items():
        hidden = np.maximum(row[first.weights].reshape(32, 20) @ samples.x.astype(np.float64), 0)
        right = (row[second.weights].reshape(10, 32) @ hidden).argmax(0) == samples.y.argmax(0)
        assert before[f"{name}_accuracy"][0] == pytest.approx(right.mean(), abs=1.5 / len(right))
        if name == "test":
            for level in range(5):
                want = right[np.arange(len(right)) % 5 == level].mean()
                assert before[f"test_accuracy_{level + 1}"][0] == pytest.approx(want, abs=1.5 / 400)


def invented(accuracy: Mapping[tuple[int, str], float]) -> Table:
    """Final test accuracies of (seed, order), the same for two widths but for .1 more at the wider one."""
    rows = [(seed, order, width) for seed, order in accuracy for width in (32, 64)]
    final = np.array([accuracy[seed, order] + (width == 64) * 0.1 for seed, order, width in rows], np.float32)
    axes = {"order": np.array([r[1] for r in rows], object), "width": np.array([r[2] for r in rows])}
    curves: F32 = np.stack([np.zeros_like(final), final], axis=1)
    return Table(np.array([r[0] for r in rows]), axes, {"test_accuracy": curves})


def test_a_benefit_is_an_orders_accuracy_minus_that_in_random_order() -> None:
    table = invented({
        (1, "random"): 0.2, (1, "easy_first"): 0.3, (1, "hard_first"): 0.1, (1, "mixed"): 0.2,
        (2, "random"): 0.3, (2, "easy_first"): 0.35, (2, "hard_first"): 0.1, (2, "mixed"): 0.31,
    })  # fmt: skip
    benefits = [claim.statistic(table).tolist() for claim in ROW.claims]
    assert np.allclose(benefits, [[0.1, 0.05], [-0.1, -0.2], [0.0, 0.01]], atol=1e-6)
    curve = claims.curve(table, ROW.curves[0])
    assert curve["random"].mean == pytest.approx(0.3, abs=1e-6)
    assert set(curve) == set(ORDERS)
    drawn = claims.curve(table, ROW.curves[1])
    assert [estimate.mean for estimate in drawn.values()] == pytest.approx([np.mean(b) for b in benefits])
