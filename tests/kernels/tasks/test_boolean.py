"""The Boolean task: every pattern once, classes of equal size, a rule of single bits and pairs."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.philox import SEED_LIMIT, Purpose, integers
from kernels.tasks import boolean
from kernels.tasks.boolean import Boolean

SMALL = Boolean(5, 20)
TASK = Boolean(12, 3277)
SEEDS = st.integers(0, SEED_LIMIT - 1)


@settings(max_examples=30)
@given(seed=SEEDS)
def test_every_pattern_is_there_once_and_the_sets_divide_them(seed: int) -> None:
    sets = boolean.make(SMALL, seed)
    weights = 2.0 ** np.arange(5)
    numbers = {name: ((s.x + 1) / 2 * weights[:, None]).sum(0) for name, s in sets.items()}
    assert numbers["all"].tolist() == list(range(32))
    assert sorted([*numbers["train"], *numbers["test"]]) == list(range(32))
    assert len(numbers["train"]) == 20
    for name in ("train", "test"):
        assert np.array_equal(sets[name].y[0], sets["all"].y[0, numbers[name].astype(int)]), "the same label everywhere"
    for samples in sets.values():
        assert samples.x.dtype == samples.y.dtype == np.float32
        assert samples.x.flags.c_contiguous
        assert samples.y.flags.c_contiguous


@pytest.mark.parametrize("task", [SMALL, TASK])
def test_classes_are_equal(task: Boolean) -> None:
    for seed in range(5):
        assert boolean.make(task, seed)["all"].y.sum() == task.patterns / 2


def test_the_rule_is_a_polynomial_of_degree_two_split_at_its_median() -> None:
    """By loops over single patterns."""
    seed, n = 9, SMALL.bits
    drawn = [2 * int(c) + 1 - 2**15 for c in integers(seed, Purpose.TASK, n + n * (n - 1) // 2, 2**15)]
    values = []
    for number in range(32):
        bit = [1 if number >> i & 1 else -1 for i in range(n)]
        pairs = [bit[i] * bit[j] for i in range(n) for j in range(i + 1, n)]
        values.append(sum(c * t for c, t in zip(drawn, bit + pairs, strict=True)))
    median = sorted(values)[16]
    assert boolean.make(SMALL, seed)["all"].y[0].tolist() == [float(v >= median) for v in values]


def test_seeds_give_other_rules_and_other_parts() -> None:
    a, b = boolean.make(TASK, 1), boolean.make(TASK, 2)
    assert 0.2 < (a["all"].y == b["all"].y).mean() < 0.8
    assert not np.array_equal(a["train"].x, b["train"].x)


def test_the_task_never_changes() -> None:
    h = hashlib.blake2b(digest_size=8)
    for samples in boolean.make(TASK, 123).values():
        h.update(samples.x.tobytes() + samples.y.tobytes())
    assert h.hexdigest() == "d09cc88ff349cec2"


@pytest.mark.parametrize(("bits", "train"), [(1, 1), (17, 5), (4, 0), (4, 16)])
def test_impossible_parameters_are_refused(bits: int, train: int) -> None:
    with pytest.raises(ValueError, match="2 to 16 bits"):
        Boolean(bits, train)
