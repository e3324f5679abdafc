"""Measures of specialization against their plain definitions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.arrays import F32
from kernels.measures import alignment, redundancy, selectivity, sparseness

SEEDS = st.integers(0, 10**6)


def drawn(seed: int, *shape: int) -> F32:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def classes(seed: int, tasks: int, count: int, samples: int) -> F32:
    labels = np.random.default_rng(seed).integers(0, count, (tasks, samples))
    return np.ascontiguousarray(np.eye(count, dtype=np.float32)[labels].transpose(0, 2, 1))


def of_classes(activations: F32, seed: int = 5) -> np.ndarray:
    """Selectivity for two classes that alternate."""
    samples = activations.shape[-1]
    targets = np.eye(2, dtype=np.float32)[:, np.arange(samples) % 2][None]
    return selectivity(activations, targets, np.zeros(len(activations), np.int64))


ALL: list[Callable[[F32], np.ndarray]] = [of_classes, sparseness, lambda w: alignment(w, 4), redundancy]


@settings(max_examples=40)
@given(seed=SEEDS, count=st.integers(2, 4), neurons=st.integers(1, 5))
def test_selectivity_is_what_its_definition_says(seed: int, count: int, neurons: int) -> None:
    activations, targets = np.maximum(drawn(seed, 3, neurons, 30), 0), classes(seed, 2, count, 30)
    task = np.array([1, 0, 1])
    found = selectivity(activations, targets, task)
    for cell in range(3):
        each = []
        for row in activations[cell].astype(float):
            means = [row[shown > 0].mean() for shown in targets[task[cell]] if shown.any()]
            high = max(means)
            low = (sum(means) - high) / (len(means) - 1)
            each.append((high - low) / (high + low) if high + low > 0 else 0)
        assert found[cell] == pytest.approx(np.mean(each), rel=1e-9, abs=1e-12)
        assert 0 <= found[cell] <= 1


def test_selectivity_is_one_for_one_class_alone_and_zero_for_a_constant() -> None:
    samples = np.arange(8)
    one, other, same = samples % 2, (samples % 2 == 0) * 3, np.ones(8)
    assert of_classes(np.array([[one, other]], np.float32)) == pytest.approx([1])
    assert of_classes(np.array([[same, 5 * same]], np.float32)) == pytest.approx([0])
    assert of_classes(np.array([[one, same]], np.float32)) == pytest.approx([0.5])
    assert of_classes(np.array([[3 * one + (1 - one)]], np.float32)) == pytest.approx([0.5])


def test_a_class_that_is_never_shown_does_not_count() -> None:
    targets = np.zeros((1, 3, 4), np.float32)
    targets[0, 0, :2] = targets[0, 2, 2:] = 1
    activations = np.array([[[3, 3, 1, 1]]], np.float32)
    assert selectivity(activations, targets, np.zeros(1, np.int64)) == pytest.approx([0.5])
    targets[0, 0] = 1
    targets[0, 2] = 0
    assert selectivity(activations, targets, np.zeros(1, np.int64)).tolist() == [0]


@settings(max_examples=40)
@given(seed=SEEDS, neurons=st.integers(1, 5), samples=st.integers(2, 20))
def test_sparseness_is_what_its_definition_says(seed: int, neurons: int, samples: int) -> None:
    activations = np.maximum(drawn(seed, 2, neurons, samples), 0)
    found = sparseness(activations)
    for cell in range(2):
        each = []
        for row in activations[cell].astype(float):
            power = (row**2).sum() / samples
            each.append((1 - (row.sum() / samples) ** 2 / power) / (1 - 1 / samples) if power > 0 else 0)
        assert found[cell] == pytest.approx(np.mean(each), rel=1e-9, abs=1e-12)
        assert 0 <= found[cell] <= 1 + 1e-12


def test_sparseness_is_one_for_a_single_sample_and_zero_for_all_alike() -> None:
    assert sparseness(np.array([[[0, 0, 7, 0]]], np.float32)) == pytest.approx([1])
    assert sparseness(np.array([[[0, 1]], [[1, 3]]], np.float32)) == pytest.approx([1, 0.4])


@settings(max_examples=40)
@given(seed=SEEDS, groups=st.integers(1, 4), size=st.integers(1, 4))
def test_alignment_is_what_its_definition_says(seed: int, groups: int, size: int) -> None:
    weights = drawn(seed, 2, 3, groups * size)
    found = alignment(weights, groups)
    for cell in range(2):
        each = []
        for row in weights[cell].astype(float):
            sums = [sum(abs(w) for w in row[g * size : (g + 1) * size]) for g in range(groups)]
            each.append(max(sums) / sum(sums))
        assert found[cell] == pytest.approx(np.mean(each), rel=1e-9)
        assert 1 / groups - 1e-12 <= found[cell] <= 1 + 1e-12


@settings(max_examples=40)
@given(seed=SEEDS, neurons=st.integers(2, 6), inputs=st.integers(1, 5))
def test_redundancy_is_what_its_definition_says(seed: int, neurons: int, inputs: int) -> None:
    weights = drawn(seed, 2, neurons, inputs)
    weights[1, 0] = 0  # a neuron without weights
    found = redundancy(weights)
    for cell in range(2):
        rows = weights[cell].astype(float)
        cosines = []
        for i in range(neurons):
            for j in range(i):
                lengths = np.linalg.norm(rows[i]) * np.linalg.norm(rows[j])
                cosines.append(rows[i] @ rows[j] / lengths if lengths else 0)
        assert found[cell] == pytest.approx(np.mean(cosines), rel=1e-9, abs=1e-12)
        assert -1 / (neurons - 1) - 1e-12 <= found[cell] <= 1 + 1e-12


@pytest.mark.parametrize("samples", [6, 7, 100, 512])
def test_constant_neurons_have_exactly_zero_whatever_rounding_leaves(samples: int) -> None:
    constant = np.repeat(np.array([[[0.1], [0.7], [1.3]]], np.float32), samples, axis=2)
    assert sparseness(constant).tolist() == [0]
    assert of_classes(constant).tolist() == [0]


def test_redundancy_of_equal_opposite_and_orthogonal_neurons() -> None:
    weights = np.array([[[1, 2], [2, 4]], [[1, 2], [-1, -2]], [[1, 2], [-2, 1]]], np.float32)
    assert redundancy(weights) == pytest.approx([1, -1, 0])


@pytest.mark.parametrize("measure", ALL)
@settings(max_examples=20)
@given(seed=SEEDS, exponent=st.integers(-100, 100))
def test_scale_does_not_matter_and_cells_do_not_touch(
    measure: Callable[[F32], np.ndarray], seed: int, exponent: int
) -> None:
    values = np.abs(drawn(seed, 2, 3, 8))
    scaled = values.copy()
    scaled[1] *= np.float32(2.0**exponent)
    assert measure(scaled) == pytest.approx(measure(values), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("measure", ALL)
@pytest.mark.parametrize("bad", [0.0, np.inf, -np.inf, np.nan])
def test_zeros_and_networks_that_diverged_give_zero(measure: Callable[[F32], np.ndarray], bad: float) -> None:
    values = np.abs(drawn(1, 3, 3, 8))
    want = measure(values)
    values[1] = bad
    found = measure(values)
    assert found[1] == 0
    assert found[[0, 2]].tolist() == want[[0, 2]].tolist()


@pytest.mark.parametrize("measure", ALL)
@pytest.mark.parametrize("largest", [1e-45, 1e-38, 3e38])
def test_the_whole_range_of_numbers_is_measured(measure: Callable[[F32], np.ndarray], largest: float) -> None:
    pattern = (np.arange(24).reshape(1, 3, 8) % 5 > 1).astype(np.float32)
    assert measure(pattern * np.float32(largest)) == pytest.approx(measure(pattern), rel=1e-9)
