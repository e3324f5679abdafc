"""The interaction task: what decides the class, and what does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.cells import Cell
from kernels.experiments.neuronspec import TASK
from kernels.philox import SEED_LIMIT
from kernels.tasks import interaction
from kernels.tasks.interaction import Interaction

LARGE = replace(TASK, train=20_000, test=16)
SMALL = Interaction(groups=3, group_size=2, train=40, test=30)


@settings(max_examples=20)
@given(seed=st.integers(0, SEED_LIMIT - 1))
def test_the_class_is_the_exclusive_or_of_two_signs(seed: int) -> None:
    for name, samples in interaction.make(SMALL, seed).items():
        assert samples.x.shape == (6, {"train": 40, "test": 30}[name])
        for x, y in zip(samples.x.T.astype(float), samples.y.T, strict=True):
            positive = (x[0] + x[1] > 0) != (x[2] + x[3] > 0)
            assert y.tolist() == [float(not positive), float(positive)]


def test_inputs_are_standard_normal_and_independent() -> None:
    x = interaction.make(LARGE, 7)["train"].x
    assert np.abs(x.mean(1)).max() < 0.04
    assert np.abs(np.cov(x) - np.eye(20)).max() < 0.05


def test_no_group_alone_says_anything_about_the_class() -> None:
    samples = interaction.make(LARGE, 8)["train"]
    assert samples.y.mean(1) == pytest.approx([0.5, 0.5], abs=0.02)
    for group in range(4):
        sign = samples.x[5 * group : 5 * group + 5].sum(0) > 0
        assert samples.y[1, sign].mean() == pytest.approx(0.5, abs=0.03)
    assert np.abs(samples.x @ samples.y[1] / samples.x.shape[1]).max() < 0.03


def test_sets_and_seeds_are_drawn_apart_and_again_the_same() -> None:
    first, again, other = (interaction.make(SMALL, seed) for seed in (1, 1, 2))
    assert first["train"].x.tobytes() == again["train"].x.tobytes()
    assert first["train"].y.tobytes() == again["train"].y.tobytes()
    assert not np.intersect1d(first["train"].x, first["test"].x).size
    assert not np.intersect1d(first["train"].x, other["train"].x).size


def test_cells_of_a_seed_share_their_data() -> None:
    found = SMALL.sets([Cell(3, {"width": 32}), Cell(4, {"width": 32}), Cell(3, {"width": 64})])
    assert found["train"].task.tolist() == [0, 1, 0]
    assert found["test"].x[1].tobytes() == interaction.make(SMALL, 4)["test"].x.tobytes()


@pytest.mark.parametrize("wrong", [{"groups": 1}, {"group_size": 0}, {"train": 0}, {"test": 0}])
def test_impossible_parameters_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="two groups"):
        replace(SMALL, **wrong)
