"""What was found of uploads, by name and checksum, so that it can be said again as it was, and taken back."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from server_validator.ledger.database import Ledger


@dataclass(frozen=True)
class Verdict:
    """What was found of a file: `code` is 0 or the exit code of the failure that refuses it."""

    upload: str  # the file's name if BOINC gave it, else empty: a name of somebody's own says nothing
    checksum: bytes
    workunit: str  # as BOINC calls the work unit that it answers
    code: int
    words: str  # what was recomputed, or what is wrong


@dataclass(frozen=True)
class TakenBack:
    """A result that was found valid, and wrong by a later look."""

    upload: str  # the file's name if BOINC gave it, else empty
    host: int | None  # BOINC's number, where the result had been stored and BOINC told it
    workunit: str
    reason: str


def record(ledger: Ledger, verdict: Verdict) -> None:
    """As `enter`, in a transaction of its own."""
    with ledger.writing() as db:
        enter(db, verdict)


def enter(db: sqlite3.Connection, verdict: Verdict) -> None:
    """Enter a verdict. What is found of bytes holds for them under every name that they have.

    A refusal revokes what was valid; a file that is valid again is no longer refused or revoked.
    """
    if verdict.code:
        db.execute(
            "INSERT OR REPLACE INTO revoked "
            "SELECT upload, checksum, workunit, ? FROM verdicts WHERE checksum = ? AND code = 0",
            [verdict.words, verdict.checksum],
        )
    else:
        db.execute("DELETE FROM revoked WHERE checksum = ?", [verdict.checksum])
    db.execute(
        "UPDATE verdicts SET code = ?, words = ? WHERE checksum = ? AND (code = 0) != (? = 0)",
        [verdict.code, verdict.words, verdict.checksum, verdict.code],
    )
    db.execute(
        "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?)",
        [verdict.upload, verdict.checksum, verdict.workunit, verdict.code, verdict.words],
    )


def is_refused(db: sqlite3.Connection, checksum: bytes) -> bool:
    """Whether these bytes were found wrong, under whatever name."""
    return db.execute("SELECT 1 FROM verdicts WHERE checksum = ? AND code != 0", [checksum]).fetchone() is not None


def given(ledger: Ledger, upload: str, checksum: bytes) -> Verdict | None:
    """The verdict on this very file under this name, or its refusal under any other; None if there is none."""
    with ledger.reading() as db:
        row = db.execute(
            "SELECT * FROM verdicts WHERE checksum = ? AND (upload = ? OR code != 0) ORDER BY upload != ?, upload",
            [checksum, upload, upload],
        ).fetchone()
    return Verdict(*row) if row else None


def revoked(ledger: Ledger) -> frozenset[bytes]:
    """The checksums of all files that were found valid, and wrong by a later look."""
    with ledger.reading() as db:
        return frozenset(bytes(checksum) for (checksum,) in db.execute("SELECT checksum FROM revoked"))


def taken_back(ledger: Ledger, experiment: str, version: int) -> list[TakenBack]:
    """The results of an experiment's version that were found valid, and wrong by a later look, by their uploads."""
    with ledger.reading() as db:
        rows = db.execute(
            # CROSS JOIN begins with the few that were revoked, and looks the others up.
            "SELECT revoked.upload, stored.host, revoked.workunit, revoked.reason FROM revoked "
            "CROSS JOIN issued ON issued.digest = coalesce("
            "(SELECT digest FROM issued AS first WHERE first.name = revoked.workunit), "
            "(SELECT digest FROM reissued WHERE reissued.name = revoked.workunit)) "
            "LEFT JOIN stored ON stored.digest = issued.digest "
            "AND stored.upload = revoked.upload AND stored.checksum = revoked.checksum "
            "WHERE issued.experiment = ? AND issued.version = ? ORDER BY revoked.upload, revoked.checksum",
            [experiment, version],
        ).fetchall()
    return [TakenBack(*row) for row in rows]


def any_given(ledger: Ledger, upload: str) -> bool:
    """Whether there is a verdict on any file that BOINC gave this name."""
    with ledger.reading() as db:
        return db.execute("SELECT 1 FROM verdicts WHERE upload = ?", [upload]).fetchone() is not None


def valid_of(ledger: Ledger, workunits: list[str]) -> list[Verdict]:
    """The verdicts on results found valid of a work unit, given all names that it has."""
    marks = ", ".join("?" * len(workunits))
    with ledger.reading() as db:
        rows = db.execute(
            f"SELECT * FROM verdicts WHERE code = 0 AND workunit IN ({marks}) ORDER BY upload, checksum", workunits
        ).fetchall()
    return [Verdict(*row) for row in rows]
