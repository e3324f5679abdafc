"""How measured values are recorded: finite float32, accuracies as shares of a count; and the metrics that they are."""

from __future__ import annotations

import numpy as np

from kernels.arrays import F32, F64, I64
from kernels.metrics import LOSS_LIMIT


def recorded_loss(loss: F64, most: float = LOSS_LIMIT) -> F32:
    """A mean loss as results hold it: float32, at most `most`, which also stands for NaN."""
    return np.where(loss < most, loss, most).astype(np.float32)


def share(correct: I64, samples: int | I64) -> F32:
    """An accuracy: so many of `samples`, of one number of them or of several [...], broadcast."""
    return (correct / samples).astype(np.float32)
