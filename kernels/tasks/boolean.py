"""The Boolean task: all patterns of some bits, and a binary label that a random rule of single bits and pairs gives.

As in Shwartz-Ziv & Tishby 2017 the inputs are 12 bits, all 4096 patterns are equally likely, and the label is a fixed
function of the pattern with classes of equal size; their rule (a symmetric function on a sphere) is another one. Ours
is a polynomial of degree two in bits of -1 and 1, with coefficients drawn evenly, split at its median.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kernels.arrays import F32
from kernels.cells import Cell
from kernels.engine.contract import Data
from kernels.philox import Purpose, integers, permutation
from kernels.tasks import stack


@dataclass(frozen=True)
class Boolean:
    """Parameters of the task."""

    bits: int
    train: int  # patterns of the training set; the others are the test set

    @property
    def patterns(self) -> int:
        """How many patterns there are."""
        return int(2**self.bits)

    def __post_init__(self) -> None:
        if not 2 <= self.bits <= 16 or not 1 <= self.train < self.patterns:
            raise ValueError(f"a Boolean task has 2 to 16 bits, and patterns both to learn from and to test on: {self}")

    @property
    def sizes(self) -> dict[str, int]:
        """Samples of each data set."""
        return {"train": self.train, "test": self.patterns - self.train, "all": self.patterns}

    def sets(self, cells: Sequence[Cell]) -> dict[str, Data]:
        """The data sets of a block of cells, by their seeds."""
        return stack(cells, lambda cell: make(self, cell.seed))


@dataclass(frozen=True)
class Samples:
    """Inputs [bits, patterns] of -1 and 1, labels [1, patterns] of 0 and 1."""

    x: F32
    y: F32


def make(task: Boolean, seed: int) -> dict[str, Samples]:
    """The sets "train", "test" and "all" (patterns in rising order) of a seed, a pure function of (task, seed)."""
    x = (2 * (np.arange(task.patterns) >> np.arange(task.bits)[:, None] & 1) - 1).astype(np.int64)
    first, second = np.triu_indices(task.bits, 1)
    terms = np.concatenate([x, x[first] * x[second]])
    # Odd whole numbers, so that sums are exact and every host ranks the patterns alike.
    coefficients = 2 * integers(seed, Purpose.TASK, len(terms), 2**15) + 1 - 2**15
    rank = np.argsort((coefficients[:, None] * terms).sum(0), kind="stable")
    y = np.zeros((1, task.patterns), dtype=np.float32)
    y[0, rank[task.patterns // 2 :]] = 1.0
    drawn = permutation(seed, Purpose.TASK, task.patterns, (1, 0, 0))
    parts = {"train": drawn[: task.train], "test": drawn[task.train :], "all": np.arange(task.patterns, dtype=np.int32)}
    inputs = x.astype(np.float32)
    return {name: Samples(inputs.take(part, 1), y.take(part, 1)) for name, part in parts.items()}
