"""The table that claims are computed from: a row per cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import F32, F64, I64

Position = float | str
"""A place on a curve's axis."""


@dataclass(frozen=True)
class Table:
    """Assimilated cells of one experiment: a row per cell."""

    seed: I64  # [rows]
    condition: Mapping[str, NDArray[Any]]  # axis -> [rows]
    metrics: Mapping[str, F32]  # metric -> [rows, measurements]

    def final(self, metric: str) -> F64:
        """The metric at the last measurement [rows]."""
        return self.metrics[metric][:, -1].astype(np.float64)


Rows = Callable[[Table], F64]
"""Something known of every cell [rows]."""
Statistic = Callable[[Table], F64]
"""Something known of every seed that has all it needs [seeds]: what claims and points of curves are estimates of."""
Profile = Callable[[Table], F64]
"""Something known of every such seed at each position of an axis [seeds, positions]."""
