"""Counter-based randomness: the published generator, streams that never change, and distributions."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels import philox
from kernels.arrays import F64, U32
from kernels.philox import Purpose

SEEDS = st.integers(0, philox.SEED_LIMIT - 1)
WORDS = st.integers(0, 2**32 - 1)
AT = st.tuples(WORDS, WORDS, WORDS)
MANY = 200_000


def u32(*values: int) -> U32:
    return np.array(values, dtype=np.uint32)


@pytest.mark.parametrize(
    ("counter", "key", "want"),
    [
        (u32(0, 0, 0, 0), u32(0, 0), u32(0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (u32(*[0xFFFFFFFF] * 4), u32(*[0xFFFFFFFF] * 2), u32(0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            u32(0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            u32(0xA4093822, 0x299F31D0),
            u32(0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
    ids=["zeros", "ones", "pi"],
)
def test_philox_gives_the_published_vectors(counter: U32, key: U32, want: U32) -> None:
    assert philox.philox4x32(counter, key).tolist() == want.tolist()


def test_philox_treats_every_row_alike() -> None:
    counters = np.arange(24, dtype=np.uint32).reshape(2, 3, 4)
    keys = np.array([[1, 2], [3, 4]], dtype=np.uint32)[:, None, :]
    found = philox.philox4x32(counters, keys)
    assert found.shape == (2, 3, 4)
    assert found.dtype == np.uint32
    for i in range(2):
        for j in range(3):
            assert found[i, j].tolist() == philox.philox4x32(counters[i, j], keys[i, 0]).tolist()


def test_words_are_philox_under_the_documented_key_and_counter() -> None:
    seed = 0x123456789ABC
    found = philox.words(seed, Purpose.NOISE, 8, (11, 12, 13))
    key = u32(0x56789ABC, 0x1234 << 16 | Purpose.NOISE)
    want = [*philox.philox4x32(u32(0, 11, 12, 13), key), *philox.philox4x32(u32(1, 11, 12, 13), key)]
    assert found.tolist() == [int(w) for w in want]


def test_purposes_keep_their_numbers() -> None:
    """Part of every result's definition."""
    assert {p.name: int(p) for p in Purpose} == {
        "TASK": 1, "LABELS": 2, "NOISE": 3, "WEIGHTS": 4, "ORDER": 5, "DROPOUT": 6, "BOOTSTRAP": 7,
        "LATTICES": 20, "EVOLUTION": 21,
    }  # fmt: skip


def test_streams_keep_their_words() -> None:
    seed = 2**40 + 7
    assert {p.name: [f"{w:08x}" for w in philox.words(seed, p, 3)] for p in Purpose} == {
        "TASK": ["c8aafcbd", "bc3164ec", "0e597062"],
        "LABELS": ["80ad371d", "b3467146", "4bfb181e"],
        "NOISE": ["6438600e", "adf0bebe", "a855b23f"],
        "WEIGHTS": ["7dedcdfa", "878422ed", "584661b2"],
        "ORDER": ["a192d2d7", "9fe35d71", "0ee85083"],
        "DROPOUT": ["eeda5d43", "4f494516", "721f5520"],
        "BOOTSTRAP": ["eb3fae64", "2ef60e0b", "3854bf80"],
        "LATTICES": ["e0ea2fb2", "428309b6", "aac45f37"],
        "EVOLUTION": ["6a698d6a", "52cab7b7", "f23801aa"],
    }


def test_distributions_keep_their_values() -> None:
    assert [float(v).hex() for v in philox.uniform(1, Purpose.TASK, 3)] == [
        "0x1.439f6a0000000p-1", "0x1.677ad80000000p-3", "0x1.aa3b900000000p-1",
    ]  # fmt: skip
    assert philox.integers(1, Purpose.TASK, 8, 100).tolist() == [63, 17, 83, 1, 90, 51, 52, 17]
    assert philox.permutation(1, Purpose.ORDER, 10).tolist() == [0, 4, 9, 7, 8, 2, 3, 6, 1, 5]
    assert [float(v).hex() for v in philox.normal(1, Purpose.NOISE, 4)] == [
        "-0x1.2cbdd772e9f71p+0", "-0x1.cba8ca2a5d129p-1", "-0x1.bf4fc2c6db148p-2", "0x1.b8ad8415fa73dp-2",
    ]  # fmt: skip


@given(seed=SEEDS, other=SEEDS, at=AT, elsewhere=AT)
def test_streams_of_different_names_differ(
    seed: int, other: int, at: tuple[int, int, int], elsewhere: tuple[int, int, int]
) -> None:
    mine = philox.words(seed, Purpose.TASK, 8, at).tolist()
    for purpose in set(Purpose) - {Purpose.TASK}:
        assert philox.words(seed, purpose, 8, at).tolist() != mine
    if other != seed:
        assert philox.words(other, Purpose.TASK, 8, at).tolist() != mine
    if elsewhere != at:
        assert philox.words(seed, Purpose.TASK, 8, elsewhere).tolist() != mine


@pytest.mark.parametrize("bit", [0, 1, 31, 32, 47])
def test_every_bit_of_a_seed_counts(bit: int) -> None:
    a, b = philox.words(0, Purpose.NOISE, 1000), philox.words(1 << bit, Purpose.NOISE, 1000)
    assert np.count_nonzero(a == b) <= 1


@given(seed=SEEDS, at=AT, short=st.integers(0, 40), long=st.integers(0, 40))
def test_fewer_values_are_the_beginning_of_more(seed: int, at: tuple[int, int, int], short: int, long: int) -> None:
    short, long = sorted((short, long))
    for draw in (philox.words, philox.uniform, philox.normal):
        few, many = draw(seed, Purpose.NOISE, short, at), draw(seed, Purpose.NOISE, long, at)
        assert (len(few), len(many)) == (short, long)
        assert few.tobytes() == many[:short].tobytes()
    drawn = philox.integers(seed, Purpose.NOISE, short, 7, at)
    assert drawn.tolist() == philox.integers(seed, Purpose.NOISE, long, 7, at)[:short].tolist()


@pytest.mark.parametrize("seed", [-1, philox.SEED_LIMIT, 2**64])
@pytest.mark.parametrize("draw", [philox.words, philox.uniform, philox.normal, philox.permutation])
def test_a_seed_out_of_range_is_refused(draw: Callable[..., Any], seed: int) -> None:
    with pytest.raises(ValueError, match="seed"):
        draw(seed, Purpose.TASK, 4)


@pytest.mark.parametrize("seed", [1.0, 1.5, "1", None])
def test_a_seed_that_is_no_integer_is_refused(seed: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        philox.words(seed, Purpose.TASK, 4)


@pytest.mark.parametrize("at", [(-1, 0, 0), (0, 2**32, 0)])
def test_a_coordinate_out_of_range_is_refused(at: tuple[int, int, int]) -> None:
    with pytest.raises((ValueError, OverflowError)):
        philox.words(1, Purpose.TASK, 4, at)


@pytest.mark.parametrize("limit", [0, -1, 2**16 + 1])
def test_a_limit_out_of_range_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match="limit"):
        philox.integers(1, Purpose.TASK, 4, limit)


def kolmogorov_smirnov(sample: F64, distribution: Callable[[F64], F64]) -> float:
    """The largest distance of the sample's distribution function from the given one, times sqrt(n)."""
    at, n = distribution(np.sort(sample)), len(sample)
    steps = np.arange(n + 1) / n
    return float(np.sqrt(n) * max((at - steps[:-1]).max(), (steps[1:] - at).max()))


@pytest.mark.parametrize("seed", [1, 2**47 + 5])
def test_uniform_is_uniform(seed: int) -> None:
    sample = philox.uniform(seed, Purpose.NOISE, MANY)
    assert sample.dtype == np.float32
    assert 0.0 <= sample.min() < 1e-4
    assert 1 - 1e-4 < sample.max() < 1.0
    wide = sample.astype(np.float64)
    assert wide.mean() == pytest.approx(1 / 2, abs=5 * math.sqrt(1 / 12 / MANY))
    assert wide.var() == pytest.approx(1 / 12, abs=5 * math.sqrt(1 / 180 / MANY))
    assert kolmogorov_smirnov(wide, lambda u: u) < 1.95  # one in a thousand samples is further away
    assert abs(np.corrcoef(wide[:-1], wide[1:])[0, 1]) < 5 / math.sqrt(MANY)


@pytest.mark.parametrize("seed", [1, 2**47 + 5])
def test_normal_is_normal(seed: int) -> None:
    sample = philox.normal(seed, Purpose.NOISE, MANY)
    n = MANY
    assert sample.dtype == np.float64
    assert sample.mean() == pytest.approx(0, abs=5 / math.sqrt(n))
    assert (sample**2).mean() == pytest.approx(1, abs=5 * math.sqrt(2 / n))
    assert (sample**3).mean() == pytest.approx(0, abs=5 * math.sqrt(15 / n))
    assert (sample**4).mean() == pytest.approx(3, abs=5 * math.sqrt(96 / n))
    cdf = np.vectorize(NormalDist().cdf)
    assert kolmogorov_smirnov(sample, cdf) < 1.95
    assert abs(np.corrcoef(sample[:-1], sample[1:])[0, 1]) < 5 / math.sqrt(n)


def test_normal_quantile_agrees_with_the_standard_library() -> None:
    ends = (np.array([0, 1, 2, 1000, 2**31, 2**32 - 3, 2**32 - 1]) + 0.5) * 2.0**-32
    u = np.concatenate([ends, np.linspace(1e-6, 1 - 1e-6, 20_001), [0.074999, 0.075, 0.075001, 0.925]])
    want = np.array([NormalDist().inv_cdf(float(x)) for x in u])
    np.testing.assert_allclose(philox.normal_quantile(u), want, rtol=4e-15, atol=1e-15)


def test_normal_quantile_is_odd_and_rising() -> None:
    u = np.linspace(1e-9, 0.5, 100_001)
    z = philox.normal_quantile(u)
    assert np.all(np.diff(z) > 0)
    exact = u[u >= 2**-20]  # 1 - u is rounded below
    exact = np.round(exact * 2**30) / 2**30
    assert np.array_equal(philox.normal_quantile(exact), -philox.normal_quantile(1.0 - exact))
    assert philox.normal_quantile(np.array([0.5])).tolist() == [0.0]


def test_the_most_extreme_words_give_finite_normals() -> None:
    z = philox.normal_quantile((np.array([0.0, 2.0**32 - 1]) + 0.5) * 2.0**-32)
    assert -6.4 < z[0] < -6.2
    assert 6.2 < z[1] < 6.4


def test_log_agrees_with_the_standard_library_within_2_ulp() -> None:
    draw = np.random.default_rng(1)
    x = np.concatenate(
        [
            np.exp(draw.uniform(-700, 700, 40_000)),
            draw.uniform(0.5, 2, 40_000),
            1 + draw.uniform(-1e-6, 1e-6, 10_000),
            [0.5, 2.0, math.sqrt(0.5), 0.7071067811865476, 2.2250738585072014e-308, 1.7976931348623157e308],
        ]
    )
    want = np.array([math.log(v) for v in x])
    apart = np.abs(philox.log(x) - want)
    assert np.all(apart <= 2 * np.array([math.ulp(v) for v in want]))
    assert philox.log(np.array([1.0])).tolist() == [0.0]


@given(seed=SEEDS, at=AT, count=st.integers(0, 300))
def test_a_permutation_has_every_index_once(seed: int, at: tuple[int, int, int], count: int) -> None:
    found = philox.permutation(seed, Purpose.ORDER, count, at)
    assert found.dtype == np.int32
    assert sorted(found.tolist()) == list(range(count))


def test_permutations_are_uniform_over_positions() -> None:
    size, draws = 6, 6000
    found = np.stack([philox.permutation(seed, Purpose.ORDER, size) for seed in range(draws)])
    table = np.stack([np.bincount(found[:, at], minlength=size) for at in range(size)])
    chi_square = ((table - draws / size) ** 2 / (draws / size)).sum()
    assert chi_square < 57  # (6 - 1)^2 = 25 degrees of freedom: exceeded once in 3000
    assert len({tuple(row) for row in found.tolist()}) > 0.99 * math.factorial(size)


@given(seed=SEEDS, count=st.integers(1, 200), limit=st.integers(1, 2**16))
def test_integers_stay_below_their_limit(seed: int, count: int, limit: int) -> None:
    found = philox.integers(seed, Purpose.TASK, count, limit)
    assert found.dtype == np.int64
    assert found.shape == (count,)
    assert 0 <= found.min() <= found.max() < limit


@pytest.mark.parametrize("limit", [1, 2, 3, 10, 1000])
def test_integers_take_every_value_equally_often(limit: int) -> None:
    counts = np.bincount(philox.integers(3, Purpose.TASK, MANY, limit), minlength=limit)
    assert len(counts) == limit
    chi_square = ((counts - MANY / limit) ** 2 / (MANY / limit)).sum()
    assert chi_square <= (limit - 1) + 5 * math.sqrt(2 * (limit - 1))


def test_integers_follow_the_words_themselves() -> None:
    words = philox.words(9, Purpose.TASK, 50)
    assert philox.integers(9, Purpose.TASK, 50, 1000).tolist() == [int(w) * 1000 >> 32 for w in words]
