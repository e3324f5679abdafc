"""The mixture task: classes around prototypes, with Gaussian noise of one or several strengths.

A prototype per class is drawn from a centred normal distribution. A sample is its class's prototype plus noise; with
several strengths each sample has one of them, its level, from the first (easy) to the last (hard).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kernels.engine.seam import F32, I64, Data
from kernels.experiment import Cell
from kernels.philox import Purpose, integers, normal
from kernels.tasks import stack


@dataclass(frozen=True)
class Mixture:
    """Parameters of the task."""

    inputs: int
    classes: int
    spread: float  # standard deviation of the prototypes, on every input
    noise: tuple[float, ...]  # standard deviation per level, on every input
    train: int  # samples; as many of each level
    test: int

    def __post_init__(self) -> None:
        if self.classes < 2 or min(self.inputs, len(self.noise), self.train, self.test) < 1:
            raise ValueError(f"a mixture needs two classes or more, and something of everything else: {self}")
        if not all(0.0 <= deviation < np.inf for deviation in (self.spread, *self.noise)):
            raise ValueError(f"spread {self.spread} and noise {self.noise} are not finite numbers from 0 on")
        if self.train % len(self.noise) or self.test % len(self.noise):
            raise ValueError(f"{self.train} and {self.test} samples cannot be divided among {len(self.noise)} levels")


@dataclass(frozen=True)
class Samples:
    """Inputs [inputs, samples], one-hot classes [classes, samples], and each sample's level [samples] in turn."""

    x: F32
    y: F32
    level: I64


def make(task: Mixture, seed: int) -> dict[str, Samples]:
    """The sets "train" and "test" of a seed, a pure function of (task, seed)."""
    drawn = normal(seed, Purpose.TASK, task.inputs * task.classes).reshape(task.inputs, task.classes)
    return {
        name: _samples(task, seed, task.spread * drawn, count, which)
        for which, (name, count) in enumerate((("train", task.train), ("test", task.test)))
    }


def sets(task: Mixture, cells: Sequence[Cell]) -> dict[str, Data]:
    """The data sets "train" and "test" of a block of cells, by their seeds."""
    return stack(cells, lambda cell: make(task, cell.seed))


def levels(task: Mixture, count: int) -> I64:
    """The level [count] of each sample of a set: 0, 1, 2 ... and again, the same for every seed."""
    return np.arange(count, dtype=np.int64) % len(task.noise)


def _samples(task: Mixture, seed: int, prototypes: np.ndarray, count: int, which: int) -> Samples:
    """`count` samples of classes drawn evenly; `which` keeps the sets' streams apart."""
    shown = integers(seed, Purpose.LABELS, count, task.classes, (which, 0, 0))
    level = levels(task, count)
    noise = normal(seed, Purpose.NOISE, task.inputs * count, (which, 0, 0)).reshape(task.inputs, count)
    x = prototypes[:, shown] + np.array(task.noise)[level] * noise
    y = np.zeros((task.classes, count), dtype=np.float32)
    y[shown, np.arange(count)] = 1.0
    return Samples(np.ascontiguousarray(x, dtype=np.float32), y, level)
