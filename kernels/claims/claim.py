"""Claims that data decide, and curves that people look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kernels.claims.estimate import Estimate, estimates
from kernels.claims.statistics import per_seed
from kernels.claims.table import Position, Statistic, Table


@dataclass(frozen=True, kw_only=True)
class Curve:
    """An estimate for every value of an axis, averaged over all other axes, beside what was published.

    Curves of one title are lines of one plot, each with its name; `where` (axis -> value) leaves other conditions out.
    Where what is drawn is no metric over an axis of the grid, `points` gives each value's statistic, as a claim's.
    """

    title: str
    axis: str
    metric: str
    label: str
    published: Mapping[Position, float] = field(default_factory=dict)
    points: Mapping[Position, Statistic] | None = None
    line: str = ""
    where: Mapping[str, Position] = field(default_factory=dict)
    log: bool = False  # drawn with both axes logarithmic, where a power law is a straight line


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A published claim: it holds where the whole interval of `statistic` is above zero, is refuted below zero."""

    finding: str  # its number in the earlier project, as "#31"
    text: str
    published: str
    statistic: Statistic
    unit: str


def curve(table: Table, of: Curve) -> dict[Position, Estimate]:
    """The curve's estimates, by axis value in rising order, or by its points."""
    if of.points is not None:
        samples = {value: statistic(table) for value, statistic in of.points.items()}
    else:
        final = table.final(of.metric)
        samples = {
            value: per_seed(table, final, {**of.where, of.axis: value}).values for value in table.values(of.axis)
        }
    return dict(zip(samples, estimates([*samples.values()]), strict=True))
