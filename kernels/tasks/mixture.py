"""A Gaussian mixture: classes of several clusters, each a spherical Gaussian around a centre drawn from the seed.

A sample picks a cluster of all with equal chance; its class is the cluster's. Centres are normal with standard
deviation `spread` in every input, noise is normal with standard deviation 1: `spread` alone says how hard the task is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kernels.engine.seam import F32, F64, Data
from kernels.experiment import Cell
from kernels.philox import Purpose, integers, normal
from kernels.tasks import stack


@dataclass(frozen=True)
class Mixture:
    """Parameters of the task."""

    inputs: int
    classes: int
    clusters: int  # of each class
    spread: float  # standard deviation of the centres
    train: int  # samples
    test: int

    def __post_init__(self) -> None:
        if self.classes < 2 or min(self.inputs, self.clusters, self.train, self.test) < 1:
            raise ValueError(f"a mixture needs at least two classes, and one of everything else: {self}")
        if not 0.0 < self.spread < np.inf:
            raise ValueError(f"spread {self.spread} is not a positive number")


@dataclass(frozen=True)
class Labelled:
    """Inputs [inputs, samples] and one-hot classes [classes, samples]."""

    x: F32
    y: F32


def make(task: Mixture, seed: int) -> dict[str, Labelled]:
    """The sets "train" and "test" of a seed."""
    count = task.classes * task.clusters
    centres = task.spread * normal(seed, Purpose.TASK, task.inputs * count).reshape(task.inputs, count)
    return {
        name: _samples(task, seed, centres, samples, which)
        for which, (name, samples) in enumerate((("train", task.train), ("test", task.test)))
    }


def sets(task: Mixture, cells: Sequence[Cell], replicas: int = 1) -> dict[str, Data]:
    """The data sets of a block of cells, by their seeds."""
    return stack(cells, lambda cell: make(task, cell.seed), replicas=replicas)


def _samples(task: Mixture, seed: int, centres: F64, samples: int, which: int) -> Labelled:
    cluster = integers(seed, Purpose.LABELS, samples, centres.shape[1], (which, 0, 0))
    noise = normal(seed, Purpose.NOISE, task.inputs * samples, (which, 0, 0)).reshape(task.inputs, samples)
    y = np.zeros((task.classes, samples), dtype=np.float32)
    y[cluster % task.classes, np.arange(samples)] = 1.0
    return Labelled((centres[:, cluster] + noise).astype(np.float32), y)
