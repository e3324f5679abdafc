"""How far parameters have moved."""

from __future__ import annotations

import numpy as np

from kernels.arrays import F32, F64

DISTANCE_LIMIT = 1e6
"""The recorded distance of a network that diverged."""


def relative_distance(params: F32, started: F32) -> F64:
    """|params - started| / |started| [networks] of parameters [networks, parameters], Euclidean; at most 1e6."""
    finite = np.isfinite(params)
    moved = np.where(finite, params, 0.0).astype(np.float64) - started
    far = np.sqrt(np.square(moved).sum(-1)) / np.sqrt(np.square(started.astype(np.float64)).sum(-1))
    found: F64 = np.where(finite.all(-1), np.minimum(far, DISTANCE_LIMIT), DISTANCE_LIMIT)
    return found
