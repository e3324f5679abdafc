"""Linear probes against ridge regression written plainly, and in the states in which networks end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.measures import probe_accuracies, probe_accuracy
from kernels.measures.probe import RIDGE


def drawn(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def signs(values: np.ndarray) -> np.ndarray:
    return np.where(values < 0, -1.0, 1.0).astype(np.float32)


def outputs(train: np.ndarray, targets: np.ndarray, test: np.ndarray) -> np.ndarray:
    """The probe's outputs as least squares with the penalty as further samples."""
    n, units = train.shape[1], len(train)
    centre = train.mean(1, keepdims=True)
    h = (train - centre).astype(np.float64)
    penalty = RIDGE * (h**2).sum() / units
    rows = np.vstack([h.T, np.sqrt(penalty) * np.eye(units)])
    wanted = np.concatenate([targets.astype(np.float64) - targets.mean(), np.zeros(units)])
    weights = np.linalg.lstsq(rows, wanted, rcond=None)[0]
    assert len(rows) == n + units
    outputs: np.ndarray = targets.mean() + weights @ (test - centre)
    return outputs


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), units=st.integers(1, 8))
def test_a_probe_is_ridge_regression_of_the_sign(seed: int, units: int) -> None:
    train, test = drawn(seed, units, 60), drawn(seed + 1, units, 40)
    way = drawn(seed + 2, 2, units)
    targets, wanted = (signs(way @ x + 0.7 * drawn(seed + 3, 2, x.shape[1])) for x in (train, test))
    found = probe_accuracy(train, targets, test, wanted)
    for row in range(2):
        answers = outputs(train, targets[row], test)
        if np.abs(answers).min() > 1e-5:
            assert found[row] == np.mean(signs(answers) == wanted[row])


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), exponent=st.integers(-60, 60), moved=st.sampled_from([0.0, 4.0]))
def test_scale_and_origin_do_not_matter(seed: int, exponent: int, moved: float) -> None:
    train, test = drawn(seed, 5, 50), drawn(seed + 1, 5, 30)
    targets, wanted = signs(train[:2] + train[2:4]), signs(test[:2] + test[2:4])
    factor = np.float32(2.0**exponent)
    plain = probe_accuracy(train, targets, test, wanted)
    other = probe_accuracy((train + np.float32(moved)) * factor, targets, (test + np.float32(moved)) * factor, wanted)
    # A sample on the boundary may change sides when moving it rounds.
    assert np.abs(plain - other).max() <= (1 / 30 + 1e-12 if moved else 0)


def test_what_is_linear_in_the_activations_is_read_and_what_is_not_there_is_not() -> None:
    train, test = drawn(1, 10, 2000), drawn(2, 10, 2000)
    told, untold = (
        np.stack([train[0] + train[3], train[0] * train[3]]),
        np.stack([test[0] + test[3], test[0] * test[3]]),
    )
    linear, product = probe_accuracy(train, signs(told), test, signs(untold))
    assert linear > 0.97
    assert product == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("value", [0.0, 1.0, np.inf, np.nan])
def test_a_dead_or_diverged_layer_tells_the_more_frequent_answer(value: float) -> None:
    targets = np.ones((1, 10), dtype=np.float32)
    targets[0, :4] = -1
    constant = np.full((3, 10), value, dtype=np.float32)
    assert probe_accuracy(constant, targets, constant, targets).tolist() == [0.6]


def test_one_dead_and_one_doubled_unit_do_no_harm() -> None:
    train, test = drawn(3, 4, 200), drawn(4, 4, 200)
    for x in (train, test):
        x[1], x[2] = 0, x[0]
    found = probe_accuracy(train, signs(train[:1]), test, signs(test[:1]))
    assert found[0] > 0.97


def test_the_largest_finite_activations_are_read_too() -> None:
    train, test = drawn(5, 3, 100), drawn(6, 3, 100)
    targets, wanted = signs(train[:1]), signs(test[:1])
    train, test = np.sign(train) * np.float32(3e38), np.sign(test) * np.float32(3e38)
    assert probe_accuracy(train, targets, test, wanted).tolist() == [1.0]


def test_every_cell_has_probes_of_its_own() -> None:
    train, test = drawn(7, 3, 4, 60), drawn(8, 3, 4, 50)
    targets, wanted = signs(drawn(9, 3, 2, 60)), signs(drawn(10, 3, 2, 50))
    found = probe_accuracies(train, targets, test, wanted)
    assert found.dtype == np.float32
    for cell in range(3):
        one = probe_accuracy(train[cell], targets[cell], test[cell], wanted[cell])
        assert found[cell].tolist() == one.astype(np.float32).tolist()
