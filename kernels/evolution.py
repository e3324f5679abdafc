"""A genetic algorithm on tables of bits: the best live on, the others are children of tournament winners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels.engine.seam import I64
from kernels.philox import Purpose, integers

Bits = NDArray[np.uint8]


@dataclass(frozen=True)
class Breeding:
    """How a generation is made from the one before; its size stays."""

    elite: int  # that are copied unchanged
    tournament: int  # drawn for each parent; the fittest of them is it
    mutations: int  # places of a child that are drawn; one drawn twice changes once


def ranked(fitness: I64) -> I64:
    """Indices from the fittest down; of equals the first one first."""
    return np.argsort(-fitness, kind="stable")


def next_generation(of: Breeding, bits: Bits, fitness: I64, seed: int, generation: int) -> Bits:
    """The tables [population, places] after a generation of tables with a fitness [population].

    First the elite, fittest first; then children by one-point crossover: the first parent's bits before a place drawn
    from 1 .. places - 1, the second parent's from there on.
    """
    population, places = bits.shape
    children = population - of.elite

    def drawn(kind: int, limit: int, *shape: int) -> I64:
        count = int(np.prod(shape))
        return integers(seed, Purpose.EVOLUTION, count, limit, (generation, kind, 0)).reshape(shape)

    rivals = drawn(1, population, children, 2, of.tournament)
    winners = fitness[rivals].argmax(-1)[..., None]  # of equals the one drawn first
    parents = np.take_along_axis(rivals, winners, -1)[..., 0]
    before = np.arange(places) < 1 + drawn(2, places - 1, children)[:, None]
    bred = np.where(before, bits[parents[:, 0]], bits[parents[:, 1]])
    changed = np.zeros_like(bred)
    np.put_along_axis(changed, drawn(3, places, children, of.mutations), 1, -1)
    return np.concatenate([bits[ranked(fitness)[: of.elite]], bred ^ changed])


def pair_distances(bits: Bits) -> int:
    """Sum of the Hamming distances of all pairs of tables [population, places]."""
    ones = bits.sum(0, dtype=np.int64)
    return int((ones * (len(bits) - ones)).sum())
