"""Estimates and verdicts: a mean over seeds, a bootstrap interval, and what they decide.

Pure functions of the data: the resampling is drawn from a counter-based stream, so the same data give the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import F64, I64
from kernels.philox import Purpose, integers

RESAMPLES = 10_000
LEVEL = 0.95
GROUPS = 1024
_KEPT = 6  # resamplings, of at most 10 MB each
_MOST_DRAWN = 1 << 20  # indices at a time: bounds memory, changes no number
_MULTIPLIED = 1 << 18  # products at a time: so few stay in the cache, and libraries form them in one thread
_BITS = 42  # of a value that is resampled: sums of 1024 such have 52 and are exact, in whatever order they are formed
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

    Of more than GROUPS seeds GROUPS groups of neighbours are resampled instead of single seeds. Seeds are independent,
    so the interval is the same but for 1 / sqrt(2 GROUPS) of its width, its own standard error: 2.2 %, beside the 1.4 %
    by which bounds from RESAMPLES resamples miss those from infinitely many.
    """
    (found,) = estimates([values])
    return found


def estimates(samples: Sequence[F64]) -> list[Estimate]:
    """The estimate of each sample [seeds]; together they are found faster than one by one, with the same numbers."""
    found = [Estimate(float(of.mean()) if len(of) else math.nan, math.nan, math.nan, len(of)) for of in samples]
    for seeds in sorted({len(of) for of in samples if len(of) > 1}):
        chosen = [number for number, of in enumerate(samples) if len(of) == seeds]
        starts = np.arange(min(seeds, GROUPS)) * seeds // min(seeds, GROUPS)
        sums = np.stack([np.add.reduceat(samples[number], starts) for number in chosen], axis=1)
        low, high = _bounds(sums, np.diff(starts, append=seeds))
        for number, least, most in zip(chosen, low.tolist(), high.tolist(), strict=True):
            found[number] = Estimate(found[number].mean, least, most, seeds)
    return found


def _bounds(sums: F64, sizes: I64) -> F64:
    """Lower and upper bounds [2, samples] of intervals: sums of groups [groups, samples], seeds in each [groups]."""
    counts, columns = _counts(len(sums)), np.column_stack([_rounded(sums), sizes])
    drawn = np.empty((RESAMPLES, columns.shape[1]))
    rows = max(1, _MULTIPLIED // columns.size)
    for first in range(0, RESAMPLES, rows):
        drawn[first : first + rows] = counts[first : first + rows].astype(np.float64) @ columns
    found: F64 = np.quantile(drawn[:, :-1] / drawn[:, -1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return found


def _rounded(sums: F64) -> F64:
    """Sums of groups [groups, samples], each a multiple of 2^-_BITS of a power of 2 above the largest of its sample."""
    scale = _BITS - np.frexp(np.abs(sums).max(0))[1]
    rounded: F64 = np.ldexp(np.rint(np.ldexp(sums, scale)), -scale)
    return rounded


@lru_cache(maxsize=_KEPT)
def _counts(things: int) -> NDArray[np.uint8]:
    """How often each of at most GROUPS things is in each resample [RESAMPLES, things].

    That one of them is there more than 255 times has a probability below 1e-400.
    """
    counts = np.empty((RESAMPLES, things), dtype=np.uint8)
    rows = max(4, _MOST_DRAWN // things // 4 * 4)  # a stream's numbers can be had from a multiple of 4 on
    for first in range(0, RESAMPLES, rows):
        now = min(rows, RESAMPLES - first)
        drawn = integers(0, Purpose.BOOTSTRAP, now * things, things, (things, 0, 0), first * things)
        drawn += np.repeat(np.arange(now) * things, things)
        counts[first : first + now] = np.bincount(drawn, minlength=now * things).reshape(now, things)
    return counts


def verdict(estimated: Estimate) -> Verdict:
    """The decision rule of every claim: enough seeds and the interval on one side of zero, or it stays undecided."""
    if estimated.seeds < DECIDING_SEEDS:
        return "undecided"
    if estimated.low > 0:
        return "holds"
    return "refuted" if estimated.high < 0 else "undecided"
