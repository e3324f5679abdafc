"""True results of an experiment's work unit, computed by the exact engine, and what that took."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kernels import experiment, plan
from kernels.arrays import F32
from kernels.cells import Cell, CellResult, Condition
from kernels.experiment import Experiment
from kernels.formats.workunit import WorkUnit
from tests.kernels.experiments.counting import CountingEngine

WIDE, NARROW = 1 << 20, 1
"""Bytes of cache that blocks are made for: some cells wide, and of one cell each."""


@dataclass(frozen=True)
class Truth:
    """The results of cells, and the floating-point operations that the engine did for them."""

    experiment: Experiment
    results: tuple[CellResult, ...]
    operations: float

    @property
    def conditions(self) -> list[Condition]:
        """Of each result."""
        return [result.cell.condition for result in self.results]

    @property
    def values(self) -> dict[str, F32]:
        """Metric -> values [cells, measurements]."""
        return {name: np.stack([result.metrics[name] for result in self.results]) for name in self.experiment.metrics}

    def cheapest(self) -> list[CellResult]:
        """The results of all cells that may share a block with the cell of least work."""
        course = self.experiment.course
        shape = course.shape(min(self.conditions, key=course.work))
        return [result for result in self.results if course.shape(result.cell.condition) == shape]

    def one_of_each_shape(self) -> list[CellResult]:
        """The first result of every shape."""
        shapes: dict[object, CellResult] = {}
        for result in self.results:
            shapes.setdefault(self.experiment.course.shape(result.cell.condition), result)
        return list(shapes.values())


def compute(unit: WorkUnit, cache: int = WIDE) -> Truth:
    """The truth about a work unit, computed in blocks for so many bytes of cache; results in its order of cells."""
    engine = CountingEngine()
    results: list[CellResult] = []
    for block in plan.blocks(unit.experiment.course, unit.cells, cache):
        results += experiment.compute(unit.experiment, block, engine)
    order = {_key(cell): number for number, cell in enumerate(unit.cells)}
    return Truth(
        unit.experiment, tuple(sorted(results, key=lambda result: order[_key(result.cell)])), engine.operations
    )


def _key(cell: Cell) -> tuple[object, ...]:
    return (cell.seed, *cell.condition.values())
