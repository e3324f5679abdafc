"""Global magnitude pruning against its plain definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.arrays import F32
from kernels.engine.shapes import Network
from kernels.measures import pruned

NETWORK = Network((3, 5, 4, 2))


def drawn(seed: int, networks: int = 3, digits: int = 8) -> F32:
    """Random parameters [networks, parameters]; few digits give many weights of equal size."""
    return np.random.default_rng(seed).standard_normal((networks, NETWORK.parameters)).round(digits).astype(np.float32)


def plainly(params: F32, share: float) -> F32:
    """One weight after the other: always the smallest left, of equal ones the first."""
    weights = [i for layer in NETWORK.layers for i in range(layer.weights.start, layer.weights.stop)]
    copy = params.copy()
    for row in copy:
        left = list(weights)
        for _ in range(int(share * len(weights))):
            chosen = min(left, key=lambda i: (abs(float(row[i])), i))
            left.remove(chosen)
            row[chosen] = 0.0
    return copy


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), share=st.floats(0, 1), digits=st.sampled_from([0, 1, 8]))
def test_the_smallest_weights_of_all_layers_are_zero_and_nothing_else_changes(
    seed: int, share: float, digits: int
) -> None:
    params = drawn(seed, digits=digits)
    assert np.array_equal(pruned(params, NETWORK, share), plainly(params, share))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), low=st.floats(0, 1), high=st.floats(0, 1))
def test_pruning_in_two_goes_is_pruning_to_the_higher_level(seed: int, low: float, high: float) -> None:
    params = drawn(seed)
    low, high = sorted((low, high))
    assert np.array_equal(pruned(pruned(params, NETWORK, low), NETWORK, high), pruned(params, NETWORK, high))


def test_the_parameters_themselves_stay_as_they_are() -> None:
    params = drawn(1)
    before = params.copy()
    assert not np.array_equal(pruned(params, NETWORK, 0.5), before)
    assert np.array_equal(params, before)
    assert pruned(params, NETWORK, 0.0).tobytes() == params.tobytes()


def test_all_weights_may_go_and_biases_stay() -> None:
    params = drawn(2)
    bare = pruned(params, NETWORK, 1.0)
    for layer in NETWORK.layers:
        assert not bare[:, layer.weights].any()
        assert np.array_equal(bare[:, layer.biases], params[:, layer.biases])


def test_each_network_is_ranked_by_itself() -> None:
    params = drawn(3, networks=2)
    params[1] *= 1000
    assert np.array_equal(pruned(params, NETWORK, 0.5)[1:], pruned(params[1:], NETWORK, 0.5))


def test_a_network_that_diverged_loses_its_finite_weights_first() -> None:
    params = drawn(4, networks=1)
    where = NETWORK.layers[1].weights
    params[0, where] = np.nan
    params[0, where.start] = np.inf
    left = pruned(params, NETWORK, 1 - 20 / 43)[0]  # 43 weights, 20 of them in that layer
    assert np.isnan(left[where]).sum() == 19
    assert np.isinf(left[where.start])
    assert not left[NETWORK.layers[0].weights].any()


@pytest.mark.parametrize("share", [-0.1, 1.1, np.nan])
def test_a_share_outside_0_to_1_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        pruned(drawn(5), NETWORK, share)
