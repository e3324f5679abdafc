"""Density classification: a ring of cells shall settle to the state that most of its cells had at the start.

After Mitchell, Crutchfield & Hraber, "Evolving cellular automata to perform computations: mechanisms and impediments"
(Physica D 75, 1994). Rules and lattices are those of kernels/engine/exact/automata.py.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import I64, U64
from kernels.engine.exact import automata
from kernels.engine.exact.automata import NEIGHBOURS, RULE_BITS
from kernels.philox import Purpose, integers, words

CELLS = 149  # odd, so that there is always a majority
_ALL = np.uint64(2**64 - 1)


def starts(kind: str, seed: int, count: int, at: tuple[int, int]) -> U64:
    """Initial states [CELLS, count / 64] of a seed; `at` says which of its sets. `count` is a multiple of 64.

    binomial: every cell is 0 or 1 with probability one half. flat: the number of ones is uniform over 0..74 in the
    first half of the lattices and over 75..149 in the second, the ones lie at random. ValueError for another kind.
    """
    if kind not in ("flat", "binomial"):
        raise ValueError(f"starts are flat or binomial, not {kind}")
    if kind == "binomial":
        drawn = words(seed, Purpose.LATTICES, 2 * CELLS * (count // 64), (*at, 0)).astype(np.uint64)
        halves = drawn.reshape(2, CELLS, count // 64)
        lattices: U64 = halves[0] << np.uint64(32) | halves[1]
        return lattices
    half = CELLS // 2 + 1
    ones = integers(seed, Purpose.LATTICES, count, half, (*at, 1)) + half * (np.arange(count) >= count // 2)
    return automata.pack(_ones_at_random(words(seed, Purpose.LATTICES, count * CELLS, (*at, 2)), ones))


def rules(seed: int, count: int) -> U64:
    """A seed's first rules [count, 2]: the number of ones is uniform over 0..128, they lie at random."""
    ones = integers(seed, Purpose.EVOLUTION, count, RULE_BITS + 1, (0, 0, 0))
    return automata.rules_of(_ones_at_random(words(seed, Purpose.EVOLUTION, count * RULE_BITS, (0, 0, 1)), ones))


def symmetric(tables: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Tables [rules, 128] that treat both states and both directions alike, as the task does.

    Where every cell is inverted and the lattice mirrored, such a rule does the same to the inverted, mirrored lattice:
    f(inverse of the mirrored neighbourhood) = 1 - f(neighbourhood). Of such a pair of neighbourhoods the one with the
    smaller number is kept and decides the other; the middle cell differs, so there are 64 pairs.
    """
    number = np.arange(RULE_BITS)
    mirrored = sum((number >> i & 1) << (NEIGHBOURS - 1 - i) for i in range(NEIGHBOURS))
    twin = RULE_BITS - 1 - mirrored
    kept: NDArray[np.uint8] = tables[:, np.minimum(number, twin)] ^ (number > twin).astype(np.uint8)
    return kept


def _ones_at_random(drawn: NDArray[np.uint32], ones: I64) -> NDArray[np.bool_]:
    """Rows [rows, places] with so many ones [rows] where their words are smallest; equal words by place."""
    keys = drawn.reshape(len(ones), -1).astype(np.uint64) << np.uint64(8)
    keys |= np.arange(keys.shape[1], dtype=np.uint64)
    smallest = np.sort(keys, axis=1)
    last = np.take_along_axis(smallest, np.maximum(ones - 1, 0)[:, None], axis=1)
    return (keys <= last) & (ones > 0)[:, None]


def majority(lattices: U64) -> U64:
    """Which lattices [words] have more ones than zeros, of lattices [cells, words]."""
    more: U64 = automata.pack(2 * automata.unpack(lattices).sum(1, dtype=np.int64)[:, None] > len(lattices))[0]
    return more


def right(of: U64, ends: U64, wanted: U64) -> I64:
    """How many lattices [rules] each rule of [rules, 2] classified rightly: all cells at the majority, for ever.

    `ends` [rules, cells, words] is where they ended, `wanted` [words] what the majority was. A lattice of one state
    counts only if the rule leaves that state alone, so nobody is right by the parity of the number of steps.
    """
    stays_one = np.where(of[:, 1] >> np.uint64(63) == 1, _ALL, np.uint64(0))[:, None]
    stays_zero = np.where(of[:, 0] & np.uint64(1) == 0, _ALL, np.uint64(0))[:, None]
    ones = np.bitwise_and.reduce(ends, axis=1) & stays_one
    zeros = ~np.bitwise_or.reduce(ends, axis=1) & stays_zero
    counted: I64 = np.bitwise_count(ones & wanted | zeros & ~wanted).sum(1, dtype=np.int64)
    return counted


@functools.cache
def reference_rules() -> U64:
    """Rules [3, 2] that people wrote: Gacs-Kurdyumov-Levin, local majority of seven, and always one.

    Gacs, Kurdyumov & Levin (1978): a cell in state 0 takes the majority of itself, its left neighbour and the third to
    its left; a cell in state 1 that of itself, its right neighbour and the third to its right.
    """
    seen = np.arange(RULE_BITS)[:, None] >> np.arange(NEIGHBOURS - 1, -1, -1) & 1  # [128, from left to right]
    to_left, to_right = seen[:, [3, 2, 0]].sum(1) > 1, seen[:, [3, 4, 6]].sum(1) > 1
    gkl = np.where(seen[:, 3] == 0, to_left, to_right)
    return automata.rules_of(np.stack([gkl, seen.sum(1) > NEIGHBOURS // 2, np.ones(RULE_BITS, dtype=bool)]))
