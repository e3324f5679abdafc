"""What was taken back: a result that turned out to be wrong, and all that its host returned without a proof since."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from server_validator.errors import SpanRefused
from server_validator.ledger import hosts, returned, verdicts
from server_validator.ledger.database import Ledger
from server_validator.ledger.returned import Returned
from server_validator.ledger.verdicts import Verdict


@dataclass(frozen=True)
class Taken:
    """A result that was found valid, and is no longer."""

    upload: str
    checksum: bytes
    workunit: str
    host: int | None
    work: float  # floating-point operations
    reason: str
    wrong: int | None  # whether (1) or not (0) it is wrong itself, as far as was looked; None before that
    credit: float | None  # what was taken back of it in BOINC's database; None before that is settled


def refuse(ledger: Ledger, refused: Verdict, host: int | None, together: Iterable[Returned] = ()) -> None:
    """Enter that a result is wrong, and take back what its hosts returned and nothing has proven yet.

    `host` returned it, as did whoever the ledger knows of these bytes; `together` are results that were drawn from as
    one with it. A host whose result was refused before is not caught by the same bytes again.
    """
    with ledger.writing() as db:
        known = returned.of_bytes(db, refused.checksum)
        before = db.execute("SELECT 1 FROM verdicts WHERE checksum = ? AND code != 0", [refused.checksum]).fetchone()
        verdicts.enter(db, refused)
        caught = {whose for whose in (host, *(result.host for result in known)) if whose is not None and not before}
        doubtful = [*together, *(result for whose in caught for result in returned.unproven(db, whose))]
        reason = f"{refused.words}, in {refused.upload}" if refused.upload else refused.words
        for result in dict.fromkeys([*known, *doubtful]):
            upload, checksum, workunit = result.upload, result.checksum, result.workunit
            wrong = checksum == refused.checksum
            if not wrong:
                verdicts.enter(db, Verdict(upload, checksum, workunit, SpanRefused.code, reason))
            db.execute(
                "INSERT OR IGNORE INTO taken_back VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
                [upload, checksum, workunit, result.host, result.work, reason, True if wrong else None],
            )
            db.execute("UPDATE returned SET owed = 0 WHERE upload = ? AND checksum = ?", [upload, checksum])
        for whose in sorted(caught):
            hosts.catch(db, whose)


def listed(ledger: Ledger) -> list[Taken]:
    """All that was taken back, by host and upload."""
    with ledger.reading() as db:
        rows = db.execute("SELECT * FROM taken_back ORDER BY host, upload").fetchall()
    return [Taken(*row) for row in rows]


def looked(ledger: Ledger, taken: Taken, wrong: bool) -> None:
    """Remember whether a closer look found the result itself wrong."""
    _set(ledger, taken, "wrong", wrong)


def settle(ledger: Ledger, taken: Taken, credit: float) -> None:
    """Remember how much credit was taken back, so that nobody asks again."""
    _set(ledger, taken, "credit", credit)


def _set(ledger: Ledger, taken: Taken, column: str, value: float) -> None:
    with ledger.writing() as db:
        db.execute(
            f"UPDATE taken_back SET {column} = ? WHERE upload = ? AND checksum = ?",
            [value, taken.upload, taken.checksum],
        )
