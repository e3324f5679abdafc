"""Cells for others: the rows that findings rest on, in one order, in Parquet files that are always the same.

The same results give the same bytes, however often files of the data set were joined: rows have one order, files and
row groups one length, and nothing tells a time. A part of a file's length is in memory at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kernels.experiment import Experiment
from kernels.formats import atomic
from kernels.refusals import cannot_write
from server_validator.dataset import export_schema, schema
from server_validator.dataset.columns import Part
from server_validator.dataset.export_schema import HOST
from server_validator.dataset.pseudonyms import Pseudonyms
from server_validator.dataset.query import Contents, LeftOut

FOLDER = "data"
FILE_BYTES = 64 * 2**20  # of curves in one file, before they are compressed
_ORIGINAL = {HOST: "host_id"}  # columns that have another name in the data set


@dataclass(frozen=True)
class Written:
    """A file of an export."""

    path: str  # within the export, with slashes
    size: int  # bytes
    sha256: str  # in hexadecimal digits


@dataclass(frozen=True)
class Exported:
    """An experiment's part of an export, and what of its results is not in it."""

    experiment: Experiment
    files: Sequence[Written]
    cells: int
    seeds: int
    first: tuple[int, Mapping[str, object]]  # seed and condition of the first row
    hosts: int
    unknown_hosts: bool  # whether some cells tell no host
    left_out: LeftOut
    absent: int  # stored results that no sound file of the data set has

    @property
    def folder(self) -> str:
        """Where its files lie within the export."""
        return folder(self.experiment)


@dataclass(frozen=True)
class _Group:
    """Rows of a row group of the data set."""

    file: pq.ParquetFile
    number: int
    rows: pa.Array  # their numbers within it


def folder(experiment: Experiment) -> str:
    """Where files of the experiment's present version lie within an export, by names that are columns to readers."""
    return f"{FOLDER}/experiment={experiment.name}/version={experiment.version}"


def write(into: Path, experiment: Experiment, contents: Contents, pseudonyms: Pseudonyms, absent: int) -> Exported:
    """Write the files of an experiment's cells into an export. CannotWrite."""
    rows = len(contents.table.seed)
    length = schema.rows_within(experiment, FILE_BYTES)
    place = into / folder(experiment)
    try:
        place.mkdir(parents=True)
    except OSError as error:
        raise cannot_write(place, error) from error
    files = []
    for number, begin in enumerate(range(0, rows, length)):
        content = _encoded(_rows(contents.parts, begin, min(begin + length, rows), experiment, pseudonyms), experiment)
        files.append(save(into, f"{folder(experiment)}/part-{number:05}.parquet", content))
    table = contents.table
    condition = {axis: values[:1].tolist()[0] for axis, values in table.condition.items()}
    return Exported(
        experiment, files, rows, len(np.unique(table.seed)), (int(table.seed[0]), condition),
        len(contents.hosts), contents.unknown_hosts, contents.left_out, absent,
    )  # fmt: skip


def save(into: Path, name: str, content: bytes) -> Written:
    """Write one file of an export. CannotWrite."""
    atomic.write(into / name, content)
    return Written(name, len(content), hashlib.sha256(content).hexdigest())


def _rows(parts: Sequence[Part], begin: int, end: int, experiment: Experiment, pseudonyms: Pseudonyms) -> pa.Table:
    """The rows from `begin` to `end` of the table that the parts are of, as others may see them."""
    groups, places = [], []
    for part in parts:
        last = 0
        for number in range(part.file.parquet.num_row_groups):
            first, last = last, last + part.file.parquet.metadata.row_group(number).num_rows
            place = part.place[first:last]
            chosen = np.flatnonzero((place >= begin) & (place < end))
            if len(chosen):
                groups.append(_Group(part.file.parquet, number, pa.array(chosen)))
                places.append(place[chosen])
    order = pa.array(np.argsort(np.concatenate(places)))
    wanted = export_schema.of(experiment)
    # A column at a time: of the others only what goes into the file is in memory.
    columns = [_column(groups, _ORIGINAL.get(name, name), order) for name in wanted.names]
    hosts = wanted.names.index(HOST)
    columns[hosts] = _hidden(columns[hosts], pseudonyms)
    return pa.table(columns, schema=wanted)


def _column(groups: Sequence[_Group], name: str, order: pa.Array) -> pa.Array:
    """A column of the chosen rows of row groups, in an order."""
    chosen = [group.file.read_row_group(group.number, columns=[name]).column(0).take(group.rows) for group in groups]
    return pa.chunked_array([chunk for column in chosen for chunk in column.chunks]).combine_chunks().take(order)


def _hidden(hosts: pa.Array, pseudonyms: Pseudonyms) -> pa.Array:
    """The pseudonym of each host."""
    codes = hosts.dictionary_encode()
    names = pa.array([pseudonyms.of(host) for host in codes.dictionary.to_pylist()], pa.string())
    return pa.DictionaryArray.from_arrays(codes.indices, names).cast(pa.string())


def _encoded(rows: pa.Table, experiment: Experiment) -> bytes:
    """The bytes of a Parquet file of these rows."""
    buffer = pa.BufferOutputStream()
    plain = {"digest"}  # no two alike
    with pq.ParquetWriter(
        buffer,
        rows.schema,
        compression="zstd",
        use_dictionary=[name for name in rows.schema.names if name not in plain],
    ) as writer:
        writer.write_table(rows, row_group_size=schema.rows_within(experiment, schema.GROUP_BYTES))
    return bytes(buffer.getvalue())
