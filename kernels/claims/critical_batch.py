"""The critical batch size: up to it larger batches need fewer steps, beyond it they need more samples.

Source: McCandlish, Kaplan, Amodei & OpenAI Dota Team, "An empirical model of large-batch training" (2018), section 2.
With S steps and E samples until a network is so good, (S / S_min - 1) (E / E_min - 1) = 1 and B_crit = E_min / S_min;
with E = S * size that is E = E_min (1 + size / B_crit).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from kernels.arrays import F64, I64
from kernels.claims.crossings import fallen, fallen_at
from kernels.claims.statistics import best_rows, measured
from kernels.claims.table import Cells, Profile, Statistic, Table, once
from kernels.measures.gradient_noise import NOISE_FLOOR

TRIED = np.arange(-3 * 16, 14 * 16 + 1) / 16.0
"""Base-2 logarithms of the critical sizes that are tried."""


def log2_critical_size(log2_samples: F64, sizes: Sequence[int]) -> F64:
    """Base-2 logarithm of the critical size [...] from that of the samples [..., sizes] that each batch size needs.

    By least squares: residuals are those of logarithms; tried are 2^-3 to 2^14 by sixteenths.
    """
    # The residuals' sum of squares is that of the centred shape less twice its product with what is fitted, and a rest
    # that is the same for all shapes.
    shape = np.log2(1.0 + np.array(sizes)[:, None] / 2.0**TRIED)  # [sizes, tried]
    shape -= shape.mean(0)
    centred = log2_samples - log2_samples.mean(-1, keepdims=True)
    found: F64 = TRIED[(np.square(shape).sum(0) - 2.0 * (centred @ shape)).argmin(-1)]
    return found


class Reached(NamedTuple):
    """Networks [seeds, sizes] of a sweep, and when they reach a test loss."""

    samples: F64
    row: Cells
    measurement: I64  # the first one at which they have


@dataclass(frozen=True)
class BatchSizes:
    """What is read off cells with the axes "batch" and "learning_rate": each size is judged at its best rate.

    Their metrics are "train_loss", "test_loss" and "noise_scale", besides those that are asked for.
    """

    sizes: Sequence[int]
    seen: Sequence[int]  # samples at each measurement, the same for all sizes

    def ended(self, metric: str) -> Profile:
        """The last value of a metric [seeds, sizes], at the rate that ends with the least training loss."""
        return lambda table: table.final(metric)[self._ending_best(table)]

    def log10_ended(self, metric: str) -> Profile:
        """Base-10 logarithm of the same [seeds, sizes]."""
        return lambda table: np.log10(np.maximum(self.ended(metric)(table), NOISE_FLOOR))

    def log2_samples(self, loss: float) -> Profile:
        """Base-2 logarithm of the samples until a test loss [seeds, sizes], at the rate that needs fewest.

        Linear between measurements; all samples if it is never reached.
        """
        reached = self._reached(loss)
        return lambda table: np.log2(np.maximum(reached(table).samples, 1.0))

    def log2_steps(self, loss: float) -> Profile:
        """Base-2 logarithm of the steps until a test loss [seeds, sizes], at the rate that needs fewest."""
        return lambda table: self.log2_samples(loss)(table) - np.log2(np.array(self.sizes))

    def log2_critical(self, loss: float) -> Statistic:
        """Base-2 logarithm of the critical size [seeds], fitted to the samples until a test loss."""
        return lambda table: log2_critical_size(self.log2_samples(loss)(table), self.sizes)

    def log2_noise_scale(self, loss: float) -> Statistic:
        """Base-2 logarithm of the noise scale [seeds] where the test loss first is at or below `loss`.

        The median of all sizes; of every size that network counts which needs fewest samples. A median, because |G|^2
        may come out near zero.
        """
        reached = self._reached(loss)

        def statistic(table: Table) -> F64:
            _, rows, at = reached(table)
            scale = np.median(table.metrics["noise_scale"][rows, at].astype(np.float64), axis=1)
            return np.log2(np.maximum(scale, NOISE_FLOOR))

        return statistic

    @cached_property
    def _ending_best(self) -> Callable[[Table], Cells]:
        """The rows [seeds, sizes] of the networks that end with the least training loss."""
        return once(best_rows(measured("train_loss"), "batch", self.sizes, "learning_rate"))

    def _reached(self, loss: float) -> Callable[[Table], Reached]:
        """The networks that need the fewest samples until a test loss."""

        def reached(table: Table) -> Reached:
            curves = table.metrics["test_loss"]
            samples = fallen(curves, loss, self.seen)
            rows = best_rows(lambda table: samples, "batch", self.sizes, "learning_rate")(table)
            return Reached(samples[rows], rows, fallen_at(curves[rows.ravel()], loss).reshape(rows.shape))

        return self._kept.setdefault(loss, once(reached))

    @cached_property
    def _kept(self) -> dict[float, Callable[[Table], Reached]]:
        return {}
