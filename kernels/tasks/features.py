"""The feature task: groups of inputs show the same binary label, some clearly and some hardly through their noise.

The label is -1 or +1, each as likely. Input i of group g is a_g * label + z_i with independent standard normal noise
z_i. The group's signal-to-noise ratio is the power of its signal over that of its noise when its inputs are averaged,
the best that can be made of it: size_g * a_g^2, so a_g = sqrt(ratio_g / size_g). Whoever sees this group alone can
answer at most a share Phi(sqrt(ratio_g)) rightly, Phi the standard normal distribution function.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kernels.arrays import F32
from kernels.cells import Cell
from kernels.engine.contract import Data
from kernels.philox import Purpose, integers, normal
from kernels.tasks import stack


@dataclass(frozen=True)
class Group:
    """Inputs that are equally good."""

    name: str
    size: int
    ratio: float  # signal-to-noise ratio of the whole group, of powers


@dataclass(frozen=True)
class Features:
    """Parameters of the task; the inputs are those of the groups, one group after the other."""

    groups: tuple[Group, ...]
    train: int  # samples
    test: int

    @property
    def inputs(self) -> int:
        """Inputs of all groups."""
        return sum(group.size for group in self.groups)

    @property
    def where(self) -> dict[str, slice]:
        """The inputs of each group, by its name."""
        found, start = {}, 0
        for group in self.groups:
            found[group.name] = slice(start, start + group.size)
            start += group.size
        return found

    def __post_init__(self) -> None:
        if not self.groups or min(self.train, self.test, *(group.size for group in self.groups)) < 1:
            raise ValueError(f"a feature task needs at least one group, input per group and sample per set: {self}")
        if not all(0.0 <= group.ratio < math.inf for group in self.groups):
            raise ValueError(f"signal-to-noise ratios must be finite numbers from 0 on: {self}")
        if len(self.where) != len(self.groups):
            raise ValueError(f"groups must have different names: {self}")

    @property
    def sizes(self) -> dict[str, int]:
        """Samples of each data set."""
        return {"train": self.train, "test": self.test} | {f"only_{name}": self.test for name in self.where}

    def sets(self, cells: Sequence[Cell]) -> dict[str, Data]:
        """The data sets of a block of cells, by their seeds."""
        return stack(cells, lambda cell: make(self, cell.seed))


@dataclass(frozen=True)
class Samples:
    """Inputs [inputs, samples] and labels [1, samples], 0 for -1 and 1 for +1."""

    x: F32
    y: F32


def make(task: Features, seed: int) -> dict[str, Samples]:
    """The sets "train" and "test", and per group "only_<name>": the test set with all other inputs at zero.

    Zero is the mean of every input, so a network is asked what it has learned from that group alone.
    """
    found = {"train": _samples(task, seed, task.train, 0), "test": _samples(task, seed, task.test, 1)}
    for name, inputs in task.where.items():
        x = np.zeros_like(found["test"].x)
        x[inputs] = found["test"].x[inputs]
        found["only_" + name] = Samples(x, found["test"].y)
    return found


def evidence(task: Features, x: F32) -> dict[str, F32]:
    """What each group itself says of samples [..., inputs, samples]: the sign [..., samples], -1 or 1, of its mean.

    It is the label, blurred by the group's own noise: for a weak group often another one.
    """
    return {
        name: np.where(x[..., inputs, :].astype(np.float64).sum(-2) < 0, -1.0, 1.0).astype(np.float32)
        for name, inputs in task.where.items()
    }


def _samples(task: Features, seed: int, count: int, which: int) -> Samples:
    """`count` samples; `which` keeps the sets' streams apart."""
    label = integers(seed, Purpose.LABELS, count, 2, (which, 0, 0))
    noise = normal(seed, Purpose.NOISE, task.inputs * count, (which, 0, 0)).reshape(task.inputs, count)
    signal = np.repeat([np.sqrt(g.ratio / g.size) for g in task.groups], [g.size for g in task.groups])
    x = signal[:, None] * (2 * label - 1) + noise
    return Samples(x.astype(np.float32), label.astype(np.float32)[None])
