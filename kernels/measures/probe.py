"""Linear probes: what can be read off a representation by a linear classifier."""

from __future__ import annotations

import numpy as np

from kernels.arrays import F32, F64

RIDGE = 1e-3
"""Ridge penalty in units of the activations' mean variance times samples: scale does not matter, and dead or redundant
units do no harm. The least-squares solution is hardly changed by it."""


def probe_accuracy(train: F32, train_targets: F32, test: F32, test_targets: F32) -> F64:
    """Accuracy [targets] on the test samples of linear probes fitted to the training samples.

    Activations [units, samples], targets [targets, samples] of -1 and 1. A probe is ridge regression of its target
    with an intercept that is not penalized, in float64: w = (C + RIDGE mean(diag C) I)^-1 H t / n with H the centred
    activations and C = H H' / n; its answer is the sign of its output, -1 below zero. Activations that are not finite
    (a network that diverged) count as zero. Source: Alain & Bengio, "Understanding intermediate layers using linear
    classifier probes" (2016), with the closed form of Hoerl & Kennard (1970).
    """
    h, k = (np.where(np.isfinite(a), a, 0.0).astype(np.float64) for a in (train, test))
    units, samples = h.shape
    scale = max(float(np.abs(h).max()), float(np.abs(k).max()))
    scale = scale or 1.0
    h, k = h / scale, k / scale
    centre = h.mean(1, keepdims=True)
    h -= centre
    covariance = h @ h.T / samples
    penalty = RIDGE * np.trace(covariance) / units
    intercept = train_targets.astype(np.float64).mean(1, keepdims=True)
    output = np.repeat(intercept, k.shape[1], axis=1)
    if penalty > 0:
        weights = np.linalg.solve(
            covariance + penalty * np.eye(units), h @ train_targets.T.astype(np.float64) / samples
        )
        output = output + weights.T @ (k - centre)
    right: F64 = ((output < 0) == (test_targets < 0)).mean(1)
    return right


def probe_accuracies(train: F32, train_targets: F32, test: F32, test_targets: F32) -> F32:
    """`probe_accuracy` of each cell [cells, targets]: activations and targets [cells, ...]."""
    cells = zip(train, train_targets, test, test_targets, strict=True)
    return np.stack([probe_accuracy(*one) for one in cells]).astype(np.float32)
