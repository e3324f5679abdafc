"""The ledger: every work unit ever issued. A cell is given out once per experiment and version."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from kernels import workunit
from kernels.errors import DataDirectory, Failure, NotIssued, SeedsTaken, TryLater
from kernels.workunit import WorkUnit

_FILE = "ledger.sqlite"
_LOCK_SECONDS = 30.0  # to wait for another command that writes
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS issued (digest BLOB PRIMARY KEY, name TEXT UNIQUE NOT NULL, experiment TEXT NOT NULL, "
    "version INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, body BLOB NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS failed (name TEXT PRIMARY KEY, error_mask INTEGER NOT NULL, boinc_id INTEGER NOT NULL, "
    "batch INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS uploaded (checksum BLOB PRIMARY KEY, name TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS accepted (name TEXT PRIMARY KEY, checksum BLOB NOT NULL) STRICT",
)


def issue(data: Path, unit: WorkUnit) -> bool:
    """Enter the work unit; whether that made a new ledger. The very same one again changes nothing.

    SeedsTaken if any of its cells was given out.
    """
    new = not (data / _FILE).exists()
    with _open(data, create=True) as db:
        if db.execute("SELECT 1 FROM issued WHERE digest = ?", [workunit.digest(unit)]).fetchone():
            return new
        last = unit.seeds.first + unit.seeds.count - 1
        mine = [unit.experiment, unit.version]
        near = db.execute(
            "SELECT name, body FROM issued WHERE experiment = ? AND version = ? AND first <= ? AND last >= ? "
            "ORDER BY first, name",
            [*mine, last, unit.seeds.first],
        ).fetchall()
        for name, body in near:
            if _overlap(unit, bytes(body)):
                (free,) = db.execute(
                    "SELECT max(last) + 1 FROM issued WHERE experiment = ? AND version = ?", mine
                ).fetchone()
                raise SeedsTaken(unit.seeds.first, last, unit.experiment, unit.version, name, free)
        db.execute(
            "INSERT INTO issued VALUES (?, ?, ?, ?, ?, ?, ?)",
            [workunit.digest(unit), unit.name, *mine, unit.seeds.first, last, workunit.encode(unit)],
        )
    return new


def _overlap(unit: WorkUnit, issued: bytes) -> bool:
    """Whether an issued work unit may have a cell in common with this one."""
    try:
        return workunit.overlap(unit, workunit.decode(issued, "ledger"))
    except Failure:  # of a grid that this program does not know
        return True


def find(data: Path, digest: bytes) -> WorkUnit | None:
    """The work unit of this digest, or None if it was never issued here. TryLater if this program cannot check it."""
    return _find(data, "digest", digest)


def find_named(data: Path, name: str) -> WorkUnit | None:
    """As `find`, the work unit of this name."""
    return _find(data, "name", name)


def _find(data: Path, column: str, value: bytes | str) -> WorkUnit | None:
    with _open(data, create=False) as db:
        row = db.execute(f"SELECT body, name FROM issued WHERE {column} = ?", [value]).fetchone()
    if row is None:
        return None
    try:
        return workunit.decode(bytes(row[0]), f"ledger entry {row[1]}")
    except Failure as failure:  # issued by another version of this program
        raise TryLater(f"work unit {row[1]} needs another version of this program: {failure}") from failure


def first_upload(data: Path, checksum: bytes, name: str) -> str:
    """The name under which a file of this checksum was first uploaded; from now on this one, if it is the first."""
    with _open(data, create=False) as db:
        db.execute("INSERT OR IGNORE INTO uploaded VALUES (?, ?)", [checksum, name])
        (first,) = db.execute("SELECT name FROM uploaded WHERE checksum = ?", [checksum]).fetchone()
    return str(first)


def accept(data: Path, name: str, checksum: bytes) -> None:
    """Remember that the upload of this name was found valid, and of which checksum it was then."""
    with _open(data, create=False) as db:
        db.execute(
            "INSERT INTO accepted VALUES (?, ?) ON CONFLICT DO UPDATE SET checksum = excluded.checksum "
            "WHERE checksum != excluded.checksum",
            [name, checksum],
        )


def accepted(data: Path, name: str) -> bytes | None:
    """The checksum that the upload of this name had when it was found valid; None if it never was."""
    with _open(data, create=False) as db:
        row = db.execute("SELECT checksum FROM accepted WHERE name = ?", [name]).fetchone()
    return bytes(row[0]) if row else None


def record_failure(data: Path, name: str, error_mask: int, boinc_id: int, batch: int) -> None:
    """Remember that BOINC gave a work unit up, and why (its error mask); twice changes nothing. NotIssued."""
    with _open(data, create=False) as db:
        if not db.execute("SELECT 1 FROM issued WHERE name = ?", [name]).fetchone():
            raise NotIssued(name, "no work unit has this name")
        db.execute("INSERT OR REPLACE INTO failed VALUES (?, ?, ?, ?)", [name, error_mask, boinc_id, batch])


@contextlib.contextmanager
def _open(data: Path, create: bool) -> Iterator[sqlite3.Connection]:
    """The ledger in one immediate transaction, so that commands that run together take turns. DataDirectory."""
    path = data / _FILE
    try:
        if create:
            data.mkdir(parents=True, exist_ok=True)
        elif not path.is_file():
            raise DataDirectory(data, f"it has no {_FILE}")
        with contextlib.closing(sqlite3.connect(path, timeout=_LOCK_SECONDS, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = FULL")
            db.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA:
                db.execute(statement)
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")
    except (sqlite3.Error, OSError) as error:
        raise DataDirectory(data, error) from error
