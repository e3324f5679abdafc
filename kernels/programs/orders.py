"""Orders: the sequence in which networks see their training samples, drawn from the seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kernels.arrays import I32, I64
from kernels.cells import Cell, Condition
from kernels.philox import Purpose, permutation

Arranged = Callable[[Condition, I32], I32]
"""(condition, a shuffled order [samples] of an epoch) -> the order in which that condition's cells see it."""


def epoch_order(seed: int, samples: int, epoch: int, replica: int = 0) -> I32:
    """The order [samples] in which a seed sees its training samples in an epoch."""
    return permutation(seed, Purpose.ORDER, samples, (epoch, replica, 0))


def shuffled(
    cells: Sequence[Cell], samples: int, replicas: int = 1, arranged: Arranged | None = None
) -> Callable[[int, int], I32]:
    """`Recipe.order` of cells that see all samples in each epoch, in a new order that their seed draws."""
    networks = [(cell, replica) for cell in cells for replica in range(replicas)]

    def order(first: int, end: int) -> I32:
        shuffles = {
            (seed, replica): [epoch_order(seed, samples, epoch, replica) for epoch in range(first, end)]
            for seed, replica in sorted({(cell.seed, replica) for cell, replica in networks})
        }
        rows = np.empty((len(networks), (end - first) * samples), dtype=np.int32)
        for row, (cell, replica) in zip(rows, networks, strict=True):
            epochs = shuffles[cell.seed, replica]
            np.concatenate([arranged(cell.condition, drawn) for drawn in epochs] if arranged else epochs, out=row)
        return rows

    return order


def in_pieces(cells: Sequence[Cell], samples: int, epoch: int, replicas: int = 1) -> Callable[[int, int], I32]:
    """`Recipe.order` of cells whose epochs are pieces, of `epoch` samples, of passes over all samples.

    Every pass shows all samples in the order that `shuffled` would give it.
    """
    if samples % epoch:
        raise ValueError(f"{samples} samples cannot be divided into epochs of {epoch}")
    passes, pieces = shuffled(cells, samples, replicas), samples // epoch

    def order(first: int, end: int) -> I32:
        begun = first // pieces
        drawn = passes(begun, -(-end // pieces))
        start = (first - begun * pieces) * epoch
        return np.ascontiguousarray(drawn[:, start : start + (end - first) * epoch])

    return order


def by_level(order: str, drawn: I32, level: I64) -> I32:
    """An epoch's order [samples]: a shuffled one, arranged by the samples' levels of difficulty [samples].

    "easy_first" shows all of the lowest level, then all of the next ...; "hard_first" the highest level first; "mixed"
    one sample of each level in turn; "random" leaves the shuffle as it is. All show the samples of each level in the
    same sequence.
    """
    if order == "random":
        return drawn
    shown = level[drawn]
    if order == "mixed":
        rank = np.zeros(len(shown), dtype=np.int64)
        for number in np.unique(shown):
            rank[shown == number] = np.arange(np.count_nonzero(shown == number))
        return drawn[np.lexsort((shown, rank))]
    return drawn[np.argsort(shown if order == "easy_first" else -shown, kind="stable")]
