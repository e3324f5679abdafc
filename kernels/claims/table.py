"""The table that claims are computed from: a row per cell."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import F32, F64, I64

Position = float | str
"""A place on a curve's axis."""
Cells = NDArray[np.intp]
"""Numbers of a table's rows."""
Known = TypeVar("Known")


class Coded(NamedTuple):
    """A column of conditions: its values in rising order, and the number among them of every row's [rows]."""

    values: list[Position]
    code: NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class Table:
    """Assimilated cells of one experiment: a row per cell.

    Both mappings of metrics may load a metric when it is asked for. What statistics ask of the rows is found once.
    """

    seed: I64  # [rows]
    condition: Mapping[str, NDArray[Any]]  # axis -> [rows]
    metrics: Mapping[str, F32]  # metric -> [rows, measurements]
    finals: Mapping[str, F32] | None = None  # metric -> [rows], the last measurement, where that can be had alone

    def final(self, metric: str) -> F64:
        """The metric at the last measurement [rows]."""
        last = self.metrics[metric][:, -1] if self.finals is None else self.finals[metric]
        return last.astype(np.float64)

    @property
    def seeds(self) -> I64:
        """All seeds, in rising order."""
        return self._seeds[0]

    @property
    def number(self) -> NDArray[np.intp]:
        """The number among them of every row's seed [rows]."""
        return self._seeds[1]

    def values(self, axis: str) -> list[Position]:
        """What the cells have on an axis, in rising order."""
        return self._axes[axis].values

    def under(self, where: Mapping[str, Position]) -> NDArray[np.bool_]:
        """Which rows are under the conditions `where` (axis -> value) [rows]."""
        found = np.ones(len(self.seed), dtype=np.bool_)
        for axis, value in where.items():
            values, code = self._axes[axis]
            found &= (code == values.index(value)) if value in values else np.False_
        return found

    def cells(self, grid: Mapping[str, Sequence[Position]]) -> Cells:
        """The rows of cells [seeds, positions of an axis, of the next ...] of a grid, seeds in rising order.

        `grid` (axis -> positions) names all axes of the conditions. Only seeds that have all of it; what lies outside
        is left out.
        """
        key = tuple((axis, tuple(positions)) for axis, positions in grid.items())
        if key not in self._cells:
            self._cells[key] = _kept(self._found(grid))
        return self._cells[key]

    def _found(self, grid: Mapping[str, Sequence[Position]]) -> Cells:
        place, inside = self.number, np.ones(len(self.seed), dtype=np.bool_)
        for axis, positions in grid.items():
            values, code = self._axes[axis]
            known = [positions.index(value) if value in positions else -1 for value in values]
            at = np.array(known, dtype=np.intp)[code]
            inside &= at >= 0
            place = place * len(positions) + at
        shape = [len(positions) for positions in grid.values()]
        rows = np.flatnonzero(inside)
        found = np.full(len(self.seeds) * math.prod(shape), -1, dtype=np.intp)
        found[place[rows]] = rows
        found = found.reshape(len(self.seeds), *shape)
        return found[(found >= 0).all(tuple(range(1, found.ndim)))]

    @cached_property
    def _seeds(self) -> tuple[I64, NDArray[np.intp]]:
        seeds, number = np.unique(self.seed, return_inverse=True)
        return _kept(seeds), _kept(number)

    @cached_property
    def _axes(self) -> dict[str, Coded]:
        return {axis: _coded(column) for axis, column in self.condition.items()}

    @cached_property
    def _cells(self) -> dict[object, Cells]:
        return {}


def _kept(found: Known) -> Known:
    """The same for several who ask: an array that none of them can change."""
    if isinstance(found, np.ndarray):
        found.flags.writeable = False
    return found


def _coded(column: NDArray[Any]) -> Coded:
    # Sorting a million names takes seconds, comparing all of them with each of a few takes none.
    values = sorted(set(column.tolist())) if column.dtype == np.object_ else np.unique(column).tolist()
    code = np.zeros(len(column), dtype=np.uint16)
    for number, value in enumerate(values):
        code[column == value] = number
    return Coded(values, code)


Rows = Callable[[Table], F64]
"""Something known of every cell [rows]."""
Statistic = Callable[[Table], F64]
"""Something known of every seed that has all it needs [seeds]: what claims and points of curves are estimates of."""
Profile = Callable[[Table], F64]
"""Something known of every such seed at each position of an axis [seeds, positions]."""


def once(known: Callable[[Table], Known]) -> Callable[[Table], Known]:
    """The same, found once for each table and kept as long as that: what several claims or points ask for."""
    kept: WeakKeyDictionary[Table, Known] = WeakKeyDictionary()

    @wraps(known)
    def found(table: Table) -> Known:
        if table not in kept:
            kept[table] = _kept(known(table))
        return kept[table]

    return found
