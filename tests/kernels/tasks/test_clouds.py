"""Clouds: where they are, and which labels are corrupted."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.cells import Axis, Cell
from kernels.philox import SEED_LIMIT
from kernels.tasks import clouds
from kernels.tasks.clouds import Clouds

LEVEL = Axis("level", (0.0, 0.5))
TASK = Clouds(classes=5, dimensions=10, separation=2.5, train=3000, test=1000, corruption=LEVEL)
SEEDS = st.integers(0, SEED_LIMIT - 1)
SHARES = st.floats(0, 1)


@settings(max_examples=15)
@given(seed=SEEDS)
def test_clouds_lie_around_their_centres(seed: int) -> None:
    found, centres = clouds.make(TASK, seed), clouds.centres(TASK, seed)
    assert np.linalg.norm(centres, axis=0) == pytest.approx(np.full(5, TASK.separation))
    for samples in found.values():
        noise = samples.x - centres[:, samples.true]
        assert noise.mean() == pytest.approx(0, abs=0.05)
        assert noise.std() == pytest.approx(1, abs=0.05)
        for label in range(TASK.classes):
            assert np.abs(noise[:, samples.true == label].mean(1)).max() < 0.4
            assert np.mean(samples.true == label) == pytest.approx(0.2, abs=0.06)


def test_sets_have_their_sizes_and_nothing_in_common() -> None:
    found = clouds.make(TASK, 2)
    assert found["train"].x.shape == (10, 3000)
    assert found["test"].y.shape == (5, 1000)
    assert found["train"].x.dtype == found["test"].y.dtype == np.float32
    assert not set(found["train"].x[0]) & set(found["test"].x[0])


@settings(max_examples=25)
@given(seed=SEEDS, share=SHARES)
def test_a_share_of_the_training_labels_is_wrong_and_nothing_else_changes(seed: int, share: float) -> None:
    clean, found = clouds.make(TASK, seed), clouds.make(TASK, seed, share)
    shown = found["train"].y.argmax(0)
    assert np.array_equal(found["train"].y.sum(0), np.ones(TASK.train))
    assert np.count_nonzero(shown != found["train"].true) == clouds.corrupted_count(TASK.train, share)
    assert found["train"].x.tobytes() == clean["train"].x.tobytes()
    assert found["train"].true.tobytes() == clean["train"].true.tobytes()
    assert found["test"].y.tobytes() == clean["test"].y.tobytes()


@settings(max_examples=25)
@given(seed=SEEDS, shares=st.tuples(SHARES, SHARES), classes=st.integers(2, 6))
def test_a_greater_share_corrupts_the_same_labels_alike_and_more(
    seed: int, shares: tuple[float, float], classes: int
) -> None:
    labels = np.arange(200) % classes
    few, many = (clouds.corrupt(labels, classes, share, seed) for share in sorted(shares))
    wrong = few != labels
    assert np.array_equal(few[wrong], many[wrong])
    assert few.min() >= 0
    assert many.max() < classes


def test_every_other_class_is_equally_likely_and_every_sample_too() -> None:
    labels = np.zeros(20_000, dtype=np.int64)
    found = clouds.corrupt(labels, 5, 0.5, 9)
    counts = np.bincount(found, minlength=5)
    assert counts[0] == 10_000
    assert np.abs(counts[1:] - 2500).max() < 200
    assert np.count_nonzero(found[:10_000]) == pytest.approx(5000, abs=200)


def test_cells_of_a_seed_have_the_labels_of_their_level() -> None:
    cells = [Cell(seed, {"level": level}) for seed in (1, 2) for level in (0.0, 0.5)]
    found = TASK.sets([*cells, cells[1]])
    assert found["train"].task.tolist() == [0, 1, 2, 3, 1]
    for at, cell in enumerate(cells):
        want = clouds.make(TASK, cell.seed, float(cell.condition["level"]))
        assert found["train"].y[at].tobytes() == want["train"].y.tobytes()
        assert found["true"].y[at].tobytes() == clouds.make(TASK, cell.seed)["train"].y.tobytes()
        assert found["true"].x[at].tobytes() == want["train"].x.tobytes()
    assert {name: data.samples for name, data in found.items()} == TASK.sizes


def test_the_same_samples_for_ever() -> None:
    found = clouds.make(TASK, 1, 0.3)
    digest = hashlib.blake2b(digest_size=8)
    for name in ("train", "test"):
        samples = found[name]
        digest.update(samples.x.tobytes() + samples.y.tobytes())
    assert digest.hexdigest() == "52136d15206769d7"


@pytest.mark.parametrize("wrong", [{"classes": 1}, {"dimensions": 0}, {"test": 0}, {"separation": np.inf}])
def test_impossible_tasks_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"clouds|separation"):
        Clouds(**{**vars(TASK), **wrong})
