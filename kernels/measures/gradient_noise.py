"""Gradient noise: how much the gradients of single samples scatter around their mean, and how long that mean is.

Source: McCandlish, Kaplan, Amodei & OpenAI Dota Team, "An empirical model of large-batch training" (2018), section 2
and appendix A.1. With G the gradient over all samples there are and Sigma the covariance of one sample's gradient, the
gradient of a minibatch of B samples has an expected squared length of |G|^2 + tr(Sigma) / B.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import F32, F64
from kernels.metrics import NOISE_LIMIT

NOISE_FLOOR = 1e-30
"""What is smaller is recorded as 0: float32 could not divide it by a batch size exactly."""


def gradient_noise(gradients: Iterable[F32], samples: int) -> tuple[F32, F32]:
    """tr(Sigma) and |G|^2 [cells], without bias, from mean gradients [cells, parameters] of two or more disjoint parts.

    Every part is `samples` samples. With n parts of b samples, m the mean squared length of their gradients and s that
    of the mean gradient, the expected values of m and s are |G|^2 + tr(Sigma) / b and |G|^2 + tr(Sigma) / (n b); these
    two equations are solved. tr(Sigma) is 0 or more; |G|^2 may come out below 0 where noise is all there is.
    """
    number, total, squares, diverged = 0, np.zeros((1, 1)), np.zeros(1), np.zeros(1, dtype=np.bool_)
    for part in gradients:
        finite = np.isfinite(part)
        wide = np.where(finite, part, 0.0).astype(np.float64)
        total, squares = total + wide, squares + np.square(wide).sum(-1)
        diverged = diverged | ~finite.all(-1)
        number += 1
    if number < 2:
        raise ValueError(f"noise shows between two or more gradients, not in {number}")
    small, big = squares / number, np.square(total / number).sum(-1)
    trace = np.maximum(small - big, 0.0) * samples * number / (number - 1)
    square = big - trace / (samples * number)
    return _recorded(trace, diverged), _recorded(square, diverged)


def noise_scale(trace: F32, square: F32) -> F32:
    """B_simple = tr(Sigma) / |G|^2 [...], the size whose noise is as long as the gradient; at most NOISE_LIMIT.

    NOISE_LIMIT also where |G|^2 is 0 or less, unless tr(Sigma) is 0: then 0, as in a network that died.
    """
    found = np.divide(
        trace, square, out=np.full_like(trace, NOISE_LIMIT), where=square * np.float32(NOISE_LIMIT) > trace
    )
    return np.where(trace > 0, found, np.float32(0.0))


def _recorded(values: F64, diverged: NDArray[np.bool_]) -> F32:
    """Values [cells] as results hold them: finite float32 from -NOISE_LIMIT to NOISE_LIMIT."""
    kept = np.where(np.abs(values) < NOISE_FLOOR, 0.0, np.clip(values, -NOISE_LIMIT, NOISE_LIMIT))
    return np.where(diverged, NOISE_LIMIT, kept).astype(np.float32)
