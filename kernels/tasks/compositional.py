"""The compositional task: groups of inputs each show a value, and an interaction of all groups decides the class.

A sample shows one value per group. Every input of a group is the level of the group's value, evenly spaced from -1 to
1, plus Gaussian noise. The class is the sum of the values modulo the number of classes (parity for binary values), so
each group alone says nothing about it. Some combinations of values never occur in training: a network that
generalizes compositionally answers them rightly, one that leans on similar combinations answers them wrongly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kernels.arrays import F32, I64
from kernels.cells import Cell
from kernels.engine.contract import Data
from kernels.philox import Purpose, integers, normal, permutation
from kernels.tasks import stack


@dataclass(frozen=True)
class Compositional:
    """Parameters of the task; inputs = groups * group_size."""

    groups: int
    group_size: int
    values: int
    classes: int
    held_out: tuple[tuple[int, ...], ...]  # pattern of the combinations never shown in training, one value per group
    noise: float  # standard deviation of the noise on every input
    train: int  # samples
    test: int  # samples of each test set

    @property
    def combinations(self) -> int:
        """How many combinations of values there are."""
        return int(self.values**self.groups)

    def __post_init__(self) -> None:
        if min(self.values, self.classes) < 2 or min(self.groups, self.group_size, self.train, self.test) < 1:
            raise ValueError(f"a compositional task needs at least two values and classes, and one of the rest: {self}")
        if not 0.0 <= self.noise < np.inf:
            raise ValueError(f"noise {self.noise} is not a finite number from 0 on")
        pattern = np.array(self.held_out)
        if pattern.ndim != 2 or pattern.shape[1] != self.groups or pattern.min() < 0 or pattern.max() >= self.values:
            raise ValueError(f"held_out must be rows of {self.groups} values below {self.values}, not {self.held_out}")
        if not len(set(self.held_out)) == len(pattern) < self.combinations:
            raise ValueError("held_out names a combination twice or leaves none to learn from")

    @property
    def sizes(self) -> dict[str, int]:
        """Samples of each data set."""
        return {"train": self.train, "id_test": self.test, "ood_test": self.test}

    def sets(self, cells: Sequence[Cell]) -> dict[str, Data]:
        """The data sets of a block of cells, by their seeds."""
        return stack(cells, lambda cell: vars(make(self, cell.seed)))


@dataclass(frozen=True)
class Samples:
    """Inputs [inputs, samples], one-hot classes [classes, samples], and each sample's combination [samples]."""

    x: F32
    y: F32
    combination: I64


@dataclass(frozen=True)
class Split:
    """The three sets of one seed: training and in-distribution test show seen combinations, the third held-out ones."""

    train: Samples
    id_test: Samples
    ood_test: Samples


def make(task: Compositional, seed: int) -> Split:
    """The task's data sets, a pure function of (task, seed)."""
    seen, held = combinations(task, seed)
    return Split(
        train=_samples(task, seed, seen, task.train, 0),
        id_test=_samples(task, seed, seen, task.test, 1),
        ood_test=_samples(task, seed, held, task.test, 2),
    )


def combinations(task: Compositional, seed: int) -> tuple[I64, I64]:
    """The seed's seen and held-out combinations, each in rising order.

    The held-out ones are the task's pattern after a permutation of the groups and a cyclic shift of each group's
    values, both drawn from the seed: another set for every seed, but always of the same geometry.
    """
    groups = permutation(seed, Purpose.TASK, task.groups)
    shifts = integers(seed, Purpose.TASK, task.groups, task.values, (1, 0, 0))
    shown = (np.array(task.held_out, dtype=np.int64)[:, groups] + shifts) % task.values
    held = np.sort(shown @ task.values ** np.arange(task.groups, dtype=np.int64))
    return np.setdiff1d(np.arange(task.combinations), held), held


def _values(task: Compositional, combination: I64) -> I64:
    """The value of every group [groups, n] in each combination [n]: its digits in base `values`."""
    found: I64 = np.stack([combination // task.values**g % task.values for g in range(task.groups)])
    return found


def _samples(task: Compositional, seed: int, allowed: I64, count: int, which: int) -> Samples:
    """`count` samples drawn evenly from the allowed combinations; `which` keeps the sets' streams apart."""
    shown = allowed[integers(seed, Purpose.LABELS, count, len(allowed), (which, 0, 0))]
    values = _values(task, shown)
    levels = 2.0 * values / (task.values - 1) - 1.0
    inputs = task.groups * task.group_size
    noise = normal(seed, Purpose.NOISE, inputs * count, (which, 0, 0)).reshape(inputs, count)
    x = np.repeat(levels, task.group_size, axis=0) + task.noise * noise
    y = np.zeros((task.classes, count), dtype=np.float32)
    y[values.sum(0) % task.classes, np.arange(count)] = 1.0
    return Samples(x.astype(np.float32), y, shown)
