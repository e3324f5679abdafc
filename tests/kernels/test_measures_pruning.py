"""Global magnitude pruning against its plain definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.engine.seam import Block, Network, Optimizer
from kernels.measures import pruned

NETWORK = Network((3, 5, 4, 2))


def block(seed: int, cells: int = 3, digits: int = 8) -> Block:
    """Networks with random parameters; few digits give many weights of equal size."""
    drawn = np.random.default_rng(seed).standard_normal((cells, NETWORK.parameters)).round(digits).astype(np.float32)
    return Block(
        NETWORK, Optimizer("sgd"), np.arange(cells, dtype=np.uint64), drawn, np.zeros((0, *drawn.shape), np.float32)
    )


def plainly(of: Block, share: float) -> np.ndarray:
    """One weight after the other: always the smallest left, of equal ones the first."""
    weights = [i for layer in NETWORK.layers for i in range(layer.weights.start, layer.weights.stop)]
    params = of.params.copy()
    for row in params:
        left = list(weights)
        for _ in range(int(share * len(weights))):
            chosen = min(left, key=lambda i: (abs(float(row[i])), i))
            left.remove(chosen)
            row[chosen] = 0.0
    return params


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), share=st.floats(0, 1), digits=st.sampled_from([0, 1, 8]))
def test_the_smallest_weights_of_all_layers_are_zero_and_nothing_else_changes(
    seed: int, share: float, digits: int
) -> None:
    of = block(seed, digits=digits)
    assert np.array_equal(pruned(of, share).params, plainly(of, share))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), low=st.floats(0, 1), high=st.floats(0, 1))
def test_pruning_in_two_goes_is_pruning_to_the_higher_level(seed: int, low: float, high: float) -> None:
    of = block(seed)
    low, high = sorted((low, high))
    assert np.array_equal(pruned(pruned(of, low), high).params, pruned(of, high).params)


def test_the_block_itself_stays_as_it_is_and_is_told_apart() -> None:
    of = block(1)
    before = of.params.copy()
    copy = pruned(of, 0.5)
    assert copy.params is not of.params
    assert np.array_equal(of.params, before)
    assert copy.digests() != of.digests()
    assert pruned(of, 0.0).digests() == of.digests()


def test_all_weights_may_go_and_biases_stay() -> None:
    of = block(2)
    bare = pruned(of, 1.0)
    for number, layer in enumerate(NETWORK.layers):
        assert not bare.weights(number).any()
        assert np.array_equal(bare.params[:, layer.biases], of.params[:, layer.biases])


def test_each_network_is_ranked_by_itself() -> None:
    of = block(3, cells=2)
    of.params[1] *= 1000
    alone = Block(NETWORK, of.optimizer, of.seeds[:1], of.params[1:], of.slots[:, 1:])
    assert np.array_equal(pruned(of, 0.5).params[1:], pruned(alone, 0.5).params)


def test_a_network_that_diverged_loses_its_finite_weights_first() -> None:
    of = block(4, cells=1)
    where = NETWORK.layers[1].weights
    of.params[0, where] = np.nan
    of.params[0, where.start] = np.inf
    found = pruned(of, 1 - 20 / 43).params[0]  # 43 weights, 20 of them in that layer
    assert np.isnan(found[where]).sum() == 19
    assert np.isinf(found[where.start])
    assert not found[NETWORK.layers[0].weights].any()


@pytest.mark.parametrize("share", [-0.1, 1.1, np.nan])
def test_a_share_outside_0_to_1_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        pruned(block(5), share)
