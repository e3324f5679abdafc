"""What was found of uploads, by name and checksum, so that it can be said again as it was, and taken back."""

from __future__ import annotations

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
    cells: bytes = b""  # of an exact result found valid two bytes for each cell, of a hash of its digests


def record(ledger: Ledger, verdict: Verdict) -> None:
    """Enter a verdict. What is found of bytes holds for them under every name that they have.

    A refusal revokes what was valid; a file that is valid again is no longer refused or revoked.
    """
    with ledger.writing() as db:
        if verdict.code:
            db.execute(
                "INSERT OR REPLACE INTO revoked "
                "SELECT upload, checksum, workunit, ? FROM verdicts WHERE checksum = ? AND code = 0",
                [verdict.words, verdict.checksum],
            )
        else:
            db.execute("DELETE FROM revoked WHERE checksum = ?", [verdict.checksum])
        db.execute(
            "UPDATE verdicts SET code = ?, words = ?, cells = ? WHERE checksum = ? AND (code = 0) != (? = 0)",
            [verdict.code, verdict.words, verdict.cells, verdict.checksum, verdict.code],
        )
        db.execute(
            "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?)",
            [verdict.upload, verdict.checksum, verdict.workunit, verdict.code, verdict.words, verdict.cells],
        )


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
