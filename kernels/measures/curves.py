"""Curves along training: when they get somewhere, and from when on they stay there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kernels.engine.seam import F32, F64


def first_epoch(reached: NDArray[np.bool_], measured: Sequence[int]) -> F64:
    """The epoch [rows] of the first measurement at which something is true of curves [rows, measurements].

    `measured` are the measurements' epochs. The last of them if it is never true: of two curves the one that never gets
    there took as long as was looked.
    """
    at = np.where(reached.any(1), reached.argmax(1), reached.shape[1] - 1)
    epochs: F64 = np.array(measured, dtype=np.float64)[at]
    return epochs


def from_then_on(reached: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where [rows, measurements] something is true of curves from then on, to the last measurement."""
    found: NDArray[np.bool_] = np.logical_and.accumulate(reached[:, ::-1], axis=1)[:, ::-1]
    return found


def half_risen(values: F32, base: float, measured: Sequence[int]) -> F64:
    """The epoch [rows] from which on curves [rows, measurements] keep half of their final height above `base`.

    `measured` are the measurements' epochs. The last of them for a curve that does not end above the base.
    """
    height = values.astype(np.float64) - base
    final = height[:, -1:]
    return first_epoch(from_then_on((height >= 0.5 * final) & (final > 0)), measured)
