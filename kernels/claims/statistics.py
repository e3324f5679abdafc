"""Statistics over tables: a value per seed, since cells of one seed share their data and are no independent samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import F64, I64
from kernels.claims.table import Cells, Position, Profile, Rows, Statistic, Table, once


class PerSeed(NamedTuple):
    """Values of some seeds, which are in rising order."""

    seeds: I64  # [seeds]
    values: F64  # [seeds]


def per_seed(table: Table, values: F64, where: Mapping[str, Position]) -> PerSeed:
    """Values [rows] of every seed under the conditions `where` (axis -> value), averaged over the other axes.

    Only seeds that have all conditions that any seed has there: an average over part of a sweep would be another
    quantity.
    """
    rows = np.flatnonzero(table.under(where))
    number, seeds = table.number[rows], len(table.seeds)
    cells = np.bincount(number, minlength=seeds)
    whole = cells == max(cells.max(initial=0), 1)
    sums = np.bincount(number, values[rows], minlength=seeds)
    return PerSeed(table.seeds[whole], sums[whole] / cells[whole])


def measured(metric: str, at: int = -1) -> Rows:
    """The metric at a measurement, by its number; the last one if not told."""
    if at == -1:
        return lambda table: table.final(metric)
    return lambda table: table.metrics[metric][:, at].astype(np.float64)


def averaged(rows: Rows, where: Mapping[str, Position] | None = None) -> Statistic:
    """Rows under the conditions `where` (axis -> value), averaged over the other axes."""
    return lambda table: per_seed(table, rows(table), where or {}).values


def contrast(rows: Rows, low: Mapping[str, Position], high: Mapping[str, Position]) -> Statistic:
    """Rows under the conditions `high` minus those under `low` (axis -> value), averaged over the other axes."""

    def statistic(table: Table) -> F64:
        values = rows(table)
        return paired(per_seed(table, values, low), per_seed(table, values, high))

    return statistic


def difference(
    metric: str, axis: str, low: Position, high: Position, where: Mapping[str, Position] | None = None
) -> Statistic:
    """The final metric at axis = high minus that at axis = low, under `where` (axis -> value)."""
    fixed = where or {}
    return contrast(measured(metric), {axis: low, **fixed}, {axis: high, **fixed})


def paired(first: PerSeed, second: PerSeed) -> F64:
    """Second minus first [seeds], of the seeds that have both."""
    _, one, other = np.intersect1d(first.seeds, second.seeds, assume_unique=True, return_indices=True)
    found: F64 = second.values[other] - first.values[one]
    return found


def on_grid(table: Table, values: NDArray[Any], grid: Mapping[str, Sequence[Position]]) -> F64:
    """Values [rows, ...] as an array [seeds, positions of an axis, of the next ..., ...], seeds in rising order.

    `grid` (axis -> positions) names all axes of the table's conditions. Only seeds that have all of it; what lies
    outside is left out.
    """
    return values[table.cells(grid)].astype(np.float64, copy=False)


def best_rows(score: Rows, axis: str, values: Sequence[Position], sweep: str) -> Callable[[Table], Cells]:
    """The rows [seeds, values] at every value of an axis where in the sweep over another axis the score is least.

    Of equal ones the first. Only seeds that have all these values, each with the whole sweep that the table has.
    """

    def best(table: Table) -> Cells:
        swept = table.values(sweep)
        if not swept:
            return np.empty((0, len(values)), dtype=np.intp)
        cells = table.cells({axis: values, sweep: swept})
        chosen = score(table)[cells].argmin(2)[:, :, None]
        return np.take_along_axis(cells, chosen, 2)[:, :, 0]

    return best


def points(profile: Profile, values: Sequence[Position]) -> dict[Position, Statistic]:
    """A curve's points: the profile at each value of its axis."""
    found = once(profile)

    def at(number: int) -> Statistic:
        return lambda table: found(table)[:, number]

    return {value: at(number) for number, value in enumerate(values)}


def between(profile: Profile, values: Sequence[Position], first: Position, last: Position) -> Statistic:
    """The profile at the value `last` of its axis minus that at `first`."""
    low, high = values.index(first), values.index(last)

    def statistic(table: Table) -> F64:
        found = profile(table)
        return found[:, high] - found[:, low]

    return statistic


def within(margin: float, statistic: Statistic) -> Statistic:
    """A margin minus the size of a statistic: above zero where it is smaller than the margin."""
    return lambda table: margin - np.abs(statistic(table))


def exchanged(costs: F64) -> F64:
    """What two groups lose, on average, by the kind that is best for the other [seeds], of costs [seeds, 2, kinds].

    Best is the kind of smallest mean cost over all other seeds, so that a seed's noise chooses nothing for itself;
    a kind that is best for both gives zero. Empty below two seeds.
    """
    if len(costs) < 2:
        return np.empty(0)
    best = (costs.sum(0) - costs).argmin(2)  # [seeds, 2]
    seed, group = np.arange(len(costs))[:, None], np.arange(2)
    lost: F64 = (costs[seed, group, best[:, ::-1]] - costs[seed, group, best]).mean(1)
    return lost
