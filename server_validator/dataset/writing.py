"""Writing a file of the data set: whole, under the digest of its bytes, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from kernels.experiment import Experiment
from kernels.formats import atomic
from kernels.refusals import cannot_write
from server_validator.dataset import files, schema
from server_validator.dataset.schema import Held

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Piece:
    """Whole results, and their rows in the same order, in tables of any length."""

    held: Sequence[Held]
    rows: Iterable[pa.Table]


def write(data: Path, experiment: Experiment, pieces: Iterable[Piece]) -> Path | None:
    """A file of all pieces; None where there are none. CannotWrite leaves the data set as it was."""
    group = experiment.name, experiment.version
    columns, held = schema.of(experiment), list[Held]()
    buffer = pa.BufferOutputStream()
    plain = {"digest"}  # no two alike
    with pq.ParquetWriter(
        buffer, columns, compression="zstd", use_dictionary=[name for name in columns.names if name not in plain]
    ) as writer:
        size = schema.rows_within(experiment, schema.GROUP_BYTES)
        for rows in _groups(_noted(pieces, held), size):
            writer.write_table(rows, row_group_size=len(rows))
        writer.add_key_value_metadata(schema.metadata(experiment, held))
    if not held:
        return None
    content = buffer.getvalue()
    place = files.folder(data, group)
    path = place / files.name(group, memoryview(content))
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(place, error) from error
    atomic.write_beside_others(path, content.to_pybytes())
    return path


def bundles(things: Iterable[Thing], rows: Callable[[Thing], int], most: int) -> Iterator[list[Thing]]:
    """Things in their order, as many together as have `most` rows, or one that has more."""
    bundle: list[Thing] = []
    total = 0
    for thing in things:
        if bundle and total + rows(thing) > most:
            yield bundle
            bundle, total = [], 0
        bundle.append(thing)
        total += rows(thing)
    if bundle:
        yield bundle


def _noted(pieces: Iterable[Piece], held: list[Held]) -> Iterator[pa.Table]:
    """The tables of the pieces; which results they are of is added to `held`."""
    for piece in pieces:
        held.extend(piece.held)
        yield from piece.rows


def _groups(tables: Iterable[pa.Table], size: int) -> Iterator[pa.Table]:
    """The same rows in tables of this length, but for the last."""
    waiting: list[pa.Table] = []
    rows = 0
    for table in tables:
        waiting.append(table)
        rows += len(table)
        if rows >= size:
            joined = pa.concat_tables(waiting)
            whole = rows - rows % size
            for begin in range(0, whole, size):
                yield joined.slice(begin, size)
            waiting, rows = [joined.slice(whole)], rows - whole
    if rows:
        yield pa.concat_tables(waiting)
