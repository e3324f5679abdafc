"""The mixture task: prototypes, classes, and noise by level."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.philox import SEED_LIMIT, Purpose, integers, normal
from kernels.tasks import mixture
from kernels.tasks.mixture import Mixture

TASK = Mixture(inputs=6, classes=4, spread=0.75, noise=(0.5, 1.0, 3.0), train=300, test=150)
SEEDS = st.integers(0, SEED_LIMIT - 1)


@settings(max_examples=25)
@given(seed=SEEDS)
def test_samples_are_prototypes_of_their_class_plus_noise_of_their_level(seed: int) -> None:
    """By a loop over samples, from the streams."""
    prototypes = 0.75 * normal(seed, Purpose.TASK, 24).reshape(6, 4)
    for which, (name, count) in enumerate((("train", 300), ("test", 150))):
        found = mixture.make(TASK, seed)[name]
        shown = integers(seed, Purpose.LABELS, count, 4, (which, 0, 0))
        noise = normal(seed, Purpose.NOISE, 6 * count, (which, 0, 0)).reshape(6, count)
        assert found.x.shape == (6, count)
        assert found.y.argmax(0).tolist() == shown.tolist()
        assert found.y.sum(0).tolist() == [1.0] * count
        for at in range(0, count, 17):
            level = at % 3
            assert found.level[at] == level
            want = prototypes[:, shown[at]] + (0.5, 1.0, 3.0)[level] * noise[:, at]
            assert found.x[:, at] == pytest.approx(want, rel=1e-6)


def test_without_noise_samples_of_a_class_are_equal_and_of_two_are_not() -> None:
    found = mixture.make(replace(TASK, noise=(0.0,)), 3)
    for samples in found.values():
        assert len(np.unique(np.vstack([samples.x, samples.y]), axis=1).T) == 4


def test_a_class_has_its_clusters_and_both_sets_share_them() -> None:
    task = Mixture(inputs=6, classes=3, clusters=2, spread=50.0, train=3000, test=600)
    found = mixture.make(task, 7)
    for number in range(task.classes):
        x, of_test = (found[name].x[:, found[name].y[number] == 1] for name in ("train", "test"))
        near = np.square(x - x[:, :1]).sum(0) < 500
        assert 0.4 < near.mean() < 0.6, "not two clusters"
        centres = [x[:, which].mean(axis=1, keepdims=True) for which in (near, ~near)]
        assert np.minimum(*(np.square(of_test - c).sum(0) for c in centres)).max() < 60, (
            "the test set has other centres"
        )


def test_noise_has_the_standard_deviation_of_its_level() -> None:
    big = replace(TASK, train=30_000)
    quiet, loud = mixture.make(replace(big, noise=(0.0, 0.0, 0.0)), 5)["train"], mixture.make(big, 5)["train"]
    for level, noise in enumerate(TASK.noise):
        assert (loud.x - quiet.x)[:, loud.level == level].std() == pytest.approx(noise, rel=0.02)


def test_levels_are_as_many_each_and_classes_about() -> None:
    found = mixture.make(TASK, 7)["train"]
    assert np.bincount(found.level).tolist() == [100, 100, 100]
    assert np.all(found.y.sum(1) > 45)


def test_cells_of_a_seed_share_data() -> None:
    from kernels.cells import Cell

    found = TASK.sets([Cell(4, {}), Cell(5, {}), Cell(4, {})])
    assert found["train"].task.tolist() == [0, 1, 0]
    assert found["test"].x.shape == (2, 6, 150)
    assert np.array_equal(found["test"].x[1], mixture.make(TASK, 5)["test"].x)


def test_the_task_never_changes() -> None:
    h = hashlib.blake2b(digest_size=8)
    for samples in mixture.make(TASK, 123).values():
        h.update(samples.x.tobytes() + samples.y.tobytes())
    assert h.hexdigest() == "1c5a02c053e73c86"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"classes": 1}, "two classes"),
        ({"clusters": 0}, "one of everything"),
        ({"spread": 0.0}, "positive"),
        ({"noise": ()}, "one of everything"),
        ({"noise": (1.0, -1.0, 1.0)}, "from 0 on"),
        ({"noise": (1.0, float("inf"), 1.0)}, "from 0 on"),
        ({"spread": float("nan")}, "positive"),
        ({"test": 100}, "divided among 3"),
    ],
)
def test_impossible_parameters_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(TASK, **wrong)  # type: ignore[arg-type]
