"""Curves of a result: means over cells, as its text and its plot show them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kernels.arrays import F32
from kernels.formats import result
from kernels.formats.result import CellRecord


def mean_curve(cells: Sequence[CellRecord], metric: str) -> F32:
    """The mean of a metric [measurements] over cells."""
    with np.errstate(over="ignore", invalid="ignore"):  # any float32 can be in a file that is not checked
        mean: F32 = np.mean([result.unpack(cell.metrics[metric]) for cell in cells], axis=0)
    return mean
