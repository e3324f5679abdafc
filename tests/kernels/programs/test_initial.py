"""Initial parameters: their variance, and that seeds, layers and replicas have their own."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.engine.shapes import Network
from kernels.philox import SEED_LIMIT
from kernels.programs.initial import glorot_normal, he_normal


@settings(max_examples=20)
@given(seed=st.integers(0, SEED_LIMIT - 1))
def test_initial_weights_are_he_normal_and_biases_zero(seed: int) -> None:
    network = Network((50, 80, 60, 3))
    row = he_normal(network, seed)
    assert row.dtype == np.float32
    for layer in network.layers:
        assert not row[layer.biases].any()
        weights = row[layer.weights].astype(np.float64)
        n = len(weights)
        assert weights.std() == pytest.approx(math.sqrt(2 / layer.inputs), rel=6 / math.sqrt(2 * n))
        assert weights.mean() == pytest.approx(0, abs=6 * math.sqrt(2 / layer.inputs / n))


def test_initial_weights_differ_between_seeds_and_layers() -> None:
    network = Network((8, 8, 8, 2))
    a, b = he_normal(network, 1), he_normal(network, 2)
    first, second, _ = network.layers
    assert not np.array_equal(a[first.weights], b[first.weights])
    assert not np.array_equal(a[first.weights], a[second.weights])


def test_initial_weights_of_both_schemes_have_their_variance() -> None:
    wide = Network((400, 300, 2), "tanh")
    for scheme, variance in ((he_normal, 2 / 400), (glorot_normal, 2 / 700)):
        row = scheme(wide, 7)
        assert np.var(row[wide.layers[0].weights]) == pytest.approx(variance, rel=0.02)
        assert not row[wide.layers[0].biases].any()
