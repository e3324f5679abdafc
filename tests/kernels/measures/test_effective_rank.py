"""Measures against their plain definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.measures import effective_rank

SHAPES = st.tuples(st.integers(1, 7), st.integers(1, 7))


def plainly(matrix: np.ndarray) -> float:
    """Roy & Vetterli 2007, definition by a loop; singular values from the eigenvalues of the smaller Gram matrix."""
    rows, columns = matrix.shape
    m = matrix.astype(np.float64)
    gram = m @ m.T if rows <= columns else m.T @ m
    values = [math.sqrt(max(0.0, v)) for v in np.linalg.eigvalsh(gram)]
    total, entropy = sum(values), 0.0
    if total == 0:
        return 0.0
    for value in values:
        p = value / total
        if p > 0:
            entropy -= p * math.log(p)
    return math.exp(entropy)


def drawn(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), shape=SHAPES)
def test_effective_rank_is_what_its_definition_says_and_within_bounds(seed: int, shape: tuple[int, int]) -> None:
    matrix = drawn(seed, *shape)
    found = float(effective_rank(matrix))
    assert found == pytest.approx(plainly(matrix), rel=1e-4)
    assert 1 - 1e-12 <= found <= min(shape) + 1e-12


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (3, 8), (8, 3)])
def test_a_rank_one_matrix_has_effective_rank_one(shape: tuple[int, int]) -> None:
    matrix = np.outer(np.arange(1, shape[0] + 1), np.arange(1, shape[1] + 1)).astype(np.float32)
    assert float(effective_rank(matrix)) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4)])
def test_orthogonal_rows_or_columns_have_the_full_effective_rank(shape: tuple[int, int]) -> None:
    q, _ = np.linalg.qr(drawn(3, max(shape), max(shape)).astype(np.float64))
    part = q[: shape[0], : shape[1]].astype(np.float32)
    assert float(effective_rank(part)) == pytest.approx(min(shape), rel=1e-6)


def test_a_known_matrix_between_the_bounds() -> None:
    matrix = np.diag([3.0, 1.0]).astype(np.float32)
    want = math.exp(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    assert float(effective_rank(matrix)) == pytest.approx(want, rel=1e-12)


def test_a_zero_matrix_has_effective_rank_zero() -> None:
    assert effective_rank(np.zeros((2, 3, 4), np.float32)).tolist() == [0.0, 0.0]


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), exponent=st.integers(-20, 20))
def test_scale_does_not_matter(seed: int, exponent: int) -> None:
    matrix = drawn(seed, 4, 6)
    scaled = matrix * np.float32(2.0**exponent)
    assert float(effective_rank(scaled)) == pytest.approx(float(effective_rank(matrix)), rel=1e-12)


def test_each_matrix_of_a_batch_is_measured_by_itself() -> None:
    batch = drawn(1, 2, 3, 5, 4)
    batch[1, 2] = 0
    found = effective_rank(batch)
    assert found.shape == (2, 3)
    assert found.dtype == np.float64
    for i in range(2):
        for j in range(3):
            assert found[i, j] == pytest.approx(float(effective_rank(batch[i, j])), rel=1e-12)
