"""Cells that several results have: counted once, and compared where they must be the same bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import I64
from kernels.experiment import Experiment
from server_validator.dataset import columns
from server_validator.dataset.columns import NOT, Columns, Part, Places
from server_validator.dataset.schema import Held


@dataclass(frozen=True)
class Rows:
    """Rows of several files, one file after another."""

    parts: Sequence[Part]
    cell: I64  # [rows]: seed x conditions + the number of the condition
    result: NDArray[np.int32]  # [rows]: the number of the result in `results`
    results: Sequence[Held]
    experiment: Experiment
    conditions: int  # of the whole grid


@dataclass(frozen=True)
class Disagreement:
    """Two exact results with different numbers of the same cells."""

    first: Held
    second: Held
    cells: int


@dataclass(frozen=True)
class Counted:
    """Which rows count, in the order of their cells, and what does not."""

    rows: I64
    repeated: int
    contradicted_seeds: Sequence[int]
    contradicted_cells: int
    disagreements: Sequence[Disagreement]


def counted_once(rows: Rows) -> Counted:
    """Each cell once: of an exact result rather than a near one, then of the lowest checksum.

    Seeds of which exact results disagree are left out whole: nobody knows who is right.
    """
    order = np.argsort(rows.cell, kind="stable")
    cell = rows.cell[order]
    again = np.zeros(len(cell), dtype=np.bool_)
    again[1:] = cell[1:] == cell[:-1]
    if not again.any():
        return Counted(order, 0, [], 0, [])
    both = again.copy()
    both[:-1] |= again[1:]
    shared = order[both]
    order[both] = shared[np.lexsort((_rank(rows)[rows.result[shared]], rows.cell[shared]))]
    firsts = order[np.maximum.accumulate(np.where(again, 0, np.arange(len(order))))]
    exact = np.array([one.agreement == "exact" for one in rows.results])[rows.result]
    compared = again & exact[order] & exact[firsts]
    one, other = firsts[compared], order[compared]
    differs = _differs(rows, one, other)
    seeds = np.unique(rows.cell[other[differs]] // rows.conditions)
    out = np.isin(cell // rows.conditions, seeds)
    return Counted(
        order[~again & ~out],
        int((again & ~out).sum()),
        seeds.tolist(),
        int((~again & out).sum()),
        _disagreements(rows, one[differs], other[differs]),
    )


def moved(parts: Sequence[Part], place: Places) -> list[Part]:
    """The parts of other tables: `place` tells where each row goes, or NOT [rows]."""
    found = []
    for part in parts:
        there = part.place != NOT
        new = part.place.copy()
        new[there] = place[part.place[there]]
        found.append(Part(part.file, new))
    return found


def _rank(rows: Rows) -> NDArray[np.intp]:
    """The place of each result [results] among those of which the first counts."""
    results = rows.results
    rising = sorted(range(len(results)), key=lambda one: (results[one].agreement != "exact", results[one].checksum))
    rank = np.empty(len(results), np.intp)
    rank[rising] = np.arange(len(results))
    return rank


def _differs(rows: Rows, one: I64, other: I64) -> NDArray[np.bool_]:
    """Which of the pairs of rows [pairs] do not have the same digest and the same bits of every metric."""
    wanted = np.unique(np.concatenate([one, other]))
    place = np.full(len(rows.cell), NOT, np.int32)
    place[wanted] = np.arange(len(wanted))
    parts, first, second = moved(rows.parts, place), place[one], place[other]
    digests = columns.digests(parts, len(wanted))
    differs: NDArray[np.bool_] = digests[first] != digests[second]
    for metric in rows.experiment.metrics:
        # Read one at a time and not kept: of large data sets that are all there twice, one alone fits.
        curves = Columns(parts, [metric], len(wanted), rows.experiment.measurements)[metric].view(np.int32)
        differs |= (curves[first] != curves[second]).any(1)
    return differs


def _disagreements(rows: Rows, one: I64, other: I64) -> list[Disagreement]:
    pairs, cells = np.unique(np.stack([rows.result[one], rows.result[other]], 1), axis=0, return_counts=True)
    return [
        Disagreement(rows.results[first], rows.results[second], int(count))
        for (first, second), count in zip(pairs.tolist(), cells, strict=True)
    ]
