"""The critical batch size: up to it larger batches need fewer steps, beyond it they need more samples.

Source: McCandlish, Kaplan, Amodei & OpenAI Dota Team, "An empirical model of large-batch training" (2018), section 2.
With S steps and E samples until a network is so good, (S / S_min - 1) (E / E_min - 1) = 1 and B_crit = E_min / S_min;
with E = S * size that is E = E_min (1 + size / B_crit).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kernels.arrays import F64
from kernels.claims.crossings import fallen, fallen_at
from kernels.claims.statistics import at_best, measured
from kernels.claims.table import Profile, Rows, Statistic, Table
from kernels.measures.gradient_noise import NOISE_FLOOR

TRIED = np.arange(-3 * 16, 14 * 16 + 1) / 16.0
"""Base-2 logarithms of the critical sizes that are tried."""


def log2_critical_size(log2_samples: F64, sizes: Sequence[int]) -> F64:
    """Base-2 logarithm of the critical size [...] from that of the samples [..., sizes] that each batch size needs.

    By least squares: residuals are those of logarithms; tried are 2^-3 to 2^14 by sixteenths.
    """
    shape = np.log2(1.0 + np.array(sizes)[:, None] / 2.0**TRIED)  # [sizes, tried]
    rest = log2_samples[..., None] - shape
    found: F64 = TRIED[np.square(rest - rest.mean(-2, keepdims=True)).sum(-2).argmin(-1)]
    return found


@dataclass(frozen=True)
class BatchSizes:
    """What is read off cells with the axes "batch" and "learning_rate": each size is judged at its best rate.

    Their metrics are "train_loss", "test_loss" and "noise_scale", besides those that are asked for.
    """

    sizes: Sequence[int]
    seen: Sequence[int]  # samples at each measurement, the same for all sizes

    def ended(self, metric: str) -> Profile:
        """The last value of a metric [seeds, sizes], at the rate that ends with the least training loss."""
        return self._best(measured(metric), measured("train_loss"))

    def log10_ended(self, metric: str) -> Profile:
        """Base-10 logarithm of the same [seeds, sizes]."""
        return lambda table: np.log10(np.maximum(self.ended(metric)(table), NOISE_FLOOR))

    def log2_samples(self, loss: float) -> Profile:
        """Base-2 logarithm of the samples until a test loss [seeds, sizes], at the rate that needs fewest.

        Linear between measurements; all samples if it is never reached.
        """
        fewest = self._best(self._samples(loss), self._samples(loss))
        return lambda table: np.log2(np.maximum(fewest(table), 1.0))

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

        def scale(table: Table) -> F64:
            at = fallen_at(table.metrics["test_loss"], loss)
            return table.metrics["noise_scale"][np.arange(len(at)), at].astype(np.float64)

        of_sizes = self._best(scale, self._samples(loss))
        return lambda table: np.log2(np.maximum(np.median(of_sizes(table), axis=1), NOISE_FLOOR))

    def _samples(self, loss: float) -> Rows:
        return lambda table: fallen(table.metrics["test_loss"], loss, self.seen)

    def _best(self, rows: Rows, score: Rows) -> Profile:
        return at_best(rows, score, "batch", self.sizes, "learning_rate")
