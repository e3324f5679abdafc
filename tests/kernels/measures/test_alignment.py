"""Linear CKA and relative distance against their plain definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.arrays import F32
from kernels.measures import DISTANCE_LIMIT, mean_pairwise_cka, relative_distance


def random(seed: int, *shape: int) -> F32:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def plain(a: F32, b: F32) -> float:
    """By centered Gram matrices over samples: HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L))."""
    n = a.shape[1]
    center = np.eye(n) - 1 / n
    k, m = (center @ (x.T.astype(float) @ x.astype(float)) @ center for x in (a, b))
    return float(np.trace(k @ m) / np.sqrt(np.trace(k @ k) * np.trace(m @ m)))


def cka(a: F32, b: F32) -> float:
    return float(mean_pairwise_cka(np.stack([a, b])))


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(3, 12))
def test_cka_is_that_of_gram_matrices(seed: int, features: int, samples: int) -> None:
    a, b = random(seed, features, samples), random(seed + 1, features, samples) + 3
    alike = cka(a, b)
    assert alike == pytest.approx(plain(a, b), rel=1e-6)
    assert 0 <= alike <= 1
    assert cka(b, a) == pytest.approx(alike, rel=1e-9)


def test_rotations_scalings_and_shifts_do_not_matter() -> None:
    a = random(1, 5, 40)
    rotation = np.linalg.qr(random(2, 5, 5))[0]
    assert cka(a, (1e3 * rotation @ a + 7).astype(np.float32)) == pytest.approx(1, abs=1e-5)
    assert cka(a, a[::-1].copy()) == pytest.approx(1, abs=1e-9)
    assert cka(a, random(3, 5, 40)) < 0.5


def test_what_has_no_direction_is_aligned_with_nothing() -> None:
    a = random(1, 3, 9)
    for broken in (np.full_like(a, 2.0), np.full_like(a, np.nan), np.full_like(a, np.inf), np.zeros_like(a)):
        assert cka(a, broken) == 0
    assert cka(a, np.float32(1e38) * np.sign(a)) > 0


def test_the_mean_is_over_all_pairs_of_each_cell() -> None:
    replicas = random(5, 2, 4, 3, 20)
    pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    want = [np.mean([plain(cell[i], cell[j]) for i, j in pairs]) for cell in replicas]
    assert mean_pairwise_cka(replicas).tolist() == pytest.approx(want, rel=1e-6)


def test_relative_distance() -> None:
    start = np.array([[3.0, 4.0], [3.0, 4.0], [1.0, 0.0], [1.0, 0.0]], dtype=np.float32)
    now = np.array([[3.0, 4.0], [6.0, 8.0], [np.nan, 0.0], [1e30, 0.0]], dtype=np.float32)
    assert relative_distance(now, start).tolist() == [0.0, 1.0, DISTANCE_LIMIT, DISTANCE_LIMIT]
