"""The compositional task: what is shown, what is held out, and what the classes are."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.experiments.families.compositional import TASK
from kernels.philox import SEED_LIMIT
from kernels.tasks import compositional
from kernels.tasks.compositional import Compositional, Samples

SMALL = Compositional(3, 2, 3, 3, ((0, 0, 0), (0, 1, 1), (0, 2, 2)), 0.5, 300, 150)
SEEDS = st.integers(0, SEED_LIMIT - 1)
TASKS = pytest.mark.parametrize("task", [TASK, SMALL], ids=["compgen", "three values"])


def patterns(task: Compositional, found: Any) -> set[tuple[int, ...]]:
    """Combination numbers as values per group."""
    return {tuple(int(c) // task.values**g % task.values for g in range(task.groups)) for c in found}


@TASKS
@settings(max_examples=25)
@given(seed=SEEDS)
def test_held_out_combinations_are_seen_in_the_ood_test_alone(task: Compositional, seed: int) -> None:
    seen, held = compositional.combinations(task, seed)
    assert sorted([*seen, *held]) == list(range(task.combinations))
    assert len(held) == len(task.held_out)
    split = compositional.make(task, seed)
    assert set(split.train.combination) <= set(seen)
    assert set(split.id_test.combination) <= set(seen)
    assert set(split.ood_test.combination) <= set(held)


def test_every_allowed_combination_occurs_about_equally_often() -> None:
    split = compositional.make(TASK, 5)
    for samples, kinds in ((split.train, 12), (split.id_test, 12), (split.ood_test, 4)):
        _, counts = np.unique(samples.combination, return_counts=True)
        assert len(counts) == kinds
        expected = len(samples.combination) / kinds
        assert ((counts - expected) ** 2 / expected).sum() < 40


@TASKS
def test_inputs_show_the_combination_and_nothing_else_but_noise(task: Compositional) -> None:
    quiet = compositional.make(replace(task, noise=0.0), 3)
    for samples in (quiet.train, quiet.id_test, quiet.ood_test):
        levels = np.linspace(-1, 1, task.values)
        for at in range(20):
            combination = int(samples.combination[at])
            values = [combination // task.values**g % task.values for g in range(task.groups)]
            want = [levels[v] for v in values for _ in range(task.group_size)]
            np.testing.assert_allclose(samples.x[:, at], want, atol=1e-7)


@TASKS
def test_the_class_is_the_sum_of_the_values_modulo_the_classes(task: Compositional) -> None:
    split = compositional.make(task, 11)
    for samples in (split.train, split.id_test, split.ood_test):
        assert np.array_equal(samples.y.sum(0), np.ones(samples.y.shape[1]))
        for combination, y in zip(samples.combination, samples.y.T, strict=True):
            (values,) = patterns(task, [combination])
            assert y.argmax() == sum(values) % task.classes


def test_classes_are_balanced_over_what_is_seen_and_over_what_is_held_out() -> None:
    for seed in range(20):
        for found in compositional.combinations(TASK, seed):
            assert sum(sum(p) % 2 for p in patterns(TASK, found)) == len(found) / 2
    share = compositional.make(TASK, 1).train.y[0].mean()
    assert share == pytest.approx(0.5, abs=0.05)


def test_no_group_alone_tells_the_class_of_what_is_seen() -> None:
    for seed in range(20):
        seen, _ = compositional.combinations(TASK, seed)
        for group in range(TASK.groups):
            for value in range(TASK.values):
                classes = [sum(p) % 2 for p in patterns(TASK, seen) if p[group] == value]
                assert set(classes) == {0, 1}


def distances(held: set[tuple[int, ...]]) -> list[int]:
    """How many groups every two held-out combinations differ in."""
    return sorted(sum(x != y for x, y in zip(a, b, strict=True)) for a, b in itertools.combinations(held, 2))


@TASKS
def test_another_seed_holds_out_other_combinations_of_the_same_geometry(task: Compositional) -> None:
    sets = [frozenset(patterns(task, compositional.combinations(task, seed)[1])) for seed in range(60)]
    assert len(set(sets)) >= 8
    geometry = distances(set(task.held_out))
    assert all(distances(set(held)) == geometry for held in sets)
    everywhere = set().union(*sets)
    assert len(everywhere) == task.combinations, "every combination is held out for some seed"


def test_sets_are_a_pure_function_of_the_seed_and_differ_between_seeds() -> None:
    a, again, b = (compositional.make(TASK, seed) for seed in (1, 1, 2))
    for name in ("train", "id_test", "ood_test"):
        mine: Samples = getattr(a, name)
        assert mine.x.tobytes() == getattr(again, name).x.tobytes()
        assert mine.x.tobytes() != getattr(b, name).x.tobytes()
        assert mine.x.dtype == mine.y.dtype == np.float32
    assert a.train.x[:, :1000].tobytes() != a.id_test.x.tobytes(), "the sets must not share samples"
    assert a.id_test.x.tobytes() != a.ood_test.x.tobytes()


def test_noise_is_gaussian_of_the_given_deviation_and_independent_between_inputs() -> None:
    split, quiet = compositional.make(TASK, 4), compositional.make(replace(TASK, noise=0.0), 4)
    noise = (split.train.x - quiet.train.x).astype(np.float64)
    assert noise.mean() == pytest.approx(0, abs=5 * TASK.noise / np.sqrt(noise.size))
    assert noise.std() == pytest.approx(TASK.noise, rel=5 / np.sqrt(2 * noise.size))
    assert (np.abs(noise) > 2 * TASK.noise).mean() == pytest.approx(0.0455, abs=0.006)
    correlation = np.corrcoef(noise) - np.eye(len(noise))
    assert np.abs(correlation).max() < 5 / np.sqrt(TASK.train)


def test_the_three_sets_have_noise_of_their_own() -> None:
    split, quiet = compositional.make(TASK, 4), compositional.make(replace(TASK, noise=0.0), 4)
    noises = [(getattr(split, name).x - getattr(quiet, name).x).ravel() for name in ("train", "id_test", "ood_test")]
    for a, b in itertools.combinations([noise[: TASK.test] for noise in noises], 2):
        assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(TASK.test)


def test_shapes_are_features_first() -> None:
    split = compositional.make(SMALL, 0)
    assert split.train.x.shape == (6, 300)
    assert split.train.y.shape == (3, 300)
    assert split.id_test.x.shape == split.ood_test.x.shape == (6, 150)


def test_a_seed_keeps_its_sets() -> None:
    seen, held = compositional.combinations(TASK, 7)
    assert held.tolist() == [3, 5, 11, 13]
    assert len(seen) == 12
    split = compositional.make(TASK, 7)
    digest = hashlib.blake2b(split.train.x.tobytes() + split.ood_test.y.tobytes(), digest_size=16).hexdigest()
    assert digest == "b466813a2fa71bea012aa4e2de6bfc1a"


@pytest.mark.parametrize(
    "held_out",
    [
        (),
        ((0, 0, 0),),
        ((0, 0, 0, 0, 0),),
        ((0, 0, 0, 2),),
        ((0, 0, 0, -1),),
        ((0, 0, 0, 0), (0, 0, 0)),
        ((0, 0, 0, 0), (0, 0, 0, 0)),
        tuple(itertools.product((0, 1), repeat=4)),
    ],
    ids=["none", "too short", "too long", "a value too high", "negative", "ragged", "twice", "everything"],
)
def test_a_wrong_pattern_is_refused(held_out: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(ValueError):
        replace(TASK, held_out=held_out)
