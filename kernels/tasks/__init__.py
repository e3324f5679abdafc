"""What networks are asked to learn: each task a frozen set of parameters and a function of (task, seed)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Protocol

import numpy as np

from kernels.arrays import F32
from kernels.cells import Cell
from kernels.engine.contract import Data


class Samples(Protocol):
    """A data set of one seed."""

    @property
    def x(self) -> F32:
        """Inputs [inputs, samples]."""

    @property
    def y(self) -> F32:
        """Targets [outputs, samples]."""


class Task(Protocol):
    """What a training course is told of a task."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """The data sets by name, "train" among them, and how many samples each has."""

    def sets(self, cells: Sequence[Cell]) -> dict[str, Data]:
        """The data sets of a block of cells, a pure function of them."""


def stack(
    cells: Sequence[Cell],
    make: Callable[[Cell], Mapping[str, Samples]],
    key: Callable[[Cell], Hashable] = lambda cell: cell.seed,
) -> dict[str, Data]:
    """The data sets of a block: those that `make` gives for one cell of each key, and which of them each cell has.

    Cells of equal key must have equal data; `key` is the seed unless a condition changes the data.
    """
    first: dict[Hashable, Cell] = {}
    for cell in cells:
        first.setdefault(key(cell), cell)
    made = [make(cell) for cell in first.values()]
    number = {found: at for at, found in enumerate(first)}
    task = np.array([number[key(cell)] for cell in cells], dtype=np.int64)
    return {
        name: Data(np.stack([m[name].x for m in made]), np.stack([m[name].y for m in made]), task) for name in made[0]
    }
