"""The course of a training: what it makes of cells, and that what it says they cost is what their program counts."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from kernels.cells import Axis, Cell, Condition
from kernels.engine.contract import Data
from kernels.engine.shapes import Network
from kernels.metrics import Metric
from kernels.programs import Measured, Snapshot, TrainingCourse
from kernels.programs.orders import in_pieces, shuffled
from kernels.programs.recipe import cells_in_cache
from kernels.programs.training import Training
from kernels.tasks import mixture
from tests.kernels import tiny

TASK = mixture.Mixture(inputs=4, classes=3, train=22, test=10)
WIDTH, RATE = Axis("width", (8, 16)), Axis("rate", (0.1, 0.2))
CELLS = [Cell(seed, {"width": 8, "rate": rate}) for seed in (1, 2) for rate in (0.1, 0.2)]
METRICS = {"loss": Metric(meaning="mean loss", unit="nat", high=1e6, near=(0.0, 0.0))}


def network(condition: Condition) -> Network:
    return Network((4, WIDTH.of(condition), 3))


def measure(now: Snapshot) -> Measured:
    return {"loss": now.evaluate("train").loss.reshape(len(now.cells), -1).mean(1)}


COURSE = TrainingCourse(network=network, task=TASK, batch=5, rate=RATE, measured=(0, 1, 3), measure=measure)


def course(**more: Any) -> TrainingCourse:
    return dataclasses.replace(COURSE, **more)


def program(trained: TrainingCourse) -> Training:
    return trained.start(CELLS, tiny.engine("c"), METRICS)


def first_samples(cells: list[Cell], sets: dict[str, Data]) -> dict[str, Data]:
    """The training set's first samples, twice the width."""
    return sets | {"train": sets["train"].part(0, 2 * WIDTH.of(cells[0].condition))}


def test_a_rate_is_a_number_or_an_axis() -> None:
    recipes = [course(rate=rate).recipe(CELLS) for rate in (RATE, 0.3)]
    assert [recipe.rates for recipe in recipes] == [(0.1, 0.2, 0.1, 0.2), (0.3,) * 4]
    assert recipes[0].network == network(CELLS[0].condition)
    assert (recipes[0].samples, recipes[0].batch, recipes[0].measured) == (22, 5, (0, 1, 3))


def test_a_batch_is_a_number_or_an_axis() -> None:
    by_width = course(batch=WIDTH)
    assert by_width.recipe(CELLS).batch == 8
    for size in (4, 16):
        condition: Condition = {"width": size}
        assert by_width.width(condition, 1 << 18) == cells_in_cache(network(condition), size, 1 << 18)


def test_the_training_set_can_be_the_conditions() -> None:
    halved = course(derived=first_samples, train=lambda condition: 2 * WIDTH.of(condition))
    recipe = halved.recipe(CELLS)
    assert recipe.samples == recipe.sets["train"].samples == 16
    condition: Condition = {"width": 8}
    smaller = course(task=dataclasses.replace(TASK, train=16))
    assert (halved.work(condition), halved.memory(condition)) == (smaller.work(condition), smaller.memory(condition))
    assert halved.shape({"width": 8}) != course(train=lambda condition: 22).shape({"width": 8})


def test_regularization_is_the_conditions() -> None:
    recipe = course(l2=lambda condition: 10 * RATE.of(condition), dropout=lambda condition: 0.5).recipe(CELLS)
    assert (recipe.l2, recipe.dropout, recipe.decay) == ((1.0, 2.0, 1.0, 2.0), (0.5,) * 4, None)


def test_an_order_can_be_arranged_by_the_condition() -> None:
    backwards = course(arranged=lambda condition, drawn: drawn[::-1] if RATE.of(condition) == 0.2 else drawn)
    order, plain = backwards.recipe(CELLS).order, shuffled(CELLS, 22)(0, 1)
    assert order is not None
    assert np.array_equal(order(0, 1), [plain[0], plain[1][::-1], plain[2], plain[3][::-1]])


def test_cells_of_one_shape_have_one_network_training_set_and_batch() -> None:
    assert COURSE.shape({"width": 8, "rate": 0.1}) == COURSE.shape({"width": 8, "rate": 0.2})
    assert COURSE.shape({"width": 8, "rate": 0.1}) != COURSE.shape({"width": 16, "rate": 0.1})
    by_width = course(network=lambda condition: Network((4, 8, 3)), batch=WIDTH)
    assert by_width.shape({"width": 8}) != by_width.shape({"width": 16})


def test_replicas_share_their_cells_data() -> None:
    assert course(replicas=3).recipe(CELLS).sets["train"].task.tolist() == [0] * 6 + [1] * 6


def test_the_clock_counts_epochs_or_the_samples_of_parts_of_a_pass() -> None:
    assert (COURSE.clock.unit, COURSE.clock.ticks) == ("epoch", (0, 1, 3))
    assert (course(epoch=11).clock.unit, course(epoch=11).clock.ticks) == ("sample", (0, 11, 33))


def test_an_epoch_can_be_a_piece_of_a_pass_over_the_training_set() -> None:
    pieces, condition = course(epoch=11), CELLS[0].condition
    recipe = pieces.recipe(CELLS)
    assert recipe.samples == 11
    assert recipe.order is not None
    assert np.array_equal(recipe.order(1, 4), in_pieces(CELLS, 22, 11)(1, 4))
    shape = network(condition)
    assert pieces.work(condition) == 3 * shape.training_flops(11) + 3 * shape.forward_flops(32)
    part, whole = pieces.memory(condition), COURSE.memory(condition)
    assert (whole.cell - part.cell, whole.seed - part.seed) == (4 * 2 * 2 * 11, 0)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"replicas": 3},
        {"measure_work": lambda shape: 1e4 * shape.sizes[1]},
        {"batch": WIDTH},
        {"derived": first_samples, "train": lambda condition: 16},
        {"epoch": 11},
        {"epoch": 2, "replicas": 2},
    ],
)
def test_the_work_of_cells_is_that_of_their_program(more: dict[str, Any]) -> None:
    trained = program(course(**more))
    assert trained.work == sum(course(**more).work(cell.condition) for cell in CELLS)
    while trained.done < trained.work:
        trained.advance(trained.work)
    assert trained.export()["metric/loss"].all()


def test_measuring_is_a_pass_over_all_samples_if_not_told() -> None:
    shape = network(CELLS[0].condition)
    assert course().work(CELLS[0].condition) == 3 * shape.training_flops(22) + 3 * shape.forward_flops(32)
    more = course(extra_samples=5).work(CELLS[0].condition)
    assert more == 3 * shape.training_flops(22) + 3 * shape.forward_flops(37)


def test_a_block_holds_as_many_cells_as_fit_with_all_their_replicas() -> None:
    condition: Condition = {"width": 8}
    fitting = cells_in_cache(network(condition), 5, 1 << 20)
    assert course().width(condition, 1 << 20) == fitting
    assert course(replicas=3).width(condition, 1 << 20) == fitting // 3
    assert course(replicas=3).width(condition, 1) == 1


def test_memory_is_of_networks_orders_and_samples_and_what_is_told_besides() -> None:
    condition: Condition = {"width": 8}
    plain = course().memory(condition)
    assert plain.cell == 4 * (network(condition).parameters + 2 * 2 * 22), "two epochs lie between two measurements"
    assert plain.seed == 4 * (4 + 3) * 32
    more = course(extra_memory=lambda condition: 1000.0 * WIDTH.of(condition)).memory(condition)
    assert (more.cell, more.seed) == (plain.cell + 8000.0, plain.seed)
    own = course(own_data=True).memory(condition)
    assert (own.cell, own.seed) == (plain.cell + plain.seed, 0.0)
