"""Estimates over many seeds: the same numbers in bounded memory, and a million seeds in seconds."""

from __future__ import annotations

import math
import sys
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.arrays import I64
from kernels.claims.estimate import GROUPS, LEVEL, RESAMPLES, Estimate, estimate, estimates
from kernels.philox import Purpose, integers

ESTIMATE = sys.modules["kernels.claims.estimate"]


def drawn(count: int) -> np.ndarray:
    return np.random.default_rng(count).normal(0.5, 1.0, count)


def at_once(values: np.ndarray) -> Estimate:
    """The definition: all resamples in one array."""
    count = len(values)
    indices = integers(0, Purpose.BOOTSTRAP, RESAMPLES * count, count, (count, 0, 0)).reshape(RESAMPLES, count)
    low, high = np.quantile(values[indices].mean(1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(values.mean()), float(low), float(high), count)


@pytest.fixture(autouse=True)
def nothing_drawn_before() -> Iterator[None]:
    ESTIMATE._counts.cache_clear()
    yield
    ESTIMATE._counts.cache_clear()


def assert_same(found: Estimate, want: Estimate) -> None:
    """But for the rounding of sums."""
    assert (found.mean, found.seeds) == (want.mean, want.seeds)
    assert (found.low, found.high) == pytest.approx((want.low, want.high), rel=1e-11)


@pytest.mark.parametrize("count", [2, 3, 8, 31, 257, GROUPS])
def test_the_numbers_are_those_of_all_resamples_at_once(count: int) -> None:
    assert_same(estimate(drawn(count)), at_once(drawn(count)))


@pytest.mark.parametrize(("drawn_at_once", "multiplied_at_once"), [(1, 7), (1000, 128), (10**9, 10**9)])
def test_how_much_is_done_at_a_time_changes_no_number(
    drawn_at_once: int, multiplied_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    want = estimate(drawn(50))
    ESTIMATE._counts.cache_clear()
    monkeypatch.setattr(ESTIMATE, "_MOST_DRAWN", drawn_at_once)
    monkeypatch.setattr(ESTIMATE, "_MULTIPLIED", multiplied_at_once)
    assert estimate(drawn(50)) == want


@settings(max_examples=25)
@given(
    samples=st.lists(
        st.lists(st.floats(-1e3, 1e3) | st.floats(-1e-9, 1e-9), max_size=6).map(np.array), min_size=1, max_size=6
    )
)
def test_together_samples_have_the_very_estimates_that_they_have_alone(samples: list[np.ndarray]) -> None:
    assert repr(estimates(samples)) == repr([estimate(sample) for sample in samples])


@pytest.mark.parametrize("count", [3, 600, GROUPS])
def test_sums_of_resamples_are_exact_so_that_their_order_changes_no_number(count: int) -> None:
    """In another order numpy's sums and products of plain values would differ in their last digits."""
    values = drawn(count) * 1e6 + 1.0
    rounded = ESTIMATE._rounded(values[:, None])[:, 0]
    assert rounded == pytest.approx(values, abs=2.0**-42 * np.abs(values).max())
    counted = ESTIMATE._counts(count).astype(np.float64) * rounded
    assert counted[:50].sum(1).tolist() == [math.fsum(row) for row in counted[:50]]
    bounds = []
    for order in (slice(None), slice(None, None, -1), np.argsort(values)):
        sums = np.add.accumulate(counted[:, order], axis=1)[:, -1]
        bounds.append(tuple(np.quantile(sums / count, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()))
    found = estimate(values)
    assert bounds == [(found.low, found.high)] * 3


def test_a_resampling_is_drawn_once_for_each_number_of_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def noted(seed: int, purpose: Purpose, count: int, limit: int, at: tuple[int, int, int], first: int) -> I64:
        asked.append(limit)
        return integers(seed, purpose, count, limit, at, first)

    monkeypatch.setattr(ESTIMATE, "integers", noted)
    for count in (20, 21, 20, 5000, 40_000, GROUPS, 21):
        estimate(drawn(count))
    assert [*dict.fromkeys(asked)] == [20, 21, GROUPS]
    assert asked.count(20) == asked.count(21) == 1


@pytest.mark.parametrize("count", [GROUPS + 1, 40_000, 1_000_000])
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
