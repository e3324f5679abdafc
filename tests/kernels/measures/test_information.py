"""Information in binned activations against its plain definition."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.measures import binned, information, layer_information, possible_information

SHAPES = {"units": st.integers(1, 9), "patterns": st.integers(1, 70), "bins": st.integers(1, 6)}


def bits(values: list[object]) -> float:
    """Entropy of the shares of equal values, by a dictionary of counts."""
    return -sum(n / len(values) * math.log2(n / len(values)) for n in Counter(values).values())


def drawn(seed: int, units: int, patterns: int, bins: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.integers(0, bins, (units, patterns)).astype(np.uint8), random.integers(0, 2, patterns)


@settings(max_examples=80)
@given(seed=st.integers(0, 10**6), **SHAPES)
def test_information_is_what_its_definition_says_and_within_bounds(
    seed: int, units: int, patterns: int, bins: int
) -> None:
    codes, labels = drawn(seed, units, patterns, bins)
    i_xt, i_ty = information(codes, labels)
    states: list[object] = [tuple(column) for column in codes.T.tolist()]
    assert i_xt == pytest.approx(bits(states), abs=1e-12)
    within = sum(
        np.mean(labels == y) * bits([s for s, label in zip(states, labels, strict=True) if label == y])
        for y in set(labels.tolist())
    )
    assert i_ty == pytest.approx(bits(states) - within, abs=1e-12), "H(T) - H(T|Y)"
    assert 0 <= i_ty <= min(i_xt, bits(labels.tolist())) + 1e-12
    assert i_xt <= math.log2(patterns) + 1e-12


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), **SHAPES)
def test_the_order_of_patterns_and_units_and_the_names_of_bins_do_not_matter(
    seed: int, units: int, patterns: int, bins: int
) -> None:
    codes, labels = drawn(seed, units, patterns, bins)
    random = np.random.default_rng(seed + 1)
    moved, names = random.permutation(patterns), random.permutation(256).astype(np.uint8)
    other = names[codes[random.permutation(units)][:, moved]]
    assert information(other, labels[moved]) == information(codes, labels), "to the last bit: sums are rounded once"


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), **SHAPES)
def test_another_unit_never_takes_information_away(seed: int, units: int, patterns: int, bins: int) -> None:
    codes, labels = drawn(seed, units + 1, patterns, bins)
    fewer, more = information(codes[:-1], labels), information(codes, labels)
    assert more[0] >= fewer[0] - 1e-12
    assert more[1] >= fewer[1] - 1e-12


HALVES = np.arange(4096) % 2


def test_a_constant_layer_tells_nothing() -> None:
    assert information(np.full((7, 4096), 3, np.uint8), HALVES) == (0.0, 0.0)


def test_an_injective_layer_tells_all() -> None:
    codes = (np.arange(4096) >> np.arange(12)[:, None] & 1).astype(np.uint8)
    i_xt, i_ty = information(codes, HALVES)
    assert np.float32(i_xt) == 12.0
    assert np.float32(i_ty) == 1.0


def test_the_label_alone_and_all_but_the_label() -> None:
    label = HALVES[None].astype(np.uint8)
    assert information(label, HALVES) == (1.0, 1.0)
    rest = (np.arange(4096) // 2 % 8)[None].astype(np.uint8)
    i_xt, i_ty = information(rest, HALVES)
    assert np.float32(i_xt) == 3.0
    assert i_ty == pytest.approx(0.0, abs=1e-12)


def test_a_known_case_between() -> None:
    """Two thirds and one third: log2 3 - 2/3 bits."""
    i_xt, _ = information(np.array([[0, 0, 1]], np.uint8), np.array([0, 1, 0]))
    assert i_xt == pytest.approx(math.log2(3) - 2 / 3, abs=1e-14)


def test_wide_layers_are_told_apart_by_any_unit() -> None:
    codes = np.zeros((200, 201), np.uint8)
    codes[np.arange(200), np.arange(200)] = 1
    assert information(codes, np.zeros(201, np.int64))[0] == pytest.approx(math.log2(201), abs=1e-12)


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), bins=st.integers(1, 40), low=st.integers(-3, 0), high=st.integers(1, 3))
def test_bins_are_what_their_definition_says(seed: int, bins: int, low: int, high: int) -> None:
    values = (2 * np.random.default_rng(seed).standard_normal((3, 20))).astype(np.float32)
    codes = binned(values, low, high, bins)
    edges = [low + (high - low) * k / bins for k in range(1, bins)]
    for value, code in zip(values.ravel().tolist(), codes.ravel().tolist(), strict=True):
        near_an_edge = any(abs(value - edge) < 1e-9 for edge in edges)
        assert near_an_edge or code == sum(value >= edge for edge in edges)


def test_the_ends_are_in_the_outermost_bins() -> None:
    values = np.array([[-1.0, -0.94, -0.93, 0.0, 0.93, 0.94, 1.0]], np.float32)
    assert binned(values, -1.0, 1.0, 30).tolist() == [[0, 0, 1, 15, 28, 29, 29]]
    assert binned(np.array([[-5.0, np.inf, -np.inf]], np.float32), -1.0, 1.0, 30).tolist() == [[0, 29, 0]]


def test_a_power_of_two_of_a_layer_is_in_the_same_bins() -> None:
    values = np.abs(np.random.default_rng(1).standard_normal((5, 300))).astype(np.float32)
    for exponent in (-60, -3, 40):
        scaled = values * np.float32(2.0**exponent)
        assert np.array_equal(binned(scaled, 0.0, float(scaled.max()), 6), binned(values, 0.0, float(values.max()), 6))


@pytest.mark.parametrize("top", [0.0, -1.0, np.inf, np.nan])
def test_a_dead_or_diverged_layer_is_in_one_bin(top: float) -> None:
    values = np.array([[0.0, 1.0, np.inf]], np.float32)
    assert not binned(values, 0.0, top, 6).any()
    assert not binned(np.array([[0.5, np.nan]], np.float32), -1.0, 1.0, 30).any()


@pytest.mark.parametrize("bounds", [(-1.0, 1.0), None])
def test_a_layers_information_is_that_of_each_cell_in_its_bins(bounds: tuple[float, float] | None) -> None:
    scale = np.array([[[1]], [[0.5]], [[8]]], np.float32)
    values = np.random.default_rng(1).random((3, 2, 40)).astype(np.float32) * scale
    labels = np.random.default_rng(2).integers(0, 2, (3, 40))
    found = layer_information(values, labels, 5, bounds)
    assert found.shape == (2, 3)
    for cell in range(3):
        low, high = bounds or (0.0, float(values[cell].max()))
        assert tuple(found[:, cell]) == information(binned(values[cell], low, high, 5), labels[cell])


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), units=st.integers(1, 9), bins=st.integers(1, 6), inputs=st.integers(1, 7))
def test_what_layers_tell_is_possible_and_more_is_not(seed: int, units: int, bins: int, inputs: int) -> None:
    codes, _ = drawn(seed, units, 2**inputs, bins)
    labels = np.random.default_rng(seed).permutation(2**inputs) % 2
    i_xt, i_ty = (np.array([value], np.float32) for value in information(codes, labels))
    assert possible_information(i_xt, i_ty, inputs)
    assert not possible_information(i_xt, i_xt + np.float32(0.01), inputs), "more of the label than of all"
    assert not possible_information(i_ty + np.float32(inputs - 0.99), i_ty, inputs), "more than a class has patterns"
