"""What an experiment computes: the same interrupted and beside other cells, early the same by torch, at its price."""

from __future__ import annotations

import pytest

from kernels import plan
from kernels.cells import Cell
from tests.kernels import tiny
from tests.kernels.experiments import runs
from tests.kernels.experiments.truth import WIDE, Truth

STOPS = (0.0, 0.0131, 0.4003, 0.71)
"""Shares of a program's work at which it is interrupted."""
SLICES = 1 / 211
"""The share of its work that a program is asked to do at a time."""


def torch_agrees_early(truth: Truth) -> None:
    """Before training in every bit, and at early measurements within the stated tolerances."""
    experiment = truth.experiment
    result_of = {str(result.cell): result for result in truth.results}
    for cells in plan.blocks(experiment.course, [result.cell for result in truth.results], WIDE):
        results = [result_of[str(cell)] for cell in cells]
        state = runs.until(experiment.start(cells, tiny.engine("torch")), experiment.early)
        for name, distance in runs.apart(experiment, results, state):
            near = experiment.metrics[name].near[0]
            assert distance.shape == (len(cells), experiment.early)
            assert distance.max() <= near, f"{name} differs by {distance.max()} early, not at most {near}"
        for row, result in enumerate(results):
            assert bytes(state["digests"][row, 0]) == result.digests[0], "another network before training"


def interruptions_and_neighbours_change_no_bit(truth: Truth) -> None:
    """Stopped inside segments, beside a cell of another seed where cells share blocks, in another order."""
    experiment, results = truth.experiment, truth.cheapest()
    cells = [result.cell for result in results]
    if experiment.course.width(cells[0].condition, WIDE) > 1:
        cells = [*cells, Cell(cells[0].seed + 1, cells[0].condition)]
    cells.reverse()
    state = runs.interrupted(experiment, cells, tiny.engine("c"), STOPS, SLICES)
    for result in results:
        runs.same_bits(experiment, result, state, cells.index(result.cell))


def operations_are_the_engines(truth: Truth) -> None:
    """What the course says of all cells, against what the engine did; and as much as its program counts."""
    course = truth.experiment.course
    assert sum(course.work(condition) for condition in truth.conditions) == pytest.approx(truth.operations, rel=0.2)
    for result in truth.one_of_each_shape():
        cells = [Cell(seed, result.cell.condition) for seed in (1, 2)]
        work = truth.experiment.start(cells, tiny.engine("c")).work
        assert work == pytest.approx(2 * course.work(result.cell.condition), rel=1e-12)


CHECKS = (interruptions_and_neighbours_change_no_bit,)
TRAINING_CHECKS = (torch_agrees_early, operations_are_the_engines)
"""Of experiments that train networks by an engine."""
