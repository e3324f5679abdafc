"""Adam's bias corrections, with the bits that the exact engine computes."""

from __future__ import annotations

import numpy as np

from kernels.arrays import F32
from kernels.engine.shapes import Optimizer


def bias_corrections(optimizer: Optimizer, first: int, steps: int) -> F32:
    """Adam's 1 - beta^t [steps, 2] for t = first + 1 ..., powers by squaring in float64, so every host agrees."""
    return np.array(
        [[1.0 - _power(b, t + 1) for b in (optimizer.beta1, optimizer.beta2)] for t in range(first, first + steps)],
        dtype=np.float32,
    ).reshape(steps, 2)


def _power(base: float, exponent: int) -> float:
    result = 1.0
    while exponent:
        if exponent & 1:
            result *= base
        base *= base
        exponent >>= 1
    return result
