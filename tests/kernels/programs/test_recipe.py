"""The recipe: its minibatches, and how many cells' networks fit a cache."""

from __future__ import annotations

import pytest

from kernels.engine.shapes import Network, Optimizer
from kernels.programs.recipe import Recipe, cells_in_cache, longest_segment

NETWORK = Network((4, 6, 2))


@pytest.mark.parametrize(
    ("samples", "batch", "want"),
    [(10, 5, [5, 5]), (11, 5, [5, 5, 1]), (4, 5, [4]), (5, 5, [5]), (1, 1, [1]), (3, 1, [1, 1, 1])],
)
def test_minibatches_hold_every_sample_of_an_epoch(samples: int, batch: int, want: list[int]) -> None:
    recipe = Recipe(
        network=NETWORK, optimizer=Optimizer("sgd"), samples=samples, batch=batch, measured=(1,), rates=(0.1,), sets={},
        measure=lambda now: {}, measure_work=0.0,
    )  # fmt: skip
    assert recipe.epoch_sizes.tolist() == want


def test_the_longest_segment_may_be_the_first() -> None:
    assert longest_segment((0, 1, 3)) == 2
    assert longest_segment((5, 6)) == 5


def test_at_least_one_cell_is_in_a_block() -> None:
    assert cells_in_cache(NETWORK, 32, 0) == 1
    assert cells_in_cache(NETWORK, 32, 1) == 1
    assert cells_in_cache(NETWORK, 32, 1 << 20) > cells_in_cache(NETWORK, 32, 1 << 19) > 1
