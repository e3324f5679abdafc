"""Gradient noise against its definition: single samples' gradients, their mean and their covariance."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.arrays import F32
from kernels.engine.contract import Block, Data
from kernels.engine.shapes import Network, Optimizer
from kernels.measures import NOISE_FLOOR, gradient_noise, noise_scale
from kernels.metrics import NOISE_LIMIT
from tests.kernels import tiny

SHAPES = {"parts": st.integers(2, 5), "size": st.integers(1, 4), "cells": st.integers(1, 3)}


def singles(parts: int, size: int, cells: int, seed: int) -> F32:
    """Gradients of single samples [cells, parts, size, parameters] around a mean that is not zero."""
    random = np.random.default_rng(seed)
    drawn = random.standard_normal((cells, parts, size, 5)) + random.standard_normal((cells, 1, 1, 5))
    return drawn.astype(np.float32)


@given(parts=st.integers(2, 30), cells=st.integers(1, 3), seed=st.integers(0, 10**6))
def test_with_parts_of_one_sample_it_is_the_sample_covariance(parts: int, cells: int, seed: int) -> None:
    samples = singles(parts, 1, cells, seed)[:, :, 0]
    trace, square = gradient_noise((samples[:, at] for at in range(parts)), 1)
    assert trace.dtype == square.dtype == np.float32
    for cell, of in enumerate(samples.astype(np.float64)):
        covariance = np.cov(of.T, ddof=1)
        assert trace[cell] == pytest.approx(np.trace(covariance), rel=1e-5)
        assert square[cell] == pytest.approx(np.sum(of.mean(0) ** 2) - np.trace(covariance) / parts, abs=1e-4)


@given(**SHAPES, seed=st.integers(0, 10**6))
def test_it_solves_the_two_equations_of_the_paper(parts: int, size: int, cells: int, seed: int) -> None:
    """|G|^2 = (B' |G'|^2 - B |G_B|^2) / (B' - B), tr = (|G_B|^2 - |G'|^2) / (1 / B - 1 / B')."""
    samples = singles(parts, size, cells, seed)
    small = samples.mean(2, dtype=np.float64)
    trace, square = gradient_noise(small.astype(np.float32).swapaxes(0, 1), size)
    for cell in range(cells):
        b, all_ = size, size * parts
        of_small = np.mean([g @ g for g in small[cell]])
        whole = samples[cell].reshape(all_, -1).mean(0, dtype=np.float64)
        of_big = whole @ whole
        assert trace[cell] == pytest.approx((of_small - of_big) / (1 / b - 1 / all_), rel=1e-4, abs=1e-4)
        assert square[cell] == pytest.approx((all_ * of_big - b * of_small) / (all_ - b), rel=1e-4, abs=1e-4)


def test_over_all_draws_from_a_population_it_has_no_bias() -> None:
    """Every sequence of four from three gradients, cut in two parts: the mean estimate is the population's value."""
    population = np.array([[1.0, 0.0], [0.0, 2.0], [-3.0, 1.0]])
    found = []
    for drawn in itertools.product(population, repeat=4):
        halves = np.array(drawn).reshape(2, 2, 2).mean(1)
        found.append([float(v[0]) for v in gradient_noise(halves[:, None].astype(np.float32), 2)])
    mean = population.mean(0)
    trace, square = np.mean(found, axis=0)
    assert trace == pytest.approx(np.mean(np.sum((population - mean) ** 2, axis=1)), rel=1e-5)
    assert square == pytest.approx(mean @ mean, rel=1e-5)


@given(**SHAPES, seed=st.integers(0, 10**6), exponent=st.integers(-20, 6))
def test_scaling_and_neighbours(parts: int, size: int, cells: int, seed: int, exponent: int) -> None:
    gradients = singles(parts, 1, cells, seed)[:, :, 0].swapaxes(0, 1)
    factor = np.float32(2.0**exponent)
    trace, square = gradient_noise(gradients, size)
    larger = gradient_noise(gradients * factor, size)
    np.testing.assert_array_equal(larger[0], trace * factor**2)
    np.testing.assert_array_equal(larger[1], square * factor**2)
    np.testing.assert_array_equal(noise_scale(*larger), noise_scale(trace, square))
    for cell in range(cells):
        alone = gradient_noise(gradients[:, cell : cell + 1], size)
        assert [alone[0][0], alone[1][0]] == [trace[cell], square[cell]]


def test_of_a_network_it_is_what_single_samples_say() -> None:
    engine, random = tiny.engine("c"), np.random.default_rng(3)
    network = Network((3, 8, 2))
    params = random.standard_normal((1, network.parameters)).astype(np.float32)
    block = Block(network, Optimizer("sgd"), np.zeros(1, np.uint64), params, np.zeros((0, *params.shape), np.float32))
    x = random.standard_normal((1, 3, 24)).astype(np.float32)
    y = np.eye(2, dtype=np.float32)[random.integers(0, 2, 24)].T[None].copy()

    data = Data(x, y, np.zeros(1, np.int64))

    def gradient(first: int, end: int) -> F32:
        return engine.gradient(block, data.part(first, end))

    single = np.stack([gradient(at, at + 1)[0] for at in range(24)]).astype(np.float64)
    trace, square = gradient_noise((gradient(at, at + 1) for at in range(24)), 1)
    assert trace[0] == pytest.approx(np.trace(np.cov(single.T)), rel=1e-5)
    whole = gradient(0, 24)[0].astype(np.float64)
    assert square[0] == pytest.approx(whole @ whole - trace[0] / 24, rel=1e-4)


def test_a_part_of_samples_is_a_copy_of_them() -> None:
    data = Data(np.arange(12, dtype=np.float32).reshape(1, 2, 6), np.ones((1, 1, 6), np.float32), np.zeros(3, np.int64))
    part = data.part(2, 5)
    assert part.x.tolist() == [[[2, 3, 4], [8, 9, 10]]]
    assert part.y.shape == (1, 1, 3)
    assert part.x.flags.c_contiguous
    assert not np.shares_memory(part.x, data.x)
    assert part.task.tolist() == [0, 0, 0]


def test_noise_alone_gives_a_square_below_zero_and_the_limit_as_scale() -> None:
    gradients = np.array([[[1.0, 0.0]], [[-1.0, 0.0]]], np.float32)
    trace, square = gradient_noise(gradients, 8)
    assert [trace[0], square[0]] == [16.0, -1.0]
    assert noise_scale(trace, square).tolist() == [NOISE_LIMIT]


def test_scale_is_a_ratio_within_its_limit() -> None:
    trace = np.array([6.0, 0.0, 0.0, 1.0, 1.0, NOISE_LIMIT], np.float32)
    square = np.array([2.0, 0.0, 3.0, 0.0, 1e-7, NOISE_LIMIT], np.float32)
    assert noise_scale(trace, square).tolist() == [3.0, 0.0, 0.0, NOISE_LIMIT, NOISE_LIMIT, 1.0]


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan, 3e38])
def test_what_diverged_has_the_limit(bad: float) -> None:
    gradients = np.ones((3, 2, 4), np.float32)
    gradients[1, 0, 2] = bad
    trace, square = gradient_noise(gradients, 5)
    assert trace.tolist() == [NOISE_LIMIT, 0.0]
    assert abs(square[0]) == NOISE_LIMIT
    assert square[1] == 4.0


def test_what_is_too_small_to_divide_is_zero() -> None:
    tiny_ones = np.array([[[1e-17]], [[-1e-17]]], np.float32)
    trace, square = gradient_noise(tiny_ones, 1)
    assert [trace[0], square[0]] == [0.0, 0.0]
    assert np.float32(NOISE_FLOOR) / np.float32(2048) > np.finfo(np.float32).tiny


@settings(max_examples=30)
@given(values=st.lists(st.floats(width=32), min_size=12, max_size=12))
def test_whatever_comes_in_what_comes_out_is_finite_and_bounded(values: list[float]) -> None:
    trace, square = gradient_noise(np.array(values, np.float32).reshape(3, 2, 2), 4)
    scale = noise_scale(trace, square)
    assert np.all((trace >= 0) & (trace <= NOISE_LIMIT))
    assert np.all(np.abs(square) <= NOISE_LIMIT)
    assert np.all((scale >= 0) & (scale <= NOISE_LIMIT))


@pytest.mark.parametrize("parts", [0, 1])
def test_one_part_shows_no_noise(parts: int) -> None:
    with pytest.raises(ValueError, match="two or more"):
        gradient_noise(np.ones((parts, 1, 2), np.float32), 1)
