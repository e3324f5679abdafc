"""Cells: one network under one condition with one seed, and what its computation gives."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from kernels.arrays import F32

Value = int | float | str
Condition = dict[str, Value]
"""A value for each axis of the grid, in the grid's order."""
AxisValue = TypeVar("AxisValue", bound=Value, covariant=True)


@dataclass(frozen=True)
class Axis(Generic[AxisValue]):
    """One axis of an experiment's grid: a name, and its values, which are of one type."""

    name: str
    values: tuple[AxisValue, ...]

    def of(self, condition: Condition) -> AxisValue:
        """The value that a condition has on this axis."""
        return cast("AxisValue", condition[self.name])


def combinations(axes: Mapping[str, Sequence[Value]]) -> list[Condition]:
    """Every condition of a grid, given as axis -> values, the last axis running fastest."""
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]


@dataclass(frozen=True)
class Cell:
    """One network trained under one condition with one seed."""

    seed: int
    condition: Condition

    def __str__(self) -> str:
        return f"cell {self.seed} {self.condition}"


@dataclass(frozen=True)
class CellResult:
    """What one cell's computation gives: a curve per metric [measurements], a digest of its state at each."""

    cell: Cell
    metrics: Mapping[str, F32]
    digests: Sequence[bytes]
