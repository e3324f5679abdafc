"""Estimates and verdicts: a mean over seeds, a bootstrap interval, and what they decide.

Pure functions of the data: the resampling is drawn from a counter-based stream, so the same data give the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kernels.arrays import F64, I64
from kernels.philox import Purpose, integers

RESAMPLES = 10_000
LEVEL = 0.95
MOST_RESAMPLED = 65_536  # seeds: so many can be drawn evenly from 32 random bits
GROUPS = 4096
_MOST_DRAWN = 1 << 20  # indices at a time: bounds memory, changes no number
DECIDING_SEEDS = 8  # a percentile interval over fewer seeds is too narrow to decide anything
Verdict = Literal["holds", "refuted", "undecided"]


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its interval; `seeds` says how many there are."""

    mean: float
    low: float
    high: float
    seeds: int


def estimate(values: F64) -> Estimate:
    """Mean over seeds with a percentile bootstrap interval (Efron & Tibshirani 1993); NaN bounds below two seeds.

    Of more than MOST_RESAMPLED seeds GROUPS groups of neighbours are resampled instead of single seeds: seeds are
    independent, so the interval is the same but for 1 / sqrt(2 GROUPS) of its width, its own standard error.
    """
    seeds = len(values)
    if seeds < 2:
        return Estimate(float(values.mean()) if seeds else float("nan"), float("nan"), float("nan"), seeds)
    if seeds > MOST_RESAMPLED:
        starts = np.arange(GROUPS) * seeds // GROUPS
        sums, sizes = np.add.reduceat(values, starts), np.diff(starts, append=seeds)
        means = [sums[drawn].sum(1) / sizes[drawn].sum(1) for drawn in _resamples(GROUPS, seeds)]
    else:
        means = [values[drawn].mean(1) for drawn in _resamples(seeds, seeds)]
    low, high = np.quantile(np.concatenate(means), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(values.mean()), float(low), float(high), seeds)


def _resamples(count: int, name: int) -> Iterator[I64]:
    """Resamples of so many things: indices [rows, count], some rows at a time, RESAMPLES in all, by a stream's name."""
    rows = max(4, _MOST_DRAWN // count // 4 * 4)  # a stream's numbers can be had from a multiple of 4 on
    for first in range(0, RESAMPLES, rows):
        now = min(rows, RESAMPLES - first)
        drawn = integers(0, Purpose.BOOTSTRAP, now * count, count, (name, 0, 0), first * count)
        yield drawn.reshape(now, count)


def verdict(estimated: Estimate) -> Verdict:
    """The decision rule of every claim: enough seeds and the interval on one side of zero, or it stays undecided."""
    if estimated.seeds < DECIDING_SEEDS:
        return "undecided"
    if estimated.low > 0:
        return "holds"
    return "refuted" if estimated.high < 0 else "undecided"
