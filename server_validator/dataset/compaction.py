"""Small files of the data set joined into large ones.

A new file comes under its name whole, then the old ones go. Killed in between, both are there: readers take each result
once, and the next compaction removes what is there twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from kernels.experiment import Experiment
from server_validator.dataset import files, schema, writing
from server_validator.dataset.files import File
from server_validator.dataset.schema import Held
from server_validator.dataset.writing import Piece


@dataclass(frozen=True)
class Taken:
    """A file, and those of its results that no other file is taken for."""

    file: File
    held: Sequence[Held]

    @property
    def rows(self) -> int:
        """How many cells are taken."""
        return sum(one.cells for one in self.held)


def taken(sound: Sequence[File]) -> list[Taken]:
    """All files, each result with one of them: the largest that has it."""
    seen: set[str] = set()
    found = []
    for file in sorted(sound, key=lambda file: (-file.rows, file.path)):
        own = [one for one in file.held if one.checksum not in seen]
        seen.update(one.checksum for one in own)
        found.append(Taken(file, own))
    return found


def join(data: Path, experiment: Experiment) -> tuple[int, int]:
    """Join the files of the experiment's present version; how many went, and how many came. CannotWrite.

    For a command that has the data set for itself. Files that are not sound stay as they are: their rows would get a
    digest that is right. Each file is at least as large as all smaller ones together when this ends, so that there are
    few and no row is written often; files that are full stay.
    """
    there = taken(files.opened(data, (experiment.name, experiment.version)).sound)
    doubled = [one.file.path for one in there if not one.held]
    files.remove(doubled)
    went, came = len(doubled), 0
    full = schema.rows_within(experiment, schema.FILE_BYTES)
    for bundle in writing.bundles(_small([one for one in there if one.held], full), lambda one: one.rows, full):
        if len(bundle) > 1:
            path = writing.write(data, experiment, map(_piece, bundle))
            files.remove(one.file.path for one in bundle if one.file.path != path)
            went, came = went + len(bundle), came + 1
    return went, came


def _small(there: Sequence[Taken], full: int) -> list[Taken]:
    """Those to be joined, the smallest first: up to the last that all before it are together as large as."""
    rising = sorted((one for one in there if one.rows < full), key=lambda one: (one.rows, one.file.path))
    total = last = 0
    for number, one in enumerate(rising, 1):
        if one.rows <= total:
            last = number
        total += one.rows
    return rising[:last]


def _piece(one: Taken) -> Piece:
    return Piece(one.held, _rows(one))


def _rows(one: Taken) -> Iterator[pa.Table]:
    """The rows of the results that are taken, a row group at a time."""
    checksums = pa.array([held.checksum for held in one.held])
    for number in range(one.file.parquet.num_row_groups):
        rows = one.file.parquet.read_row_group(number).replace_schema_metadata(None)
        if len(one.held) < len(one.file.held):
            rows = rows.filter(pc.is_in(rows["checksum"], checksums))
        yield rows
