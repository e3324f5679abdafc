"""curriculum: its four orders, what its cells compute, and what it finds wrong in invented numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import findings
from kernels.engine.seam import F32, Engine
from kernels.experiment import Cell, CellResult, Condition, compute
from kernels.experiments import EXPERIMENTS, curriculum
from kernels.findings import Table
from kernels.philox import Purpose, permutation
from kernels.tasks import mixture
from kernels.training import epoch_order, he_normal
from tests.kernels import tiny
from tests.kernels.experiments import runs

ROW = curriculum.EXPERIMENT
SEED = 1000
ORDERS = ("random", "easy_first", "hard_first", "mixed")
CELLS = [Cell(SEED, {"order": order, "width": 32, "learning_rate": 0.05}) for order in ORDERS]
LEVEL = mixture.levels(curriculum.TASK, curriculum.TASK.train)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return tiny.engine("exact")


@pytest.fixture(scope="module")
def whole(engine: Engine) -> list[CellResult]:
    return compute(ROW, CELLS, engine)


def test_the_row_is_in_the_registry_with_the_published_figure() -> None:
    assert EXPERIMENTS["curriculum"] is ROW
    assert ROW.curves[0].published == {"random": 0.244}
    assert ROW.grid == {"order": ORDERS, "width": (32, 64, 128), "learning_rate": (0.005, 0.01, 0.05)}
    assert curriculum.LEVELS == 5
    assert curriculum.MEASURED[-1] == 150
    assert all(claim.finding.startswith("#30-") for claim in ROW.claims)


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), sizes=st.lists(st.integers(0, 6), min_size=1, max_size=5))
def test_every_order_shows_every_sample_once_and_each_level_in_the_same_sequence(seed: int, sizes: list[int]) -> None:
    level = np.repeat(np.arange(len(sizes)), sizes)
    shuffled = permutation(seed, Purpose.ORDER, len(level))
    for order in ORDERS:
        found = curriculum.arranged(order, shuffled, level)
        assert found.dtype == np.int32
        assert sorted(found.tolist()) == list(range(len(level)))
        for one in range(len(sizes)):
            assert found[level[found] == one].tolist() == shuffled[level[shuffled] == one].tolist()


def test_inputs_have_variance_one() -> None:
    x = mixture.make(curriculum.TASK, SEED)["train"].x
    assert x.var() == pytest.approx(1.0, rel=0.05)


def test_orders_are_what_their_names_say() -> None:
    shuffled = epoch_order(1, curriculum.TASK.train, 3)
    shown = {order: LEVEL[curriculum.arranged(order, shuffled, LEVEL)] for order in ORDERS}
    assert curriculum.arranged("random", shuffled, LEVEL).tolist() == shuffled.tolist()
    assert shown["easy_first"].tolist() == sorted(LEVEL.tolist())
    assert shown["hard_first"].tolist() == sorted(LEVEL.tolist(), reverse=True)
    batches = shown["mixed"].reshape(-1, curriculum.BATCH)
    assert all(np.bincount(batch).tolist() == [4, 4, 4, 4, 4] for batch in batches)
    assert len({tuple(np.bincount(b, minlength=5)) for b in shown["random"].reshape(-1, curriculum.BATCH)}) > 20


def test_levels_of_uneven_size_are_mixed_as_long_as_they_last() -> None:
    level = np.array([0, 0, 0, 1, 2, 2])
    shuffled = np.array([5, 2, 3, 0, 4, 1], np.int32)
    assert curriculum.arranged("mixed", shuffled, level).tolist() == [2, 3, 5, 0, 4, 1]


def test_cells_are_trained_in_their_order_whatever_shares_the_block() -> None:
    order = curriculum.orders([*CELLS, Cell(SEED + 1, CELLS[1].condition)])
    found = order(2, 4)
    n = curriculum.TASK.train
    for row, cell in zip(found, CELLS, strict=False):
        name = str(cell.condition["order"])
        for at, epoch in enumerate((2, 3)):
            want = curriculum.arranged(name, epoch_order(SEED, n, epoch), LEVEL)
            assert row[at * n : (at + 1) * n].tolist() == want.tolist()
    assert found[4].tolist() != found[1].tolist(), "another seed, another order"
    assert np.array_equal(LEVEL[found[4]], LEVEL[found[1]]), "but the same levels"
    assert np.array_equal(curriculum.orders(CELLS[1:2])(3, 4)[0], found[1, n:])


def test_networks_of_all_orders_begin_alike_and_part_with_the_first_epoch(whole: list[CellResult]) -> None:
    assert len({one.digests[0] for one in whole}) == 1
    assert len({one.digests[1] for one in whole}) == 4


def test_networks_learn_and_easy_samples_are_easier(whole: list[CellResult]) -> None:
    for one in whole:
        assert one.metrics["train_accuracy"][0] < 0.2 < 0.3 < one.metrics["train_accuracy"][-1]
        by_level = [one.metrics[f"test_accuracy_{level}"][-1] for level in range(1, 6)]
        assert by_level[0] > 0.35
        assert by_level[0] > by_level[1] > max(by_level[2:])


def test_the_first_measurement_is_of_the_untrained_network(whole: list[CellResult]) -> None:
    """Computed here by hand from its definition in float64."""
    network = curriculum.network(CELLS[0].condition)
    row = he_normal(network, SEED).astype(np.float64)
    first, second = network.layers
    found = whole[0].metrics
    for name, samples in mixture.make(curriculum.TASK, SEED).items():
        hidden = np.maximum(row[first.weights].reshape(32, 20) @ samples.x.astype(np.float64), 0)
        right = (row[second.weights].reshape(10, 32) @ hidden).argmax(0) == samples.y.argmax(0)
        assert found[f"{name}_accuracy"][0] == pytest.approx(right.mean(), abs=1.5 / len(right))
        if name == "test":
            for level in range(5):
                want = right[np.arange(len(right)) % 5 == level].mean()
                assert found[f"test_accuracy_{level + 1}"][0] == pytest.approx(want, abs=1.5 / 400)


def test_both_engines_agree_at_the_early_measurements(whole: list[CellResult]) -> None:
    runs.torch_agrees_early(ROW, whole)


def test_stopping_in_the_middle_and_neighbours_change_no_bit(whole: list[CellResult], engine: Engine) -> None:
    """The order of a segment is the same whether it is reached in one go or resumed."""
    cells = [Cell(SEED + 1, CELLS[0].condition), CELLS[3], CELLS[1]]
    first = curriculum.start(cells, engine)
    runs.until(first, 3, first.work / 997)
    first.advance(1.0)
    first.advance(first.work / 997)  # inside the next segment
    second = curriculum.start(cells, engine)
    second.restore(runs.saved(first))
    found = runs.until(second, 6)
    runs.same_bits(ROW, whole[3], found, 1, 6)
    runs.same_bits(ROW, whole[1], found, 2, 6)


@pytest.mark.parametrize("width", [32, 128])
def test_work_is_what_the_program_counts(width: int, engine: Engine) -> None:
    condition: Condition = {"order": "mixed", "width": width, "learning_rate": 0.01}
    cells = [Cell(seed, condition) for seed in (1, 2)]
    assert curriculum.start(cells, engine).work == 2 * ROW.work(condition)


def test_true_numbers_do_not_contradict_themselves_and_false_ones_do(whole: list[CellResult]) -> None:
    for one in whole:
        true = one.metrics
        assert tiny.contradiction(ROW, true) is None
        for metric in ROW.metrics:
            if metric == "train_loss":
                continue
            for direction in (-np.inf, np.inf):
                curve = true[metric].copy()
                curve[5] = np.nextafter(curve[5], np.float32(direction))
                assert metric in str(tiny.contradiction(ROW, {**true, metric: curve}))
        for metric, samples in (("test_accuracy", 2000), ("test_accuracy_4", 400)):
            curve = true[metric].copy()
            curve[7] = np.float32((round(float(curve[7]) * samples) + 1) / samples)
            assert "all levels together" in str(tiny.contradiction(ROW, {**true, metric: curve}))


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
    curve = findings.curve(table, ROW.curves[0])
    assert curve["random"].mean == pytest.approx(0.3, abs=1e-6)
    assert set(curve) == set(ORDERS)
    drawn = findings.curve(table, ROW.curves[1])
    assert [of.mean for of in drawn.values()] == pytest.approx([np.mean(b) for b in benefits])
