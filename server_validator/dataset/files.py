"""The data set's files: where they lie, and what tells a sound one.

A file's name ends in the digest of its bytes, and its rows are read only where it has that digest: Parquet has no
checksum that its readers verify, so that one bit that has turned would be another number. A file never changes. It goes
when another has all its results; who has opened it reads on, and who had only listed it lists again.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS
from kernels.formats import atomic
from kernels.refusals import cannot_write
from kernels.text import one_line
from server_validator.dataset import archive, schema, withdrawals
from server_validator.dataset.schema import Held

FOLDER = "results"
DAMAGED = "_damaged"  # of a folder within a version's, which readers of Hive folders pass over
FILE_BYTES = 2**30  # far above what is written: see schema.FILE_BYTES
_DIGEST_BYTES = 16
_OLD_SECONDS = 86400.0
_AT_ONCE = 4 * 2**20  # bytes that are read while a digest is computed
_NAME = re.compile(r"[a-z0-9_]+\.(?P<digest>[0-9a-f]{32})\.parquet")

Group = tuple[str, int]
"""An experiment and its version."""


class Unsound(Exception):
    """A file that is not as it was written, or was never written by this program, and why."""


@dataclass(frozen=True)
class File:
    """An open file: the results that it has the rows of, in the order of its rows."""

    path: Path
    parquet: pq.ParquetFile
    held: Sequence[Held]
    written: float  # when, in seconds since 1970

    @property
    def rows(self) -> int:
        """How many cells it has."""
        return int(self.parquet.metadata.num_rows)


@dataclass(frozen=True)
class Opened:
    """All files of a folder: those that are sound, and the others with the reason."""

    sound: Sequence[File]
    unsound: Sequence[tuple[Path, str]]

    @property
    def checksums(self) -> frozenset[str]:
        """Of all results that a sound file has."""
        return frozenset(one.checksum for file in self.sound for one in file.held)


def folder(data: Path, group: Group) -> Path:
    """Of the files of a version of an experiment in the data directory."""
    experiment, version = group
    return data / FOLDER / f"experiment={experiment}" / f"version={version}"


def groups(data: Path) -> list[Group]:
    """All experiments and versions that have a folder."""
    found = []
    for place in (data / FOLDER).glob("experiment=*/version=*"):
        experiment, version = (part.partition("=")[2] for part in place.parts[-2:])
        if version.isdecimal() and place.is_dir():
            found.append((experiment, int(version)))
    return sorted(found)


def listed(place: Path) -> list[Path]:
    """All Parquet files of a folder by their names, sound or not; none where there is no folder."""
    return sorted(place.glob("*.parquet"))


def name(group: Group, content: memoryview) -> str:
    """The name of a file of a version's rows."""
    digest = hashlib.blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()
    return f"{group[0]}_{group[1]}.{digest}.parquet"


def opened(data: Path, group: Group) -> Opened:
    """All files of a version, each read whole once for its digest."""
    return _all(folder(data, group), partial(verified, group=group))


def described(data: Path, group: Group) -> Opened:
    """As `opened`, but what is said to be sound is not read: enough to know which results are there."""
    return _all(folder(data, group), partial(_described, group=group))


def verified(path: Path, group: Group) -> File:
    """A file whose bytes are the very ones that were written. Unsound; FileNotFoundError if it is gone."""
    source = _source(path)
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise Unsound("its name has no digest, so it is none of this program's files")
    digest, size = hashlib.blake2b(digest_size=_DIGEST_BYTES), 0
    try:
        while content := source.read(_AT_ONCE):
            digest.update(content)
            size += len(content)
    except OSError as error:
        raise Unsound(one_line(error)) from error
    if digest.hexdigest() != match["digest"]:
        raise Unsound(f"its {size} bytes do not have the digest in its name")
    return _parsed(path, source, group)


def move_aside(path: Path) -> Path:
    """Move a file out of the data set, to where no other file is replaced by it; where it is then. CannotWrite."""
    place = path.parent / DAMAGED
    try:
        place.mkdir(exist_ok=True)
        for number in itertools.count(1):
            target = place / f"{path.name}.{number}"  # readers that take whatever ends in .parquet do not see it
            if not os.path.lexists(target):
                break
        path.rename(target)
    except OSError as error:
        raise cannot_write(place, error) from error
    return target


def remove(paths: Iterable[Path]) -> None:
    """Remove files whose results others have. CannotWrite."""
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from error


def _described(path: Path, group: Group) -> File:
    return _parsed(path, _source(path), group)


def _all(place: Path, read: Callable[[Path], File]) -> Opened:
    """What is there of a folder at one moment: where a file that was listed is gone, another has its results."""
    while True:
        sound: list[File] = []
        unsound: list[tuple[Path, str]] = []
        paths = listed(place)
        try:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                for path, file in zip(paths, pool.map(partial(_read, read), paths), strict=True):
                    if isinstance(file, File):
                        sound.append(file)
                    else:
                        unsound.append((path, str(file)))
        except FileNotFoundError:
            continue
        return Opened(sound, unsound)


def _read(read: Callable[[Path], File], path: Path) -> File | Unsound:
    try:
        return read(path)
    except Unsound as why:
        return why


def _source(path: Path) -> pa.NativeFile:
    """The file, open. Unsound; FileNotFoundError if it is gone."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):  # the opening of a pipe would wait for its writer
            raise Unsound("it is not a regular file")
        if facts.st_size > FILE_BYTES:
            raise Unsound(f"it has more than {FILE_BYTES} bytes")
        return pa.OSFile(str(path))
    except FileNotFoundError:
        if path.is_symlink():
            raise Unsound("it is a link to nothing") from None
        raise
    except OSError as error:
        raise Unsound(one_line(error)) from error


def _parsed(path: Path, source: pa.NativeFile, group: Group) -> File:
    """The file with the columns and metadata of its group, where this program knows them. Unsound."""
    experiment = known(group)
    try:
        parquet = pq.ParquetFile(source)
        columns = parquet.schema_arrow
        about, held = schema.read(parquet.metadata.metadata)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Unsound(one_line(error)) from error
    if experiment and (about != schema.about(experiment) or not columns.equals(schema.of(experiment))):
        raise Unsound(f"it does not have rows with the columns of {group[0]} version {group[1]}")
    if not held or sum(one.cells for one in held) != parquet.metadata.num_rows:
        raise Unsound("it has other rows than it says")
    return File(path, parquet, held, path.stat().st_mtime)


def known(group: Group) -> Experiment | None:
    """The experiment, if this program computes that version."""
    experiment = EXPERIMENTS.get(group[0])
    return experiment if experiment and experiment.version == group[1] else None


def leftovers(data: Path) -> list[Path]:
    """What killed commands have left half written, for a command that has the data set for itself.

    Others write to the archive meanwhile; what is a day old there is nobody's any more.
    """
    ours = [*(data / FOLDER).rglob(f"*{atomic.PARTIAL}"), *data.glob(f"{withdrawals.FILE}.*{atomic.PARTIAL}")]
    kept = (data / archive.FOLDER).glob(f"*/*{atomic.PARTIAL}")
    return sorted([*ours, *(path for path in kept if time.time() - path.stat().st_mtime > _OLD_SECONDS)])
