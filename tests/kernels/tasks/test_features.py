"""The feature task: what the groups show, how clearly, and what is left when one is seen alone."""

from __future__ import annotations

import hashlib
import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.cells import Cell
from kernels.philox import SEED_LIMIT
from kernels.tasks import features
from kernels.tasks.features import Features, Group

TASK = Features((Group("clear", 4, 4.0), Group("dim", 8, 0.25)), 4000, 2000)
SEEDS = st.integers(0, SEED_LIMIT - 1)


@settings(max_examples=15)
@given(seed=SEEDS)
def test_a_group_has_its_ratio_of_powers_and_nothing_beside_signal_and_noise(seed: int) -> None:
    train = features.make(TASK, seed)["train"]
    label = 2.0 * train.y[0] - 1.0
    for group, inputs in zip(TASK.groups, TASK.where.values(), strict=True):
        mean = train.x[inputs].mean(0)
        signal = (label * mean).mean()
        noise = (mean - signal * label).var()
        assert signal**2 / noise == pytest.approx(group.ratio, rel=0.3)
        assert np.std(train.x[inputs] - signal * label) == pytest.approx(1.0, abs=0.05)


def test_the_best_answer_to_a_group_is_right_as_often_as_its_ratio_allows() -> None:
    train = features.make(TASK, 3)["train"]
    for group, inputs in zip(TASK.groups, TASK.where.values(), strict=True):
        right = ((train.x[inputs].sum(0) > 0) == (train.y[0] > 0.5)).mean()
        assert right == pytest.approx(NormalDist().cdf(math.sqrt(group.ratio)), abs=0.03)


def test_seeing_one_group_alone_is_the_test_set_with_zeros() -> None:
    found = features.make(TASK, 5)
    assert list(found) == ["train", "test", "only_clear", "only_dim"]
    assert np.array_equal(found["only_clear"].x + found["only_dim"].x, found["test"].x)
    assert not found["only_clear"].x[4:].any()
    assert not found["only_dim"].x[:4].any()
    for name in ("only_clear", "only_dim"):
        assert np.array_equal(found[name].y, found["test"].y)


def test_labels_are_balanced_and_sets_have_nothing_in_common() -> None:
    found = features.make(TASK, 7)
    assert found["train"].x.shape == (12, 4000)
    assert found["test"].y.shape == (1, 2000)
    assert set(np.unique(found["train"].y)) == {0.0, 1.0}
    assert found["train"].y.mean() == pytest.approx(0.5, abs=0.03)
    assert not set(found["train"].x[0]) & set(found["test"].x[0])


def test_evidence_is_the_sign_of_the_groups_mean() -> None:
    data = TASK.sets([Cell(1, {}), Cell(2, {}), Cell(1, {})])
    x = data["test"].x
    found = features.evidence(TASK, x)
    assert data["test"].task.tolist() == [0, 1, 0]
    for name, inputs in TASK.where.items():
        for task in range(2):
            want = [1.0 if math.fsum(column) >= 0 else -1.0 for column in x[task, inputs].T[:50].astype(float)]
            assert found[name][task, :50].tolist() == want


def test_the_same_samples_for_ever() -> None:
    found = features.make(TASK, 1)
    digest = hashlib.blake2b(digest_size=8)
    for samples in found.values():
        digest.update(samples.x.tobytes() + samples.y.tobytes())
    assert digest.hexdigest() == "c6d7686401e18db4"


@pytest.mark.parametrize(
    "groups",
    [(), (Group("a", 0, 1.0),), (Group("a", 1, -1.0),), (Group("a", 1, math.nan),), (Group("a", 1, 1.0),) * 2],
)
def test_impossible_tasks_are_refused(groups: tuple[Group, ...]) -> None:
    with pytest.raises(ValueError, match=r"group|ratios"):
        Features(groups, 10, 10)
    with pytest.raises(ValueError, match="sample"):
        Features((Group("a", 1, 1.0),), 0, 10)
