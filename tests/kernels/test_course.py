"""The course of a training: what it makes of cells, and that what it says they cost is what their program counts."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from kernels.course import Course
from kernels.engine.seam import F32, Block, Data, Engine, Network
from kernels.experiment import Cell, Condition
from kernels.tasks import mixture
from kernels.training import Training, cells_in_cache, in_pieces
from tests.kernels import tiny

TASK = mixture.Mixture(inputs=4, classes=3, train=22, test=10)
CELLS = [Cell(seed, {"width": 8, "rate": rate}) for seed in (1, 2) for rate in (0.1, 0.2)]


def network(condition: Condition) -> Network:
    return Network((4, int(condition["width"]), 3))


COURSE = Course(network=network, train=22, test=10, batch=5, rate="rate", measured=(0, 1, 3))


def course(**more: Any) -> Course:
    return dataclasses.replace(COURSE, **more)


def program(of: Course) -> Training:
    def measure(engine: Engine, block: Block, data: dict[str, Data]) -> dict[str, F32]:
        return {"loss": engine.evaluate(block, data["train"]).loss.reshape(-1, of.replicas).mean(1).astype(np.float32)}

    sets = mixture.sets(TASK, CELLS, of.replicas)
    return Training(CELLS, tiny.engine("exact"), of.recipe(CELLS, sets, measure, ["loss"]))  # type: ignore[arg-type]


def test_a_rate_is_a_number_or_an_axis() -> None:
    recipes = [course(rate=rate).recipe(CELLS, {}, lambda *_: {}, []) for rate in ("rate", 0.3)]
    assert [recipe.rates for recipe in recipes] == [(0.1, 0.2, 0.1, 0.2), (0.3,) * 4]
    assert recipes[0].network == network(CELLS[0].condition)
    assert (recipes[0].samples, recipes[0].batch, recipes[0].measured) == (22, 5, (0, 1, 3))


def test_a_batch_is_a_number_or_an_axis() -> None:
    of = course(batch="width")
    assert of.recipe(CELLS, {}, lambda *_: {}, []).batch == 8
    for size in (4, 16):
        condition: Condition = {"width": size}
        assert of.width(condition, 1 << 18) == cells_in_cache(network(condition), size, 1 << 18)


def test_the_training_set_can_be_the_conditions() -> None:
    of, halved = course(train=lambda condition: int(condition["width"]) * 2), course(train=16)
    assert of.recipe(CELLS, {}, lambda *_: {}, []).samples == 16
    condition: Condition = {"width": 8}
    assert (of.work(condition), of.memory(condition)) == (halved.work(condition), halved.memory(condition))
    assert of.work({"width": 16}) == course(train=32).work({"width": 16})


def test_an_epoch_can_be_a_piece_of_a_pass_over_the_training_set() -> None:
    of, condition = course(epoch=11), CELLS[0].condition
    recipe = of.recipe(CELLS, {}, lambda *_: {}, [])
    assert recipe.samples == 11
    assert recipe.order is not None
    assert np.array_equal(recipe.order(1, 4), in_pieces(CELLS, 22, 11)(1, 4))
    assert COURSE.recipe(CELLS, {}, lambda *_: {}, []).order is None
    assert of.work(condition) == 3 * network(condition).training_flops(11) + 3 * network(condition).forward_flops(32)
    found, whole = of.memory(condition), COURSE.memory(condition)
    assert (whole.cell - found.cell, whole.seed - found.seed) == (4 * 2 * 2 * 11, 0)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"replicas": 3},
        {"measure_work": lambda of: 1e4 * of.sizes[1]},
        {"batch": "width"},
        {"train": lambda condition: 22},
        {"epoch": 11},
        {"epoch": 2, "replicas": 2},
    ],
)
def test_the_work_of_cells_is_that_of_their_program(more: dict[str, Any]) -> None:
    of = course(**more)
    trained = program(of)
    assert trained.work == sum(of.work(cell.condition) for cell in CELLS)
    trained.advance(trained.work)
    while trained.done < trained.work:
        trained.advance(trained.work)
    assert trained.export()["metric/loss"].all()


def test_measuring_is_a_pass_over_all_samples_if_not_told() -> None:
    of = network(CELLS[0].condition)
    assert course().work(CELLS[0].condition) == 3 * of.training_flops(22) + 3 * of.forward_flops(32)


def test_a_block_holds_as_many_cells_as_fit_with_all_their_replicas() -> None:
    condition: Condition = {"width": 8}
    one = cells_in_cache(network(condition), 5, 1 << 20)
    assert course().width(condition, 1 << 20) == one
    assert course(replicas=3).width(condition, 1 << 20) == one // 3
    assert course(replicas=3).width(condition, 1) == 1


def test_memory_is_of_networks_orders_and_samples_and_what_a_measurement_adds() -> None:
    condition: Condition = {"width": 8}
    found = course().memory(condition)
    assert found.cell == 4 * (network(condition).parameters + 2 * 2 * 22), "two epochs lie between two measurements"
    assert found.seed == 4 * (4 + 3) * 32
    more = course(measure_memory=lambda of: 1000.0 * of.sizes[1]).memory(condition)
    assert (more.cell, more.seed) == (found.cell + 8000.0, found.seed)
