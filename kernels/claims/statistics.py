"""Statistics over tables: a value per seed, since cells of one seed share their data and are no independent samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import F64
from kernels.claims.table import Position, Profile, Rows, Statistic, Table


def per_seed(table: Table, values: F64, where: Mapping[str, Position]) -> dict[int, float]:
    """Values [rows] of every seed under the conditions `where` (axis -> value), averaged over the other axes.

    Only seeds that have all conditions that any seed has there: an average over part of a sweep would be another
    quantity.
    """
    chosen = np.ones(len(table.seed), dtype=bool)
    for axis, value in where.items():
        chosen &= table.condition[axis] == value
    gathered: dict[int, list[float]] = {}
    for row in np.flatnonzero(chosen):
        gathered.setdefault(int(table.seed[row]), []).append(float(values[row]))
    complete = max((len(v) for v in gathered.values()), default=0)
    return {seed: float(np.mean(v)) for seed, v in sorted(gathered.items()) if len(v) == complete}


def measured(metric: str, at: int = -1) -> Rows:
    """The metric at a measurement, by its number; the last one if not told."""
    return lambda table: table.metrics[metric][:, at].astype(np.float64)


def averaged(rows: Rows, where: Mapping[str, Position] | None = None) -> Statistic:
    """Rows under the conditions `where` (axis -> value), averaged over the other axes."""
    return lambda table: np.array(list(per_seed(table, rows(table), where or {}).values()))


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


def paired(first: Mapping[int, float], second: Mapping[int, float]) -> F64:
    """Second minus first [seeds], of the seeds that have both."""
    return np.array([second[seed] - first[seed] for seed in first if seed in second])


def on_grid(table: Table, values: NDArray[Any], grid: Mapping[str, Sequence[Position]]) -> F64:
    """Values [rows, ...] as an array [seeds, positions of an axis, of the next ..., ...], seeds in rising order.

    `grid` (axis -> positions) names all axes of the table's conditions. Only seeds that have all of it; what lies
    outside is left out.
    """
    seeds, seed = np.unique(table.seed, return_inverse=True)
    equal = [table.condition[axis][:, None] == np.array(positions)[None, :] for axis, positions in grid.items()]
    inside = np.logical_and.reduce([found.any(1) for found in equal])
    place = tuple(of[inside] for of in (seed, *(found.argmax(1) for found in equal)))
    seen = np.zeros((len(seeds), *(len(positions) for positions in grid.values())), dtype=np.bool_)
    seen[place] = True
    placed = np.zeros(seen.shape + values.shape[1:])
    placed[place] = values[inside]
    whole: F64 = placed[seen.all(tuple(range(1, seen.ndim)))]
    return whole


def at_best(rows: Rows, score: Rows, axis: str, values: Sequence[Position], sweep: str) -> Profile:
    """Rows at every value of an axis, where in the sweep over another axis the score is least; of equal ones the first.

    Only seeds that have all these values, each with the whole sweep that the table has.
    """

    def profile(table: Table) -> F64:
        swept = np.unique(table.condition[sweep]).tolist()
        if not swept:
            return np.empty((0, len(values)))
        grid = {axis: values, sweep: swept}
        chosen = on_grid(table, score(table), grid).argmin(2)[:, :, None]
        found: F64 = np.take_along_axis(on_grid(table, rows(table), grid), chosen, 2)[:, :, 0]
        return found

    return profile


def points(profile: Profile, values: Sequence[Position]) -> dict[Position, Statistic]:
    """A curve's points: the profile at each value of its axis."""

    def at(number: int) -> Statistic:
        return lambda table: profile(table)[:, number]

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
