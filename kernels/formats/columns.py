"""Columns of a result: what is recorded of every cell at every measurement, as bytes that deflate well.

A column is written byte plane by byte plane: of all its numbers the lowest byte, then the next ... In a plane
measurements follow one another, and in a measurement cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import F32, F64
from kernels.cells import Condition
from kernels.metrics import Metric

Kind = Literal["<f4", "<u2", "<u4"]
"""Numbers of a column: float32, or of a share of samples its count, as uint16 where all counts fit, else uint32."""
Column = NDArray[Any]
"""Numbers [cells, measurements]."""
_MOST_OF_TWO_BYTES: Final = 65535


def recorded(metrics: Mapping[str, Metric]) -> dict[str, Metric]:
    """The metrics that a result has columns of: all but those that follow from others by a formula."""
    return {name: metric for name, metric in metrics.items() if metric.formula is None}


def kind(metric: Metric, conditions: Sequence[Condition]) -> Kind:
    """Of the column of a metric under these conditions."""
    if metric.samples is None:
        return "<f4"
    most = _totals(metric, conditions).max() * metric.high
    return "<u2" if most <= _MOST_OF_TWO_BYTES else "<u4"


def width(of: Kind) -> int:
    """Bytes of a number."""
    return np.dtype(of).itemsize


def from_values(values: F32, metric: Metric, conditions: Sequence[Condition], seeds: int) -> Column:
    """The column of values [cells, measurements]; cells are, for each condition in turn, so many seeds.

    ValueError where a share is no count of the metric's samples: such values were not measured.
    """
    form = kind(metric, conditions)
    if metric.samples is None:
        return np.ascontiguousarray(values, dtype=form)
    column = np.rint(values.astype(np.float64) * _of_cells(metric, conditions, seeds)).astype(form)
    if not np.array_equal(to_values(column, metric, conditions, seeds), values):
        raise ValueError("shares of samples are no counts")
    return column


def to_values(column: Column, metric: Metric, conditions: Sequence[Condition], seeds: int) -> F32:
    """Values [cells, measurements] of a column, as they were measured: the inverse of `from_values`."""
    if metric.samples is None:
        return column.astype(np.float32, copy=False)
    shares: F32 = (column / _of_cells(metric, conditions, seeds)).astype(np.float32)
    return shares


def to_bytes(column: Column) -> bytes:
    """The column's bytes."""
    plain = np.ascontiguousarray(column.T)
    return plain.view(np.uint8).reshape(*plain.shape, plain.itemsize).transpose(2, 0, 1).tobytes()


def from_bytes(data: memoryview, of: Kind, cells: int, measurements: int) -> Column:
    """The column that bytes of the right number are: the inverse of `to_bytes`."""
    planes = np.frombuffer(data, dtype=np.uint8).reshape(width(of), measurements, cells)
    return np.ascontiguousarray(planes.transpose(2, 1, 0)).view(of)[:, :, 0]


def _totals(metric: Metric, conditions: Sequence[Condition]) -> F64:
    """The numbers of samples [conditions] of which a metric is a share."""
    assert metric.samples is not None
    of = metric.samples
    return np.array([of if isinstance(of, int) else of(condition) for condition in conditions], dtype=np.float64)


def _of_cells(metric: Metric, conditions: Sequence[Condition], seeds: int) -> F64:
    return np.repeat(_totals(metric, conditions), seeds)[:, None]
