"""Metrics: what is recorded of every cell, when, and what the recorded values have to be.

A metric says what values it can take. Of some more is known: shares are whole counts divided by a number of samples,
some values follow from others by a formula, and some are never above others. What breaks that was never computed; see
`contradiction`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kernels.arrays import F32, I64
from kernels.cells import Condition

LOSS_LIMIT = 1e6
"""The recorded loss of a network that diverged: results hold finite numbers only."""
NORM_LIMIT = 1e6
"""The recorded norm of what diverged."""
NOISE_LIMIT = 1e6
"""The largest recorded value of a gradient's noise; what diverged has it too."""

ROUNDING = np.float32(1.00001)
"""What a metric may be above another that bounds it, relative."""

Values = Mapping[str, F32]
"""Metric -> values [cells, measurements]."""
Samples = int | Callable[[Condition], int]
"""A number of samples: one for all cells, or that of a condition."""
Near = tuple[float, float]
"""Tolerances between near engines at early and at late measurements; benchmarks/tolerances.py measures them."""


@dataclass(frozen=True)
class Clock:
    """When cells are measured: rising ticks, counted in a unit, the first usually 0 (before training)."""

    unit: str
    ticks: tuple[int, ...]


@dataclass(frozen=True)
class Formula:
    """How a metric follows from others that are measured."""

    text: str  # what the metric is, as "id_accuracy minus ood_accuracy"
    compute: Callable[[Values, Sequence[Condition]], F32]  # (values, the cells' conditions) -> [cells, measurements]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A recorded curve: what it is, in which unit, what values it can take, and how replicas of it compare.

    `exact` metrics are counts and sums of the engine, equal wherever the weights are; the others pass through linear
    algebra and agree within 1e-6, relative. Results of near engines, whose weights are not equal, agree within the
    first of `near` at the experiment's early measurements and within the second at the others.
    """

    meaning: str
    unit: str = "1"
    low: float = 0.0
    high: float = 1.0
    near: Near
    exact: bool = True
    samples: Samples | None = None  # the values are counts divided by this
    formula: Formula | None = None  # the values follow from other metrics
    at_most: str | None = None  # a metric that this one is never above, but for rounding


def part(metric: str, name: object) -> str:
    """The name of a metric's part: of one layer, group, level ...: as "effective_rank_2"."""
    return f"{metric}_{name}"


def accuracy(meaning: str, samples: Samples | None, near: Near, formula: Formula | None = None) -> Metric:
    """The metric of a share of samples."""
    return Metric(meaning=meaning, near=near, samples=samples, formula=formula)


def loss(meaning: str, near: Near, most: float = LOSS_LIMIT) -> Metric:
    """The metric of a mean loss recorded as at most `most`."""
    return Metric(meaning=meaning, unit="nat", high=most, near=near)


def fit(name: str, samples: Samples, what: str, *, loss_near: Near, near: Near) -> dict[str, Metric]:
    """The metrics that `Snapshot.fit` measures of the data set `name`: cross-entropy and accuracy on `what`."""
    return {
        part(name, "loss"): loss(f"mean cross-entropy on {what}", loss_near),
        part(name, "accuracy"): accuracy(f"share of {what} classified rightly", samples, near),
    }


def contradiction(metrics: Mapping[str, Metric], values: Values, conditions: Sequence[Condition]) -> str | None:
    """What is wrong with metrics that must be counts or follow from others; None if nothing is."""
    for name, metric in metrics.items():
        if metric.samples is not None and not _counts(values[name], metric.samples, conditions):
            return f"{name} is not a count of {metric.samples if isinstance(metric.samples, int) else 'its'} samples"
    for name, metric in metrics.items():
        if metric.formula and not np.array_equal(metric.formula.compute(values, conditions), values[name]):
            return f"{name} is not {metric.formula.text}"
    for name, metric in metrics.items():
        if metric.at_most and np.any(values[name] > values[metric.at_most] * ROUNDING):
            return f"{name} is above {metric.at_most}"
    return None


def _counts(values: F32, samples: Samples, conditions: Sequence[Condition]) -> bool:
    totals: int | I64 = samples if isinstance(samples, int) else np.array([samples(c) for c in conditions])[:, None]
    counts = np.rint(values.astype(np.float64) * totals).astype(np.int64)
    return np.array_equal((counts / totals).astype(np.float32), values)
