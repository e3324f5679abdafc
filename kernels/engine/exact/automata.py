"""Cellular automata on the exact library: one-dimensional, two-state, radius 3, 64 lattices per machine word.

A rule is uint64 [2], the low half first: bit n of the 128 is the next state of a cell whose neighbourhood, read from
left to right as a binary number, is n. Lattices are rings, held as uint64 [cells, words]: bit i of word w is the state
of that cell in lattice 64 w + i.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import I64, U64
from kernels.engine.exact import library

NEIGHBOURS = 7
RULE_BITS = 2**NEIGHBOURS
LATTICES_PER_WORD = 64
OPERATIONS = 31 * 3 + 19
"""Logical operations of a word-step: 31 choices between two words, and the functions of two neighbours."""


class _CAutomata(ctypes.Structure):
    """`axiom_automata` of exact.h."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("rules", "cells", "words", "steps")),
        *((name, library.Pointer) for name in ("rule", "starts", "states", "computed")),
    )


@dataclass(frozen=True)
class Ends:
    """Where lattices ended: states [rules, cells, words], and how many word-steps were computed [rules].

    A word-step is one step of one cell in 64 lattices. They are fewer than cells x words x steps where lattices settled
    to a fixed point early; that changes no state.
    """

    states: U64
    computed: I64


def run(isa: str, rules: U64, starts: U64, steps: int) -> Ends:
    """Every rule [rules, 2] from the same starts [cells, words], `steps` steps. ValueError for another shape."""
    if rules.dtype != np.uint64 or rules.ndim != 2 or rules.shape[1] != 2:
        raise ValueError(f"rules must be uint64 [rules, 2], not {rules.dtype} {list(rules.shape)}")
    if starts.dtype != np.uint64 or starts.ndim != 2 or len(starts) < NEIGHBOURS or not starts.shape[1]:
        raise ValueError(f"starts must be uint64 [7 or more cells, words], not {starts.dtype} {list(starts.shape)}")
    if steps < 0:
        raise ValueError(f"steps must not be negative, as {steps} is")
    rules, starts = np.ascontiguousarray(rules), np.ascontiguousarray(starts)
    found = Ends(np.empty((len(rules), *starts.shape), dtype=np.uint64), np.zeros(len(rules), dtype=np.int64))
    arrays = (rules, starts, found.states, found.computed)
    task = _CAutomata(len(rules), *starts.shape, steps, *(library.address(array) for array in arrays))
    library.call("automata", library.ISAS.index(isa), ctypes.byref(task))
    return found


def pack(states: NDArray[Any]) -> U64:
    """Lattices [lattices, cells] of 0 and 1 as words [cells, words]; the last word is filled up with zeros."""
    rows = np.packbits(states.T.astype(np.uint8), axis=1, bitorder="little")
    padded = np.zeros((len(rows), -(-rows.shape[1] // 8) * 8), dtype=np.uint8)
    padded[:, : rows.shape[1]] = rows
    return padded.view("<u8").astype(np.uint64)


def unpack(words: U64) -> NDArray[np.uint8]:
    """Words [cells, words] as lattices [64 words, cells] of 0 and 1."""
    return np.unpackbits(np.ascontiguousarray(words).astype("<u8").view(np.uint8), axis=1, bitorder="little").T


def rules_of(tables: NDArray[np.uint8] | NDArray[np.bool_]) -> U64:
    """Rules [..., 2] of their tables [..., 128] of 0 and 1: the next state by the neighbourhood's number."""
    packed = np.packbits(tables.astype(np.uint8), axis=-1, bitorder="little")
    return np.ascontiguousarray(packed).view("<u8").astype(np.uint64)


def tables_of(rules: U64) -> NDArray[np.uint8]:
    """Tables [rules, 128] of rules [rules, 2]: `rules_of` undone."""
    return np.unpackbits(np.ascontiguousarray(rules).astype("<u8").view(np.uint8), axis=-1, bitorder="little")
