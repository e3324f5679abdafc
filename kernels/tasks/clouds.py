"""Clouds, a Gaussian mixture: every class is one cloud, and the clouds overlap.

A class has a centre in a direction that the seed draws, evenly over the sphere, at distance `separation` from the
origin. A sample is its class's centre plus independent standard normal noise on every input. Classes are
equally likely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kernels.arrays import F32, F64, I64
from kernels.cells import Axis, Cell
from kernels.engine.contract import Data
from kernels.philox import Purpose, integers, normal, permutation
from kernels.tasks import stack


@dataclass(frozen=True)
class Clouds:
    """Parameters of the task."""

    classes: int
    dimensions: int  # inputs
    separation: float  # distance of every centre from the origin, in standard deviations of the noise
    train: int  # samples
    test: int
    corruption: Axis[float]  # the share of training labels that is corrupted, as conditions have it

    def __post_init__(self) -> None:
        if self.classes < 2 or min(self.dimensions, self.train, self.test) < 1:
            raise ValueError(f"clouds need at least two classes, and one of the rest: {self}")
        if not 0.0 <= self.separation < np.inf:
            raise ValueError(f"separation {self.separation} is not a finite number from 0 on")

    @property
    def sizes(self) -> dict[str, int]:
        """Samples of each data set."""
        return {"train": self.train, "true": self.train, "test": self.test}

    def sets(self, cells: Sequence[Cell]) -> dict[str, Data]:
        """The data sets of a block of cells, by their seeds and by the share of training labels that is corrupted."""

        def key(cell: Cell) -> tuple[int, float]:
            return cell.seed, self.corruption.of(cell.condition)

        return stack(cells, lambda cell: make(self, *key(cell)), key)


@dataclass(frozen=True)
class Samples:
    """Inputs [dimensions, samples], one-hot classes [classes, samples], and the true class of each sample [samples]."""

    x: F32
    y: F32
    true: I64


def centres(task: Clouds, seed: int) -> F64:
    """The seed's centres [dimensions, classes]."""
    drawn = normal(seed, Purpose.TASK, task.dimensions * task.classes).reshape(task.dimensions, task.classes)
    squares = np.zeros(task.classes)
    for row in drawn:  # in one order on every host
        squares += row * row
    found: F64 = task.separation * drawn / np.sqrt(squares)
    return found


def make(task: Clouds, seed: int, corrupted: float = 0.0) -> dict[str, Samples]:
    """The sets "train", "true" and "test", a pure function of its arguments.

    A share of the training set's labels is corrupted; "true" is the training set with the labels that it had before.
    """
    train, test = _samples(task, seed, task.train, 0), _samples(task, seed, task.test, 1)
    shown = corrupt(train.true, task.classes, corrupted, seed)
    return {"train": Samples(train.x, one_hot(shown, task.classes), train.true), "true": train, "test": test}


def corrupted_count(samples: int, share: float) -> int:
    """How many labels of so many are corrupted."""
    return round(share * samples)


def corrupt(labels: I64, classes: int, share: float, seed: int) -> I64:
    """Labels [samples] of which a share, drawn from the seed, became another class, each other one equally likely.

    What is corrupted at one share is corrupted in the same way at every greater one.
    """
    count = corrupted_count(len(labels), share)
    chosen = permutation(seed, Purpose.LABELS, len(labels), (0, 1, 0))[:count]
    found = labels.copy()
    found[chosen] = (labels + 1 + integers(seed, Purpose.LABELS, len(labels), classes - 1, (0, 2, 0)))[chosen] % classes
    return found


def one_hot(labels: I64, classes: int) -> F32:
    """Targets [classes, samples] of labels [samples]."""
    found = np.zeros((classes, len(labels)), dtype=np.float32)
    found[labels, np.arange(len(labels))] = 1.0
    return found


def _samples(task: Clouds, seed: int, count: int, which: int) -> Samples:
    """`count` samples; `which` keeps the sets' streams apart."""
    label = integers(seed, Purpose.LABELS, count, task.classes, (which, 0, 0))
    noise = normal(seed, Purpose.NOISE, task.dimensions * count, (which, 0, 0)).reshape(task.dimensions, count)
    x = centres(task, seed)[:, label] + noise
    return Samples(x.astype(np.float32), one_hot(label, task.classes), label)
