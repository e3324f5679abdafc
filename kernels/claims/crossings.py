"""Curves along training: when they get somewhere, at or between measurements, and from when on they stay there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import F32, F64, I64


def first_at(reached: NDArray[np.bool_]) -> I64:
    """The number [rows] of the first measurement at which something is true of curves [rows, measurements].

    That of the last one if it is never true.
    """
    found: I64 = np.where(reached.any(1), reached.argmax(1), reached.shape[1] - 1)
    return found


def first_epoch(reached: NDArray[np.bool_], measured: Sequence[int]) -> F64:
    """The epoch [rows] of the first measurement at which something is true of curves [rows, measurements].

    `measured` are the measurements' epochs. The last of them if it is never true: of two curves the one that never gets
    there took as long as was looked.
    """
    epochs: F64 = np.array(measured, dtype=np.float64)[first_at(reached)]
    return epochs


def from_then_on(reached: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where [rows, measurements] something is true of curves from then on, to the last measurement."""
    lacking = ~reached[:, ::-1]
    first = np.where(lacking.any(1), reached.shape[1] - lacking.argmax(1), 0)
    found: NDArray[np.bool_] = np.arange(reached.shape[1]) >= first[:, None]
    return found


def half_risen(values: F32, base: float, measured: Sequence[int]) -> F64:
    """The epoch [rows] from which on curves [rows, measurements] keep half of their final height above `base`.

    `measured` are the measurements' epochs. The last of them for a curve that does not end above the base.
    """
    final = values[:, -1:].astype(np.float64)
    return first_epoch(from_then_on((values >= base + 0.5 * (final - base)) & (final > base)), measured)


def first_peak(values: F32, measured: Sequence[int]) -> F64:
    """The epoch [rows] of the first of the highest values of curves [rows, measurements] at these epochs."""
    return first_epoch(values == values.max(1, keepdims=True), measured)


def fallen_at(values: F32, level: float) -> I64:
    """The number [rows] of the first measurement, but that before training, with curves at or below a level.

    Curves are [rows, measurements]; the last measurement of a curve that never is.
    """
    return first_at(values[:, 1:] <= level) + 1


def fallen(values: F32, level: float, measured: Sequence[int]) -> F64:
    """The time [rows], in epochs, after which curves [rows, measurements] have fallen to a level.

    `measured` are the measurements' epochs. Linear from the measurement before that of `fallen_at`; the last epoch for
    a curve that never falls so far.
    """
    at, row = fallen_at(values, level), np.arange(len(values))
    before, after = (values[row, number].astype(np.float64) for number in (at - 1, at))
    epochs = np.array(measured, dtype=np.float64)
    part = np.where(after <= level, (before - level) / np.maximum(before - after, 1e-9), 1.0)
    found: F64 = epochs[at - 1] + np.clip(part, 0.0, 1.0) * (epochs[at] - epochs[at - 1])
    return found
