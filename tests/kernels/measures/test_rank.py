"""Spectral measures of centred matrices against their plain definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.measures import (
    centred_singular_values,
    effective_rank,
    entropy_rank,
    explained,
    participation_ratio,
    spectrum_flops,
    stable_rank,
)

SHAPES = st.tuples(st.integers(1, 7), st.integers(2, 9))
SEEDS = st.integers(0, 10**6)
MEASURES = (entropy_rank, stable_rank, participation_ratio)


def drawn(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def eigenvalues(matrix: np.ndarray) -> np.ndarray:
    """Of the covariance, by numpy's own estimator."""
    return np.sort(np.atleast_1d(np.linalg.eigvalsh(np.atleast_2d(np.cov(matrix.astype(np.float64))))))[::-1]


@settings(max_examples=60)
@given(seed=SEEDS, shape=SHAPES)
def test_squared_centred_singular_values_are_the_covariance_eigenvalues(seed: int, shape: tuple[int, int]) -> None:
    matrix = drawn(seed, *shape) + np.float32(3)
    values = centred_singular_values(matrix)
    assert values.shape == (shape[0],)
    assert np.all(np.diff(values) <= 0)
    want = np.clip(eigenvalues(matrix), 0, None)
    assert values**2 / (shape[1] - 1) == pytest.approx(want, rel=1e-9, abs=1e-12 * max(want[0], 1e-300))


@settings(max_examples=60)
@given(seed=SEEDS, shape=SHAPES)
def test_ranks_and_shares_are_what_their_definitions_say(seed: int, shape: tuple[int, int]) -> None:
    matrix = drawn(seed, *shape)
    values = centred_singular_values(matrix)
    variances = eigenvalues(matrix)
    assert stable_rank(values) == pytest.approx(variances.sum() / variances[0], rel=1e-6)
    assert participation_ratio(values) == pytest.approx(variances.sum() ** 2 / (variances**2).sum(), rel=1e-6)
    for k in (1, 3, 100):
        assert explained(values, k) == pytest.approx(variances[:k].sum() / variances.sum(), rel=1e-6)
    centred = (matrix - matrix.astype(np.float64).mean(1, keepdims=True)).astype(np.float32)
    assert entropy_rank(values) == pytest.approx(float(effective_rank(centred)), rel=1e-5)


@settings(max_examples=60)
@given(seed=SEEDS, shape=SHAPES)
def test_ranks_are_in_their_order_within_one_and_the_smaller_side(seed: int, shape: tuple[int, int]) -> None:
    values = centred_singular_values(drawn(seed, *shape))
    stable, ratio, effective = (float(measure(values)) for measure in (stable_rank, participation_ratio, entropy_rank))
    assert 1 - 1e-9 <= stable <= ratio + 1e-9
    assert ratio <= effective + 1e-9
    assert effective <= min(shape[0], shape[1] - 1) * (1 + 1e-9)


@settings(max_examples=30)
@given(seed=SEEDS, exponent=st.integers(-60, 60), shift=st.integers(-8, 8))
def test_neither_scale_nor_mean_nor_an_orthogonal_turn_matters(seed: int, exponent: int, shift: int) -> None:
    matrix = drawn(seed, 4, 16)
    turn, _ = np.linalg.qr(drawn(seed + 1, 4, 4).astype(np.float64))
    moved = ((turn @ matrix + shift) * 2.0**exponent).astype(np.float32)
    for measure in MEASURES:
        want = float(measure(centred_singular_values(matrix)))
        assert float(measure(centred_singular_values(moved))) == pytest.approx(want, rel=1e-4)


def test_equal_variances_in_all_directions_count_all_of_them() -> None:
    corners = np.array([[(i >> bit & 1) * 2 - 1 for i in range(16)] for bit in range(4)], dtype=np.float32)
    values = centred_singular_values(corners)
    assert [float(measure(values)) for measure in MEASURES] == pytest.approx([4, 4, 4])
    assert float(explained(values, 1)) == pytest.approx(0.25)


@pytest.mark.parametrize(
    "matrix",
    [
        np.zeros((5, 8), np.float32),
        np.full((5, 7), 0.1, np.float32),
        np.repeat(np.array([[1e30], [-3.7], [1e-30]], np.float32), 11, axis=1),
        np.full((3, 4), np.inf, np.float32),
        np.full((3, 4), np.nan, np.float32),
    ],
)
def test_what_does_not_vary_or_is_not_finite_has_no_rank(matrix: np.ndarray) -> None:
    values = centred_singular_values(matrix)
    assert not values.any()
    assert [float(measure(values)) for measure in MEASURES] == [0, 0, 0]
    assert float(explained(values, 5)) == 0


@pytest.mark.parametrize("scale", [1e-38, 1e-30, 1e30, 3e37])
def test_extreme_scales_stay_finite(scale: float) -> None:
    values = centred_singular_values((drawn(2, 5, 9) * scale).astype(np.float32))
    for measure in MEASURES:
        want = float(measure(centred_singular_values(drawn(2, 5, 9))))
        assert float(measure(values)) == pytest.approx(want, rel=1e-3)


def test_units_that_never_fire_count_for_nothing() -> None:
    live = drawn(3, 4, 12)
    values = centred_singular_values(np.concatenate([live, np.zeros((60, 12), np.float32)]))
    assert np.count_nonzero(values) == 4
    for measure in MEASURES:
        assert float(measure(values)) == pytest.approx(float(measure(centred_singular_values(live))), rel=1e-12)


def test_more_variables_than_observations_leave_no_more_directions_than_these_less_one() -> None:
    values = centred_singular_values(drawn(4, 30, 8))
    assert values.shape == (30,)
    assert np.count_nonzero(values) == 7


def test_each_matrix_of_a_batch_is_measured_by_itself() -> None:
    batch = drawn(1, 2, 3, 5, 9)
    batch[1, 2] = np.nan
    values = centred_singular_values(batch)
    assert values.shape == (2, 3, 5)
    for measure in MEASURES:
        found = measure(values)
        assert found.shape == (2, 3)
        assert found[1, 2] == 0
        assert found[0, 1] == pytest.approx(float(measure(centred_singular_values(batch[0, 1]))), rel=1e-12)


def test_operations_are_those_of_the_product_and_the_reduction() -> None:
    assert spectrum_flops(3, 10) == pytest.approx(2 * 10 * 9 + 36)
