"""Power laws, their bend, and the Pareto front against their plain definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.claims import pareto_fronts, power_law

SEEDS = st.integers(0, 10**6)
COUNTS = st.integers(3, 9)


def drawn(seed: int, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Positive x, all different, and y."""
    rng = np.random.default_rng(seed)
    return np.cumsum(rng.uniform(0.1, 2.0, points)), np.exp(rng.standard_normal(points))


@settings(max_examples=60)
@given(seed=SEEDS, points=COUNTS, b=st.floats(-3, 3), a=st.floats(1e-6, 1e6))
def test_an_exact_power_law_has_its_exponent_and_no_bend(seed: int, points: int, b: float, a: float) -> None:
    x, _ = drawn(seed, points)
    fit = power_law(x, a * x**b)
    assert fit.exponent == pytest.approx(b, abs=1e-9)
    assert fit.bend == pytest.approx(0, abs=1e-6)
    if abs(b) > 1e-3:
        assert fit.r2 == pytest.approx(1, abs=1e-9)


@settings(max_examples=60)
@given(seed=SEEDS, points=COUNTS)
def test_fits_are_those_of_numpys_least_squares(seed: int, points: int) -> None:
    x, y = drawn(seed, points)
    u, v = np.log(x), np.log(y)
    slope, intercept = np.polyfit(u, v, 1)
    fit = power_law(x, y)
    assert fit.exponent == pytest.approx(slope, rel=1e-6, abs=1e-9)
    left = sum((vi - intercept - slope * ui) ** 2 for ui, vi in zip(u, v, strict=True))
    assert fit.r2 == pytest.approx(1 - left / sum((vi - v.mean()) ** 2 for vi in v), abs=1e-9)
    assert 0 <= fit.r2 <= 1
    assert fit.bend == pytest.approx(np.polyfit(u, v, 2)[0], rel=1e-5, abs=1e-7)


@settings(max_examples=60)
@given(seed=SEEDS, points=COUNTS, by_x=st.floats(1e-3, 1e3), by_y=st.floats(1e-3, 1e3))
def test_units_do_not_matter_and_turning_y_over_turns_the_exponent(
    seed: int, points: int, by_x: float, by_y: float
) -> None:
    x, y = drawn(seed, points)
    fit, other, turned = power_law(x, y), power_law(by_x * x, by_y * y), power_law(x, 1 / y)
    assert other.exponent == pytest.approx(float(fit.exponent), rel=1e-6, abs=1e-9)
    assert other.r2 == pytest.approx(float(fit.r2), abs=1e-9)
    assert other.bend == pytest.approx(float(fit.bend), rel=1e-5, abs=1e-6)
    assert turned.exponent == pytest.approx(-float(fit.exponent), rel=1e-6, abs=1e-9)


def test_a_floor_bends_upwards_and_a_cliff_downwards() -> None:
    x = np.exp2(np.arange(7, dtype=np.float64))
    assert power_law(x, 1 / x + 0.1).bend > 0.05
    assert power_law(x, 1 / x - 0.01).bend < -0.05
    assert power_law(x, np.exp(0.3 * np.log(x) ** 2 - np.log(x))).bend == pytest.approx(0.3, rel=1e-9)


def test_every_row_of_a_batch_is_fitted_by_itself() -> None:
    x = np.array([1.0, 2.0, 4.0, 8.0])
    y = np.stack([x**-1, x**0.5, np.full(4, 3.0)]).reshape(3, 1, 4)
    fit = power_law(x, y)
    assert fit.exponent[:, 0].tolist() == pytest.approx([-1, 0.5, 0])
    assert fit.r2[:, 0].tolist() == pytest.approx([1, 1, 0])
    assert fit.bend.shape == (3, 1)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([1, 2, 3], [1, 0, 1]),
        ([1, 2, 3], [1, -2, 1]),
        ([1, 2, 3], [1, math.nan, 1]),
        ([1, 2, 3], [1, math.inf, 1]),
        ([0, 2, 3], [1, 2, 1]),
        ([2, 2, 2], [1, 2, 3]),
        ([1, 2, 3], [0.1, 0.1, 0.1]),
        ([1, 2, 3, 4, 5], [7, 7, 7, 7, 7]),  # whose logarithms are not their mean
        ([0, 0, 0], [0, 0, 0]),
        ([1], [1]),
    ],
)
def test_where_there_is_no_law_all_is_zero(x: list[float], y: list[float]) -> None:
    of = np.array(x, np.float64), np.array(y, np.float64)
    assert [float(value) for value in power_law(*of)] == [0, 0, 0]


def test_two_different_x_cannot_bend() -> None:
    for x in ([1.0, 1.0, 3.0], [2.0, 7.0], [1.0, 4.0, 1.0, 4.0]):
        y = np.arange(1.0, len(x) + 1)
        assert power_law(np.array(x), y).exponent != 0
        assert power_law(np.array(x), y).bend == 0


@settings(max_examples=60)
@given(seed=SEEDS, points=COUNTS, others=st.integers(0, 4))
def test_only_the_points_among_are_fitted(seed: int, points: int, others: int) -> None:
    """Whatever the others hold, and wherever they stand."""
    x, y = drawn(seed, points)
    place = np.random.default_rng(seed).permutation(points + others)
    among = (np.arange(points + others) < points)[place]
    left, right = (np.concatenate([of, [0.0, 9.0, np.nan, np.inf][:others]])[place] for of in (x, y))
    for found, want in zip(power_law(left, right, among), power_law(x, y), strict=True):
        assert found == pytest.approx(float(want), rel=1e-9, abs=1e-9)
    assert [float(value) for value in power_law(left, right, np.zeros_like(among))] == [0, 0, 0]


POINTS = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=12)


def fronts(cost: np.ndarray, losses: np.ndarray) -> list[list[tuple[float, float]]]:
    """The points (cost, loss) of the front of each row."""
    found = pareto_fronts(cost, losses)
    assert found.cost.shape == found.loss.shape == found.among.shape
    rows = zip(*found, strict=True)
    return [list(zip(at[on].tolist(), loss[on].tolist(), strict=True)) for at, loss, on in rows]


@settings(max_examples=200)
@given(points=POINTS, seed=SEEDS, rows=st.integers(1, 4))
def test_fronts_are_what_their_definition_says(points: list[tuple[int, int]], seed: int, rows: int) -> None:
    """Few different values, so that ties are common; of every row by itself, and in whatever order points are."""
    cost, loss = np.array(points, np.float64).T
    losses = np.stack([loss, *np.random.default_rng(seed).integers(1, 7, (rows - 1, len(points)))])
    found = fronts(cost, losses)
    for row, front in zip(losses, found, strict=True):
        of = {*zip(cost.tolist(), row.tolist(), strict=True)}
        want = {(c, e) for c, e in of if not any(oc <= c and oe <= e and (oc, oe) != (c, e) for oc, oe in of)}
        assert front == sorted(want)
    other = np.random.default_rng(seed).permutation(len(points))
    assert fronts(cost[other], losses[:, other]) == found


def test_a_loss_that_is_not_finite_is_never_on_a_front() -> None:
    losses = np.array([[np.inf, 2.0, 1.0], [3.0, np.inf, 1.0], [np.inf, np.inf, np.inf]])
    assert fronts(np.array([1.0, 2.0, 3.0]), losses) == [[(2, 2), (3, 1)], [(1, 3), (3, 1)], []]


def test_without_rows_there_are_no_fronts_and_no_laws() -> None:
    none = pareto_fronts(np.array([1.0, 2.0]), np.empty((0, 2)))
    assert [of.shape for of in power_law(*none)] == [(0,)] * 3
