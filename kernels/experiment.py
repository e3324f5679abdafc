"""What an experiment is: a grid of conditions, the course that computes its cells, metrics, curves and claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from kernels import metrics
from kernels.cells import Axis, Cell, CellResult, Condition, Value
from kernels.claims import Claim, Curve
from kernels.engine.contract import Engine
from kernels.metrics import Clock, Metric, Values
from kernels.programs.program import Course, Program
from kernels.programs.record import results


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One row of the registry."""

    name: str
    title: str
    question: str  # as README asks it
    answer: str  # the published claim as it stands in README, tested here
    version: int  # raised whenever any cell's result changes
    axes: tuple[Axis[Value], ...]
    course: Course
    metrics: Mapping[str, Metric]
    early: int  # how many measurements count as early: rounding differences have not grown yet
    # (values, the cells' conditions) -> how metrics contradict each other beyond counts and formulas; None if in no way
    relations: Callable[[Values, Sequence[Condition]], str | None] = lambda values, conditions: None
    curves: tuple[Curve, ...]
    claims: tuple[Claim, ...]

    @cached_property
    def grid(self) -> dict[str, tuple[Value, ...]]:
        """The values of every axis, by its name."""
        return {axis.name: axis.values for axis in self.axes}

    @property
    def clock(self) -> Clock:
        """When each cell is measured."""
        return self.course.clock

    @property
    def measurements(self) -> int:
        """How many measurements each cell has."""
        return len(self.clock.ticks)

    def start(self, cells: Sequence[Cell], engine: Engine) -> Program:
        """The program of a block of cells of one shape."""
        return self.course.start(cells, engine, self.metrics)

    def contradiction(self, values: Values, conditions: Sequence[Condition]) -> str | None:
        """What cells' values [cells, measurements] say against each other, or None."""
        return metrics.contradiction(self.metrics, values, conditions) or self.relations(values, conditions)


Registry = Mapping[str, Experiment]
"""Experiments by name."""


def compute(experiment: Experiment, cells: Sequence[Cell], engine: Engine) -> list[CellResult]:
    """Compute cells of one shape from beginning to end."""
    program = experiment.start(cells, engine)
    while program.done < program.work:
        program.advance(program.work - program.done)
    return results(experiment.metrics, cells, program.export())
