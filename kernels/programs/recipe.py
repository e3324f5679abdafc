"""The recipe of a block's training, and what a cell of it costs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kernels.arrays import I32
from kernels.engine.contract import Data
from kernels.engine.shapes import MOMENTS, Method, Network, Optimizer
from kernels.programs.initial import Initial, he_normal
from kernels.programs.program import Footprint
from kernels.programs.snapshot import Snapshot

Measured = Mapping[str, ArrayLike]
"""Metric -> values [cells], of all metrics that do not follow from others."""
Measure = Callable[[Snapshot], Measured]
"""What is measured of a block as it is."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How the cells of a block are trained: what is common to all, and what is per cell.

    A cell is usually one network. With `replicas` above 1 it is that many, which differ in initial weights and in the
    order of their samples; the block's networks are then those of the first cell, then those of the second ...
    """

    network: Network
    optimizer: Optimizer
    samples: int  # of an epoch: the training set's, unless `order` makes shorter epochs of a larger one
    batch: int
    measured: tuple[int, ...]  # epochs after which cells are measured, rising; the last one ends the training
    rates: tuple[float, ...]  # learning rate per cell
    sets: Mapping[str, Data]  # "train" and the sets that only measurements use; tasks per network
    measure: Measure
    measure_work: float  # floating-point operations of one measurement of one cell
    l2: tuple[float, ...] | None = None  # per cell, as the next two
    decay: tuple[float, ...] | None = None
    dropout: tuple[float, ...] | None = None
    initial: Initial = he_normal
    # (first epoch, end) -> sample indices [networks, samples * epochs]; `shuffled` if None
    order: Callable[[int, int], I32] | None = None
    replicas: int = 1

    @property
    def epoch_sizes(self) -> I32:
        """Samples of each minibatch of an epoch; the last one may be smaller."""
        sizes = np.full(-(-self.samples // self.batch), self.batch, dtype=np.int32)
        sizes[-1] = self.samples - self.batch * (len(sizes) - 1)
        return sizes


def cell_work(network: Network, samples: int, measured: Sequence[int], measure_work: float, replicas: int = 1) -> float:
    """Floating-point operations of one cell: all epochs of training of its networks, and its measurements."""
    return float(replicas * measured[-1] * network.training_flops(samples) + len(measured) * measure_work)


def cell_memory(network: Network, method: Method, samples: int, drawn: int, replicas: int = 1) -> Footprint:
    """What a cell takes in memory: its networks and the order of its samples; its data are its seed's.

    `samples` are those of all its data sets, `drawn` those of the training set times the epochs of the longest segment
    between two measurements; an order is held twice while it is made.
    """
    networks = network.parameters * (1 + MOMENTS[method]) + 2 * drawn
    return Footprint(4.0 * replicas * networks, 4.0 * (network.sizes[0] + network.sizes[-1]) * samples)


def longest_segment(measured: Sequence[int]) -> int:
    """The most epochs between two measurements."""
    return max(b - a for a, b in itertools.pairwise((0, *measured)))


def cells_in_cache(network: Network, batch: int, cache: int) -> int:
    """How many cells' parameters, gradients and activations of a minibatch fit `cache` bytes; at least one."""
    floats = 2 * network.parameters + 2 * batch * sum(network.sizes)
    return max(1, cache // (4 * floats))
