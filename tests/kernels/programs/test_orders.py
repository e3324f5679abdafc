"""Orders: every epoch shows all samples, and in which sequence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.cells import Cell
from kernels.programs.orders import epoch_order, in_pieces, shuffled


def test_every_epoch_has_another_order_of_all_samples() -> None:
    orders = [epoch_order(seed, 50, epoch).tolist() for seed in (1, 2) for epoch in range(5)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len({tuple(order) for order in orders}) == 10


@settings(max_examples=30)
@given(
    seeds=st.lists(st.integers(0, 3), min_size=1, max_size=3),
    pieces=st.integers(1, 4),
    first=st.integers(0, 9),
    epochs=st.integers(1, 6),
    replicas=st.integers(1, 2),
)
def test_pieces_in_turn_are_the_passes_of_the_shuffled_order(
    seeds: list[int], pieces: int, first: int, epochs: int, replicas: int
) -> None:
    cells = [Cell(seed, {}) for seed in seeds]
    order = in_pieces(cells, 3 * pieces, 3, replicas)(first, first + epochs)
    passes = shuffled(cells, 3 * pieces, replicas)(0, 15)
    np.testing.assert_array_equal(order, passes[:, 3 * first : 3 * (first + epochs)])
    assert order.dtype == np.int32
    assert order.flags.c_contiguous


def test_epochs_that_do_not_divide_the_training_set_are_no_pieces() -> None:
    with pytest.raises(ValueError, match="22 samples cannot be divided into epochs of 5"):
        in_pieces([Cell(1, {})], 22, 5)
