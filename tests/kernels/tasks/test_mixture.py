"""The Gaussian mixture: what its samples look like, and what depends on the seed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from kernels.experiment import Cell
from kernels.tasks import mixture
from kernels.tasks.mixture import Mixture, make

TASK = Mixture(inputs=6, classes=3, clusters=2, spread=5.0, train=3000, test=600)


def test_shapes_and_classes() -> None:
    found = make(TASK, 7)
    assert {name: (s.x.shape, s.y.shape) for name, s in found.items()} == {
        "train": ((6, 3000), (3, 3000)),
        "test": ((6, 600), (3, 600)),
    }
    for samples in found.values():
        assert samples.x.dtype == samples.y.dtype == np.float32
        assert np.array_equal(np.sort(samples.y, axis=0)[-1], np.ones(samples.y.shape[1]))
        assert samples.y.sum(1).min() > 0.25 * samples.y.shape[1]


def test_every_class_has_its_clusters_with_unit_noise() -> None:
    """Far apart, the nearest cluster mean is a sample's own; both sets share the centres."""
    found = make(dataclasses.replace(TASK, spread=50.0), 7)
    train, test = found["train"], found["test"]
    for number in range(TASK.classes):
        x = train.x[:, train.y[number] == 1]
        first = x[:, :1]
        near = np.square(x - first).sum(0) < 500
        assert 0.4 < near.mean() < 0.6, "not two clusters"
        assert x[:, near].std(axis=1) == pytest.approx(np.ones(6), abs=0.15)
        assert x[:, ~near].std(axis=1) == pytest.approx(np.ones(6), abs=0.15)
        mean = x[:, near].mean(axis=1, keepdims=True), x[:, ~near].mean(axis=1, keepdims=True)
        of_test = test.x[:, test.y[number] == 1]
        nearest = np.minimum(*(np.square(of_test - m).sum(0) for m in mean))
        assert nearest.max() < 60, "the test set has other centres"


def test_seeds_differ_and_the_same_seed_is_the_same() -> None:
    again, other = make(TASK, 7)["train"].x, make(TASK, 8)["train"].x
    assert np.array_equal(make(TASK, 7)["train"].x, again)
    assert not np.array_equal(again, other)
    assert not np.array_equal(make(TASK, 7)["train"].x[:, :600], make(TASK, 7)["test"].x)


def test_cells_of_a_seed_and_their_replicas_share_their_data() -> None:
    cells = [Cell(4, {}), Cell(9, {}), Cell(4, {"width": 3})]
    found = mixture.sets(TASK, cells, replicas=2)
    assert found["train"].x.shape == (2, 6, 3000)
    assert found["test"].task.tolist() == [0, 0, 1, 1, 0, 0]
    assert np.array_equal(found["train"].x[1], make(TASK, 9)["train"].x)


@pytest.mark.parametrize("change", [{"classes": 1}, {"clusters": 0}, {"spread": 0.0}, {"spread": np.inf}, {"test": 0}])
def test_what_is_no_mixture_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"mixture|spread"):
        dataclasses.replace(TASK, **change)
