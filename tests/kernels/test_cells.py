"""Axes: how a condition is read."""

from __future__ import annotations

import pytest

from kernels.cells import Axis, Condition

WIDTH, ORDER = Axis("width", (32, 64)), Axis("order", ("random", "mixed"))
CONDITION: Condition = {"width": 64, "order": "mixed"}


def test_an_axis_reads_its_own_value_of_a_condition() -> None:
    assert (WIDTH.of(CONDITION), ORDER.of(CONDITION)) == (64, "mixed")


def test_a_value_beside_the_axis_own_is_read_as_it_is() -> None:
    """Work units may narrow an axis only; whoever asks about other conditions, as a test of costs, may do so."""
    assert WIDTH.of({"width": 7}) == 7


def test_a_condition_without_the_axis_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError, match="width"):
        WIDTH.of({"order": "mixed"})
