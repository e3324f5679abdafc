"""Norms of weights and gradients, and their ratios, against their plain definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.engine.shapes import Layer
from kernels.measures import RATIO_LIMIT, input_norms, norm_ratio, weight_norms
from kernels.metrics import NORM_LIMIT

LAYERS = st.builds(Layer, st.integers(1, 6), st.integers(1, 6), st.integers(0, 5))


def drawn(layer: Layer, cells: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((cells, layer.biases.stop + 3)).astype(np.float32)


@given(layer=LAYERS, cells=st.integers(1, 3), seed=st.integers(0, 10**6))
def test_norms_are_those_of_a_loop(layer: Layer, cells: int, seed: int) -> None:
    rows = drawn(layer, cells, seed)
    whole, each = weight_norms(rows, layer), input_norms(rows, layer)
    assert whole.shape == (cells,)
    assert each.shape == (cells, layer.inputs)
    assert whole.dtype == each.dtype == np.float32
    for cell, row in enumerate(rows):
        squares = [0.0] * layer.inputs
        for output in range(layer.outputs):
            for at in range(layer.inputs):
                squares[at] += float(row[layer.start + output * layer.inputs + at]) ** 2
        assert each[cell] == pytest.approx([math.sqrt(s) for s in squares], rel=1e-6)
        assert whole[cell] == pytest.approx(math.sqrt(sum(squares)), rel=1e-6)


@given(layer=LAYERS, seed=st.integers(0, 10**6), exponent=st.integers(-30, 5))
def test_norms_scale_with_what_they_measure(layer: Layer, seed: int, exponent: int) -> None:
    rows, factor = drawn(layer, 2, seed), np.float32(2.0**exponent)
    assert weight_norms(rows * factor, layer) == pytest.approx(weight_norms(rows, layer) * factor, rel=1e-6)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan, 3e38])
def test_what_diverged_has_the_limit_and_its_neighbours_their_own(bad: float) -> None:
    layer = Layer(3, 2, 0)
    rows = np.ones((2, 8), dtype=np.float32)
    rows[0, 1] = bad
    assert weight_norms(rows, layer).tolist() == [NORM_LIMIT, pytest.approx(math.sqrt(6))]
    assert input_norms(rows, layer)[0].tolist() == pytest.approx([math.sqrt(2), NORM_LIMIT, math.sqrt(2)])


@pytest.mark.parametrize(
    ("above", "below", "want"),
    [(0.0, 0.0, 1.0), (1.0, 0.0, 1e3), (0.0, 1.0, 0.0), (3.0, 2.0, 1.5), (1e6, 1e-6, 1e3), (1e6, 1e6, 1.0)],
)
def test_a_ratio_of_norms_is_always_a_number(above: float, below: float, want: float) -> None:
    assert norm_ratio(np.array([above], np.float32), np.array([below], np.float32)).tolist() == [want]


NORMS = st.floats(0.0, NORM_LIMIT, width=32)


@given(above=NORMS, below=NORMS, more=NORMS)
def test_a_ratio_is_within_its_bounds_and_never_falls_with_what_is_above(
    above: float, below: float, more: float
) -> None:
    low, high = norm_ratio(np.sort(np.array([above, more], np.float32)), np.array([below, below], np.float32))
    assert 0.0 <= high <= RATIO_LIMIT
    if below or (above and more):  # nothing over nothing favours neither
        assert low <= high
