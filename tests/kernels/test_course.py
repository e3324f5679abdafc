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
from kernels.training import Training, cells_in_cache
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


@pytest.mark.parametrize("more", [{}, {"replicas": 3}, {"measure_work": lambda of: 1e4 * of.sizes[1]}])
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
