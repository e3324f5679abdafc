"""The contract of what computes: a course makes the programs of an experiment's blocks, and knows what they cost."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kernels.cells import Cell, Condition
from kernels.engine.contract import Engine
from kernels.metrics import Clock, Metric

State = dict[str, NDArray[np.generic]]
"""Everything needed to go on with a block: arrays by name."""


class Program(Protocol):
    """A block of cells being computed: resumable anywhere, in units of work that are floating-point operations."""

    cells: Sequence[Cell]
    work: float

    @property
    def done(self) -> float:
        """Operations of finished steps; equals `work` at the end."""

    def advance(self, work: float) -> None:
        """Do about `work` more operations, in whole steps, at least one."""

    def export(self) -> State:
        """Everything needed to go on from here, as arrays that `restore` takes.

        Always among them are those of `kernels.programs.record`; once all work is done, nothing else matters.
        """

    def restore(self, state: State) -> None:
        """Go on from an exported state; ValueError if it does not fit these cells."""


@dataclass(frozen=True)
class Footprint:
    """Bytes that computing takes in memory: of each cell of a block, and of what all cells of one seed share there."""

    cell: float
    seed: float


class Course(Protocol):
    """How an experiment's cells are computed, and what that costs: all of it known from their conditions."""

    @property
    def clock(self) -> Clock:
        """When cells are measured."""

    def shape(self, condition: Condition) -> Hashable:
        """What cells of a block have in common: those of equal shape may share one."""

    def width(self, condition: Condition, cache: int) -> int:
        """How many cells of a block fit `cache` bytes; at least one."""

    def work(self, condition: Condition) -> float:
        """Floating-point operations of one cell."""

    def memory(self, condition: Condition) -> Footprint:
        """What a cell takes in memory while it is computed."""

    def start(self, cells: Sequence[Cell], engine: Engine, metrics: Mapping[str, Metric]) -> Program:
        """The program of a block of cells of one shape, which records these metrics."""


def take_over(own: State, saved: State) -> None:
    """Copy saved arrays into a program's own of the same names; ValueError where one does not belong there."""
    for name, array in saved.items():
        if name not in own or own[name].dtype != array.dtype or own[name].shape != array.shape:
            raise ValueError(f"saved array {name} {array.dtype} {list(array.shape)} does not belong to this block")
        if own[name] is not array:
            own[name][...] = array
