"""Curves along training: when they get somewhere for the first time, at or between measurements, and for good."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from kernels.claims import fallen, fallen_at, first_epoch, from_then_on, half_risen

REACHED = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=8))
EPOCHS = (0, 1, 2, 5, 10, 20, 50, 100)


@given(reached=REACHED)
def test_the_first_epoch_is_that_of_a_loop_or_the_last_one(reached: np.ndarray) -> None:
    epochs = EPOCHS[: reached.shape[1]]
    want = [next((epoch for epoch, there in zip(epochs, row, strict=True) if there), epochs[-1]) for row in reached]
    assert first_epoch(reached, epochs).tolist() == want


@given(reached=REACHED)
def test_from_then_on_it_is_true_to_the_end(reached: np.ndarray) -> None:
    found = from_then_on(reached)
    for row, curve in zip(found, reached, strict=True):
        assert row.tolist() == [bool(curve[at:].all()) for at in range(len(curve))]
    assert np.array_equal(from_then_on(found), found)


def test_the_first_time_need_not_be_for_good() -> None:
    reached = np.array([[0, 1, 0, 1, 1], [1, 1, 1, 1, 0], [0, 0, 0, 0, 0]], bool)
    assert first_epoch(reached, (0, 2, 4, 8, 16)).tolist() == [2, 0, 16]
    assert first_epoch(from_then_on(reached), (0, 2, 4, 8, 16)).tolist() == [8, 16, 16]


def test_half_risen_is_where_half_of_the_final_height_stays() -> None:
    curves = np.full((5, 6), 0.9, dtype=np.float32)
    curves[0, :3] = 0.69
    curves[1, :3] = 0.71
    curves[2, [0, 4]] = 0.4  # lost again
    curves[3, :] = 0.5  # never risen
    curves[4, :5] = 0.55
    assert half_risen(curves, 0.5, (0, 1, 2, 3, 10, 20)).tolist() == [3, 0, 20, 20, 20]


@given(
    values=arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.integers(0, 8)),
    base=st.integers(0, 8),
)
def test_only_the_height_above_the_base_matters(values: np.ndarray, base: int) -> None:
    epochs = EPOCHS[: values.shape[1]]
    found = half_risen(values, base, epochs)
    assert half_risen((values - base) * 4, 0.0, epochs).tolist() == found.tolist()
    for row, epoch in zip(values, found, strict=True):
        later = row[epochs.index(int(epoch)) :]
        assert row[-1] <= base or np.all(later - base >= (row[-1] - base) / 2)


FALLING = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=8), elements=st.integers(0, 8))


@given(values=FALLING, level=st.integers(0, 8))
def test_where_a_curve_has_fallen_is_that_of_a_loop(values: np.ndarray, level: int) -> None:
    epochs = EPOCHS[: values.shape[1]]
    numbers, times = fallen_at(values, level), fallen(values, level, epochs)
    for row, number, time in zip(values, numbers, times, strict=True):
        there = [at for at in range(1, len(row)) if row[at] <= level]
        assert number == (there[0] if there else len(row) - 1)
        if not there:
            assert time == epochs[-1]
        elif row[number - 1] <= level:  # before training already
            assert (number, time) == (1, epochs[0])
        else:
            assert epochs[number - 1] < time <= epochs[number]
            assert np.interp(time, epochs, row) == pytest.approx(level, abs=1e-6)


@given(values=FALLING, level=st.integers(0, 7))
def test_a_lower_level_is_reached_later(values: np.ndarray, level: int) -> None:
    epochs = EPOCHS[: values.shape[1]]
    assert np.all(fallen(values, level, epochs) >= fallen(values, level + 1, epochs))


def test_a_curve_falls_along_a_line_between_measurements() -> None:
    curves = np.array([[0.75, 0.5, 0.25, 0.25], [0.75, 0.75, 0.75, 0.5], [0.75, 0.25, 1.0, 0.25]], np.float32)
    assert fallen_at(curves, 0.375).tolist() == [2, 3, 1]
    assert fallen(curves, 0.375, (0, 2, 4, 8)).tolist() == [3.0, 8.0, 1.5]
