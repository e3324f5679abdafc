"""Axes: round values within the range, labels that do not cover each other."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_validator.reporting.html import axes

NUMBERS = st.floats(-1e12, 1e12).map(lambda value: value if abs(value) > 1e-9 else 0.0)
SIZES = st.floats(1e-9, 1e12)


@given(st.lists(NUMBERS, min_size=1, max_size=9))
def test_every_value_has_its_place_between_the_ends(values: list[float]) -> None:
    scale = axes.around(values, 40.0, 340.0)
    places = [scale.at(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(40.0 <= place <= 340.0 for place in places)


@given(SIZES, st.floats(1.0, 1e9))
def test_ticks_are_round_few_and_within_the_range(low: float, factor: float) -> None:
    for log in (False, True):
        scale = axes.around((low, low * factor), 0.0, 300.0, log)
        ticks = scale.ticks
        assert len(ticks) <= 8
        rounding = 1e-6 * (scale.high - scale.low)
        assert all(scale.low - rounding <= tick.at <= scale.high + rounding for tick in ticks)
        assert len({tick.label for tick in ticks}) == len(ticks)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.2, 0.8, ["0.2", "0.4", "0.6", "0.8"]),
        (-1.0, 1.0, ["−1.0", "−0.5", "0.0", "0.5", "1.0"]),
        (0.0, 25_000.0, ["0", "5000", "10000", "15000", "20000", "25000"]),
    ],
)
def test_linear_ticks(low: float, high: float, labels: list[str]) -> None:
    assert [tick.label for tick in axes.Scale(low, high, 0, 1).ticks] == labels


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.04, 0.3, ["0.05", "0.1", "0.2"]),
        (90.0, 6e5, ["100", "1000", "10000", "10⁵"]),
        (1e6, 1e12, ["10⁶", "10⁷", "10⁸", "10⁹", "10¹⁰", "10¹¹", "10¹²"]),
    ],
)
def test_logarithmic_ticks(low: float, high: float, labels: list[str]) -> None:
    assert [tick.label for tick in axes.Scale(low, high, 0, 1, log=True).ticks] == labels


def test_what_has_no_place_lies_at_the_end() -> None:
    scale = axes.around((0.1, 10.0, math.nan, math.inf, -5.0), 0.0, 100.0, log=True)
    assert scale.at(-1.0) == 0.0
    assert scale.at(1e9) == 100.0


def test_a_single_value_has_an_axis_too() -> None:
    for value in (0.0, 1.0, -3.0, 1e12):
        scale = axes.around((value, value * (1 + 1e-15)), 0.0, 100.0)
        assert scale.at(value) == pytest.approx(50.0)
        assert scale.ticks


def test_labels_are_thinned_where_they_would_cover_each_other() -> None:
    labels = [str(2**power) for power in range(12)]
    assert axes.thinned(labels, 60.0) == labels
    some = axes.thinned(labels, 10.0)
    shown = [number for number, label in enumerate(some) if label]
    assert [some[number] for number in shown] == [labels[number] for number in shown]
    assert all(10.0 * (after - before) >= 4 * axes.WIDTH_OF_LETTER for before, after in itertools.pairwise(shown))
