"""The data set's files: where they lie, and what tells a sound one.

A file's name ends in the digest of its bytes, and a file is read only where it has that digest: Parquet has no checksum
that its readers verify, so that one bit that has turned would be another number. Files that are not read lie beside the
others: `withdrawn` by staff, `damaged` moved there by a repair.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kernels import limits
from kernels.errors import CannotRead
from kernels.experiment import Experiment
from kernels.formats import atomic
from kernels.refusals import cannot_write
from kernels.text import one_line
from server_validator.dataset import schema

WITHDRAWN = "withdrawn"
DAMAGED = "damaged"
FILE_BYTES = 4 * limits.RESULT_BYTES  # a result's numbers, compressed, and columns that say where they come from
_DIGEST_BYTES = 16
_NAME = re.compile(r"(?P<unit>[a-z0-9_.-]+)\.(?P<digest>[0-9a-f]{32})\.parquet")


class Unsound(Exception):
    """A file that is not as it was written, or was never written by this program, and why."""


@dataclass(frozen=True)
class Sound:
    """A file whose bytes are the very ones that were written."""

    path: Path
    rows: pa.Table


def folder(data: Path, experiment: Experiment) -> Path:
    """Of the files of an experiment's present version in the data directory."""
    return data / "results" / experiment.name / str(experiment.version)


def whose(data: Path, path: Path) -> tuple[str, int]:
    """The experiment and version that a file of the data directory is of, by the folders that it lies in."""
    experiment, version = path.relative_to(data / "results").parts[:2]
    return experiment, int(version)


def listed(place: Path) -> list[Path]:
    """All Parquet files of a folder by their names, sound or not; none where there is no folder."""
    return sorted(path for path in place.glob("*.parquet"))


def named(place: Path) -> set[str]:
    """The work units that a folder has files of by their names, sound or not, withdrawn and damaged ones too."""
    paths = (path for folder in (place, place / WITHDRAWN, place / DAMAGED) for path in listed(folder))
    return {unit for path in paths if (unit := unit_named(path))}


def name(unit: str, content: bytes) -> str:
    """The name of a file of a work unit's rows."""
    return f"{unit}.{_digest(content)}.parquet"


def unit_named(path: Path) -> str | None:
    """The work unit whose rows a file has, by its name; None where this program gives no such name."""
    match = _NAME.fullmatch(path.name)
    return match["unit"] if match else None


def read(path: Path, experiment: Experiment) -> Sound:
    """A file's rows, of the experiment's present version. Unsound."""
    sound = read_any(path)
    if not sound.rows.schema.equals(schema.of(experiment), check_metadata=True) or not len(sound.rows):
        raise Unsound(f"it does not have rows with the columns of {experiment.name} version {experiment.version}")
    return sound


def read_any(path: Path) -> Sound:
    """A file's rows, of whatever experiment and version, from the very bytes that were checked. Unsound."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise Unsound("its name has no digest, so it is none of this program's files")
    try:
        content = atomic.read(path, FILE_BYTES)
    except CannotRead as failure:
        raise Unsound(failure.args[1]) from failure
    if _digest(content) != match["digest"]:
        raise Unsound(f"its {len(content)} bytes do not have the digest in its name")
    try:
        return Sound(path, pq.read_table(pa.BufferReader(content)))
    except (pa.ArrowException, OSError) as error:
        raise Unsound(one_line(error)) from error


def places(data: Path) -> list[Path]:
    """The folders of all experiments and versions that have any."""
    return sorted(place for place in (data / "results").glob("*/*") if place.is_dir() and place.name.isdecimal())


def move(path: Path, place: Path) -> Path:
    """Move a file to another folder of the data set, where no other file is replaced by it; where it is then.

    CannotWrite leaves it where it was.
    """
    target = place / path.name
    try:
        place.mkdir(exist_ok=True)
        for number in itertools.count(1):
            if not os.path.lexists(target):
                break
            target = place / f"{path.name}.{number}"
        path.rename(target)
    except OSError as error:
        raise cannot_write(target, error) from error
    return target


def of_unit(place: Path, unit: str) -> Iterator[Path]:
    """The files of a folder that are named after a work unit."""
    return (path for path in listed(place) if unit_named(path) == unit)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()
