"""The interaction task: two groups of inputs decide the class together, the other groups distract.

All inputs are standard normal. The class is the exclusive or of two signs, those of the sums of group 0 and of group 1,
so neither of these groups alone says anything about it, and the other groups say nothing at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kernels.arrays import F32
from kernels.cells import Cell
from kernels.engine.contract import Data
from kernels.philox import Purpose, normal
from kernels.tasks import stack


@dataclass(frozen=True)
class Interaction:
    """Parameters of the task; inputs = groups * group_size."""

    groups: int
    group_size: int
    train: int  # samples
    test: int

    @property
    def inputs(self) -> int:
        """How many inputs there are."""
        return self.groups * self.group_size

    def __post_init__(self) -> None:
        if self.groups < 2 or min(self.group_size, self.train, self.test) < 1:
            raise ValueError(f"an interaction needs at least two groups, and one of the rest: {self}")

    @property
    def sizes(self) -> dict[str, int]:
        """Samples of each data set."""
        return {"train": self.train, "test": self.test}

    def sets(self, cells: Sequence[Cell]) -> dict[str, Data]:
        """The data sets of a block of cells, by their seeds."""
        return stack(cells, lambda cell: make(self, cell.seed))


@dataclass(frozen=True)
class Samples:
    """Inputs [inputs, samples] and one-hot classes [2, samples]."""

    x: F32
    y: F32


def make(task: Interaction, seed: int) -> dict[str, Samples]:
    """The sets "train" and "test" of a seed."""
    return {"train": _samples(task, seed, task.train, 0), "test": _samples(task, seed, task.test, 1)}


def _samples(task: Interaction, seed: int, count: int, which: int) -> Samples:
    """`count` samples; `which` keeps the sets' streams apart."""
    drawn = normal(seed, Purpose.NOISE, task.inputs * count, (which, 0, 0)).reshape(task.inputs, count)
    first, second = (drawn[group * task.group_size : (group + 1) * task.group_size].sum(0) > 0 for group in (0, 1))
    y = np.zeros((2, count), dtype=np.float32)
    y[(first ^ second).astype(np.int64), np.arange(count)] = 1.0
    return Samples(drawn.astype(np.float32), y)
