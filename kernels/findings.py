"""Findings: claims as tests over assimilated data. Statistic per seed, bootstrap interval over seeds, verdict.

Pure functions of the data: the resampling is drawn from a counter-based stream, so the same data give the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kernels.engine.seam import F32, F64, I64
from kernels.philox import Purpose, integers

RESAMPLES = 10_000
LEVEL = 0.95
DECIDING_SEEDS = 8  # a percentile interval over fewer seeds is too narrow to decide anything
Verdict = Literal["holds", "refuted", "undecided"]
Position = float | str
"""A place on a curve's axis."""


@dataclass(frozen=True)
class Table:
    """Assimilated cells of one experiment: a row per cell."""

    seed: I64  # [rows]
    condition: Mapping[str, NDArray[Any]]  # axis -> [rows]
    metrics: Mapping[str, F32]  # metric -> [rows, measurements]

    def final(self, metric: str) -> F64:
        """The metric at the last measurement [rows]."""
        return self.metrics[metric][:, -1].astype(np.float64)


Rows = Callable[[Table], F64]
"""Something known of every cell [rows]."""
Statistic = Callable[[Table], F64]
"""Something known of every seed that has all it needs [seeds]: what claims and points of curves are estimates of."""
Profile = Callable[[Table], F64]
"""Something known of every such seed at each position of an axis [seeds, positions]."""


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its interval; `seeds` says how many there are."""

    mean: float
    low: float
    high: float
    seeds: int


@dataclass(frozen=True)
class Curve:
    """An estimate for every value of an axis, averaged over all other axes, beside what was published.

    Curves of one title are lines of one plot, each with its name; `where` (axis -> value) leaves other conditions out.
    Where what is drawn is no metric over an axis of the grid, `points` gives each value's statistic, as a claim's.
    """

    title: str
    axis: str
    metric: str
    label: str
    published: Mapping[Position, float]
    points: Mapping[Position, Statistic] | None = None
    line: str = ""
    where: Mapping[str, Position] = field(default_factory=dict)
    log: bool = False  # drawn with both axes logarithmic, where a power law is a straight line


@dataclass(frozen=True)
class Claim:
    """A published claim: it holds where the whole interval of `statistic` is above zero, is refuted below zero."""

    finding: str  # its number in the earlier project, as "#31"
    text: str
    published: str
    statistic: Statistic
    unit: str


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


def curve(table: Table, of: Curve) -> dict[Position, Estimate]:
    """The curve's estimates, by axis value in rising order, or by its points."""
    if of.points is not None:
        return {value: estimate(statistic(table)) for value, statistic in of.points.items()}
    values = sorted(set(table.condition[of.axis].tolist()))
    final = table.final(of.metric)
    return {v: estimate(np.array(list(per_seed(table, final, {**of.where, of.axis: v}).values()))) for v in values}


def estimate(values: F64) -> Estimate:
    """Mean over seeds with a percentile bootstrap interval (Efron & Tibshirani 1993); NaN bounds below two seeds."""
    n = len(values)
    if n < 2:
        return Estimate(float(values.mean()) if n else float("nan"), float("nan"), float("nan"), n)
    drawn = integers(0, Purpose.BOOTSTRAP, RESAMPLES * n, n, (n, 0, 0)).reshape(RESAMPLES, n)
    means = values[drawn].mean(1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(values.mean()), float(low), float(high), n)


def verdict(of: Estimate) -> Verdict:
    """The decision rule of every claim: enough seeds and the interval on one side of zero, or it stays undecided."""
    if of.seeds < DECIDING_SEEDS:
        return "undecided"
    if of.low > 0:
        return "holds"
    return "refuted" if of.high < 0 else "undecided"
