"""Columns of the data set as arrays in the order of a table's rows, each read when it is asked for.

A row group is in memory at a time for each thread, and the array that it goes into.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kernels.arrays import F32
from kernels.formats.result import CELL_DIGEST_BYTES
from server_validator.dataset import schema
from server_validator.dataset.files import File

Places = NDArray[np.int32]
NOT = -1  # the place of a row that the table has not
KEPT_BYTES = 256 * 2**20  # of columns that were asked for and may be asked for again


@dataclass(frozen=True)
class Part:
    """A file's rows: the row of the table that each becomes, or NOT [rows of the file]."""

    file: File
    place: Places


class Columns(Mapping[str, F32]):
    """Metrics of a table's rows: their curves [rows, measurements], or, with no `measurements`, last values [rows]."""

    def __init__(self, parts: Sequence[Part], metrics: Sequence[str], rows: int, measurements: int | None) -> None:
        self._parts = parts
        self._metrics = metrics
        self._rows = rows
        self._measurements = measurements
        self._kept: dict[str, F32] = {}

    def __getitem__(self, metric: str) -> F32:
        if metric not in self._metrics:
            raise KeyError(metric)
        if metric not in self._kept:
            size = 4 * self._rows * (self._measurements or 1)
            while self._kept and sum(kept.nbytes for kept in self._kept.values()) + size > KEPT_BYTES:
                del self._kept[next(iter(self._kept))]
            self._kept[metric] = self._read(metric)
        return self._kept[metric]

    def __iter__(self) -> Iterator[str]:
        return iter(self._metrics)

    def __len__(self) -> int:
        return len(self._metrics)

    def _read(self, metric: str) -> F32:
        if self._measurements is None:
            return gathered(self._parts, metric + schema.FINAL, np.empty(self._rows, np.float32), _plain)
        into = np.empty((self._rows, self._measurements), np.float32)
        return gathered(self._parts, metric, into, _curves)


def digests(parts: Sequence[Part], rows: int) -> NDArray[np.bytes_]:
    """The digests of a table's rows [rows]."""
    return gathered(parts, "digest", np.empty(rows, f"S{2 * CELL_DIGEST_BYTES}"), _words)


def gathered(
    parts: Sequence[Part], column: str, into: NDArray[Any], numbers: Callable[[pa.Array, tuple[int, ...]], NDArray[Any]]
) -> NDArray[Any]:
    """A column of files' rows, each put where its part says; row groups without such rows are not read."""

    def read(part: Part) -> None:
        end = 0
        for number in range(part.file.parquet.num_row_groups):
            begin, end = end, end + part.file.parquet.metadata.row_group(number).num_rows
            place = part.place[begin:end]
            chosen = place != NOT
            if chosen.any():
                rows = part.file.parquet.read_row_group(number, columns=[column]).column(0).combine_chunks()
                into[place[chosen]] = numbers(rows, (len(place), *into.shape[1:]))[chosen]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(read, parts))
    return into


def _plain(rows: pa.Array, shape: tuple[int, ...]) -> NDArray[Any]:
    return np.asarray(rows.to_numpy(zero_copy_only=False)).reshape(shape)


def _curves(rows: pa.Array, shape: tuple[int, ...]) -> NDArray[Any]:
    return np.asarray(rows.flatten().to_numpy(zero_copy_only=False)).reshape(shape)


def _words(rows: pa.Array, shape: tuple[int, ...]) -> NDArray[Any]:
    size = 2 * CELL_DIGEST_BYTES
    fixed = rows.cast(pa.binary()).cast(pa.binary(size))
    return np.frombuffer(fixed.buffers()[1], f"S{size}", len(rows), size * fixed.offset).reshape(shape)
