"""A Gaussian mixture: classes of one or several clusters, spherical Gaussians around centres drawn from the seed.

A sample picks a cluster of all with equal chance; its class is the cluster's. Centres are normal with standard
deviation `spread` in every input. Noise is normal; with several strengths each sample has one of them, its level, from
the first (easy) to the last (hard).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kernels.arrays import F32, F64, I64
from kernels.cells import Cell
from kernels.engine.contract import Data
from kernels.philox import Purpose, integers, normal
from kernels.tasks import stack


@dataclass(frozen=True)
class Mixture:
    """Parameters of the task."""

    inputs: int
    classes: int
    train: int  # samples; as many of each level
    test: int
    clusters: int = 1  # of each class
    spread: float = 1.0  # standard deviation of the centres, in every input
    noise: tuple[float, ...] = (1.0,)  # standard deviation per level, in every input

    def __post_init__(self) -> None:
        if self.classes < 2 or min(self.inputs, self.clusters, len(self.noise), self.train, self.test) < 1:
            raise ValueError(f"a mixture needs at least two classes, and one of everything else: {self}")
        if not 0.0 < self.spread < np.inf:
            raise ValueError(f"spread {self.spread} is not a positive number")
        if not all(0.0 <= noise < np.inf for noise in self.noise):
            raise ValueError(f"noise {self.noise} is not finite numbers from 0 on")
        if self.train % len(self.noise) or self.test % len(self.noise):
            raise ValueError(f"{self.train} and {self.test} samples cannot be divided among {len(self.noise)} levels")

    @property
    def sizes(self) -> dict[str, int]:
        """Samples of each data set."""
        return {"train": self.train, "test": self.test}

    def sets(self, cells: Sequence[Cell]) -> dict[str, Data]:
        """The data sets of a block of cells, by their seeds."""
        return stack(cells, lambda cell: make(self, cell.seed))


@dataclass(frozen=True)
class Samples:
    """Inputs [inputs, samples], one-hot classes [classes, samples], and each sample's level [samples]."""

    x: F32
    y: F32
    level: I64


def make(task: Mixture, seed: int) -> dict[str, Samples]:
    """The sets "train" and "test" of a seed, a pure function of (task, seed)."""
    count = task.classes * task.clusters
    centres = task.spread * normal(seed, Purpose.TASK, task.inputs * count).reshape(task.inputs, count)
    return {
        name: _samples(task, seed, centres, samples, which)
        for which, (name, samples) in enumerate((("train", task.train), ("test", task.test)))
    }


def levels(task: Mixture, count: int) -> I64:
    """The level [count] of each sample of a set: 0, 1, 2 ... and again, the same for every seed."""
    return np.arange(count, dtype=np.int64) % len(task.noise)


def of_level(task: Mixture, samples: Data, level: int) -> Data:
    """The samples of one level."""
    chosen = levels(task, samples.samples) == level
    return Data(samples.x.compress(chosen, 2), samples.y.compress(chosen, 2), samples.task)


def _samples(task: Mixture, seed: int, centres: F64, count: int, which: int) -> Samples:
    """`count` samples of clusters drawn evenly; `which` keeps the sets' streams apart."""
    cluster = integers(seed, Purpose.LABELS, count, centres.shape[1], (which, 0, 0))
    level = levels(task, count)
    noise = normal(seed, Purpose.NOISE, task.inputs * count, (which, 0, 0)).reshape(task.inputs, count)
    x = centres[:, cluster] + np.array(task.noise)[level] * noise
    y = np.zeros((task.classes, count), dtype=np.float32)
    y[cluster % task.classes, np.arange(count)] = 1.0
    return Samples(x.astype(np.float32), y, level)
