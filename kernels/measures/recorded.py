"""How measured values are recorded: finite float32, accuracies as shares of a count; and the metrics that they are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kernels.engine.seam import F32, F64, I64
from kernels.experiment import Metric

LOSS_LIMIT = 1e6
"""The recorded loss of a network that diverged: results hold finite numbers only."""


def loss(meaning: str, early: float, late: float, most: float = LOSS_LIMIT) -> Metric:
    """The metric of a mean loss recorded as at most `most`, with its tolerances between torch hosts."""
    return Metric(meaning, "nat", 0.0, most, early, late)


def accuracy(meaning: str, early: float, late: float, exact: bool = True) -> Metric:
    """The metric of a share of samples, with its tolerances between torch hosts."""
    return Metric(meaning, "1", 0.0, 1.0, early, late, exact)


def recorded_loss(loss: F64, most: float = LOSS_LIMIT) -> F32:
    """A mean loss as results hold it: float32, at most `most`, which also stands for NaN."""
    return np.where(loss < most, loss, most).astype(np.float32)


def share(correct: I64, samples: int | I64) -> F32:
    """An accuracy: so many of `samples`, of one number of them or of several [...], broadcast."""
    return (correct / samples).astype(np.float32)


def not_counts(metrics: Mapping[str, F32], samples: Mapping[str, int | I64]) -> str | None:
    """What is wrong with metrics [...] that must be counts of so many samples, divided by them; None if nothing is.

    Numbers of samples are one for all, or broadcast.
    """
    for name, total in samples.items():
        if not np.array_equal(
            share(np.rint(metrics[name].astype(np.float64) * total).astype(np.int64), total), metrics[name]
        ):
            return f"{name} is not a count of {total if isinstance(total, int) else 'its'} samples"
    return None
