"""Estimates over many seeds: the same numbers in bounded memory, and a million seeds in seconds."""

from __future__ import annotations

import math
import sys
import tracemalloc

import numpy as np
import pytest

from kernels.claims.estimate import LEVEL, MOST_RESAMPLED, RESAMPLES, Estimate, estimate
from kernels.philox import Purpose, integers


def drawn(count: int) -> np.ndarray:
    return np.random.default_rng(count).normal(0.5, 1.0, count)


def at_once(values: np.ndarray) -> Estimate:
    """The definition: all resamples in one array."""
    count = len(values)
    indices = integers(0, Purpose.BOOTSTRAP, RESAMPLES * count, count, (count, 0, 0)).reshape(RESAMPLES, count)
    low, high = np.quantile(values[indices].mean(1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(values.mean()), float(low), float(high), count)


@pytest.mark.parametrize("count", [2, 3, 8, 31, 257, 1000])
def test_the_numbers_are_those_of_all_resamples_at_once(count: int) -> None:
    assert estimate(drawn(count)) == at_once(drawn(count))


@pytest.mark.parametrize("at_a_time", [1, 1000, 10**9])
def test_how_much_is_drawn_at_a_time_changes_no_number(at_a_time: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["kernels.claims.estimate"], "_MOST_DRAWN", at_a_time)
    assert estimate(drawn(50)) == at_once(drawn(50))


@pytest.mark.parametrize("count", [MOST_RESAMPLED + 1, 1_000_000])
def test_many_seeds_have_the_interval_of_the_normal_distribution(count: int) -> None:
    values = drawn(count)
    tracemalloc.start()
    found = estimate(values)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    wanted = 1.959964 * values.std() / math.sqrt(count)
    assert found.mean == values.mean()
    assert found.mean - found.low == pytest.approx(wanted, rel=0.06)
    assert found.high - found.mean == pytest.approx(wanted, rel=0.06)
    assert peak < 200e6, f"{peak / 1e6:.0f} MB"
