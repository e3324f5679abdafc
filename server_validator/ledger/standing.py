"""Where every work unit stands: out, checked, stored, or in need of being given out again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast, get_args

from server_validator.errors import NotIssued, StillOut
from server_validator.ledger.database import Ledger

Standing = Literal["outstanding", "checked", "stored", "given up", "lost", "revoked"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)
AGAIN: tuple[Standing, ...] = ("given up", "lost", "revoked")  # of what can be given out again
SUFFIX = "_again"  # and a number: BOINC takes a name only once


@dataclass(frozen=True)
class Issued:
    """A work unit that was given out: its name now, which has a suffix if it was given out again, and how it stands.

    outstanding: nothing valid came back yet. checked: found valid, not in the data set. stored: in the data set.
    given up: by BOINC. lost: found valid, and damaged or deleted before it was stored. revoked: what was found valid
    turned out to be wrong.
    """

    name: str
    digest: bytes
    experiment: str
    version: int
    standing: Standing
    reason: str = ""  # of what is given up, lost or revoked


@dataclass(frozen=True)
class Stored:
    """A result that the data set has to have, by its work unit's first name."""

    digest: bytes  # of the work unit
    name: str
    experiment: str
    version: int
    upload: str  # the file's name if BOINC gave it, else empty
    checksum: bytes
    boinc_id: int | None  # BOINC's number of the work unit
    host: int | None  # BOINC's number of the host


_UNITS = """
WITH newest AS (
    SELECT issued.digest, issued.experiment, issued.version, issued.first, issued.name AS own, coalesce(
        (SELECT name FROM reissued WHERE digest = issued.digest ORDER BY number DESC LIMIT 1), issued.name) AS name
    FROM issued {narrowed})
SELECT newest.name, newest.digest, experiment, version,
    CASE
        WHEN stored.digest IS NOT NULL AND out.upload IS NULL THEN 'stored'
        WHEN stored.digest IS NOT NULL AND newest.name = out.workunit THEN 'revoked'
        WHEN lost.name IS NOT NULL THEN 'lost'
        WHEN failed.name IS NOT NULL THEN 'given up'
        WHEN EXISTS (SELECT 1 FROM verdicts WHERE workunit = newest.name AND code = 0) THEN 'checked'
        WHEN EXISTS (SELECT 1 FROM revoked WHERE workunit = newest.name) THEN 'revoked'
        ELSE 'outstanding'
    END,
    coalesce(out.reason, lost.reason, 'BOINC''s error mask ' || failed.error_mask,
        (SELECT reason FROM revoked WHERE workunit = newest.name), '')
FROM newest
LEFT JOIN stored ON stored.digest = newest.digest
LEFT JOIN revoked AS out ON out.upload = stored.upload AND out.checksum = stored.checksum
LEFT JOIN lost ON lost.name = newest.name
LEFT JOIN failed ON failed.name = newest.name
WHERE (?1 IS NULL OR experiment = ?1) AND (?2 IS NULL OR newest.name = ?2)
ORDER BY experiment, version, newest.first, newest.own
"""
_NAMED = """
WHERE issued.digest IN (SELECT digest FROM issued WHERE name = ?2 UNION SELECT digest FROM reissued WHERE name = ?2)
"""  # looked up, where a condition on the newest name would have all work units looked at


def units(ledger: Ledger, experiment: str | None = None) -> list[Issued]:
    """All work units given out, or those of one experiment, by experiment, version and first seed."""
    with ledger.reading() as db:
        return _units(db, experiment)


def named(ledger: Ledger, name: str) -> Issued | None:
    """The work unit that has this name now; None if there is none."""
    with ledger.reading() as db:
        return _named(db, name)


def _named(db: sqlite3.Connection, name: str) -> Issued | None:
    return next(iter(_units(db, name=name)), None)


def _units(db: sqlite3.Connection, experiment: str | None = None, name: str | None = None) -> list[Issued]:
    return [
        Issued(name, bytes(digest), of, version, cast(Standing, standing), reason if standing in AGAIN else "")
        for name, digest, of, version, standing, reason in db.execute(
            _UNITS.format(narrowed=_NAMED if name else ""), [experiment, name]
        ).fetchall()
    ]


def counts(ledger: Ledger) -> dict[tuple[str, int], dict[Standing, int]]:
    """How many work units of each experiment and version stand how."""
    numbers: dict[tuple[str, int], dict[Standing, int]] = {}
    for unit in units(ledger):
        numbers.setdefault((unit.experiment, unit.version), dict.fromkeys(STANDINGS, 0))[unit.standing] += 1
    return numbers


def reissue(ledger: Ledger, name: str, write: Callable[[str], object] = lambda name: None) -> str:
    """The name under which a work unit that is given up, lost or revoked is to be given out again; it is out then.

    `write` gives it to somebody under that name: where it fails, nothing changes. NotIssued, StillOut.
    """
    with ledger.writing() as db:
        unit = _named(db, name)
        if unit is None:
            raise NotIssued(name, "no work unit has this name now")
        if unit.standing not in AGAIN:
            raise StillOut(name, unit.standing)
        (own,) = db.execute("SELECT name FROM issued WHERE digest = ?", [unit.digest]).fetchone()
        (number,) = db.execute("SELECT 1 + count(*) FROM reissued WHERE digest = ?", [unit.digest]).fetchone()
        again = f"{own}{SUFFIX}{number}"
        db.execute("INSERT INTO reissued VALUES (?, ?, ?)", [again, unit.digest, number])
        write(again)
    return again


def valid_under(ledger: Ledger, upload: str) -> list[tuple[str, bytes]]:
    """Work unit and checksum of all results found valid that BOINC gave this name, the last one first."""
    with ledger.reading() as db:
        rows = db.execute(
            "SELECT workunit, checksum FROM verdicts WHERE upload = ? AND upload != '' AND code = 0 "
            "ORDER BY rowid DESC",
            [upload],
        ).fetchall()
    return [(workunit, bytes(checksum)) for workunit, checksum in rows]


def stored(ledger: Ledger, experiment: str | None = None, version: int | None = None) -> list[Stored]:
    """The results that the data set has to have, or those of one version, by their first seeds."""
    of = {"experiment": experiment, "version": version}
    values = {name: value for name, value in of.items() if value is not None}
    # No condition that holds for null as well: an index could not be used.
    chosen = "WHERE " + " AND ".join(f"{name} = :{name}" for name in values) if values else ""
    with ledger.reading() as db:
        rows = db.execute(
            "SELECT stored.digest, name, experiment, version, upload, checksum, boinc_id, host "
            "FROM stored JOIN issued ON issued.digest = stored.digest "
            f"{chosen} ORDER BY experiment, version, first, name",
            values,
        ).fetchall()
    return [Stored(*row) for row in rows]


def store(ledger: Ledger, name: str, upload: str, checksum: bytes, boinc_id: int, host: int | None) -> None:
    """Remember which result is the one of a work unit, given any name of it: the data set has it from now on.

    Its bytes have to be in the archive. Once more changes nothing: a host that was known stays known. NotIssued.
    """
    with ledger.writing() as db:
        unit = db.execute(
            "SELECT digest FROM issued WHERE name = ?1 UNION SELECT digest FROM reissued WHERE name = ?1", [name]
        ).fetchone()
        if unit is None:
            raise NotIssued(name, "no work unit has this name")
        db.execute(
            "INSERT INTO stored (digest, upload, checksum, boinc_id, host) VALUES (?1, ?2, ?3, ?4, ?5) "
            "ON CONFLICT (digest) DO UPDATE SET upload = ?2, checksum = ?3, boinc_id = ?4, "
            "host = CASE WHEN checksum = ?3 THEN coalesce(?5, host) ELSE ?5 END",
            [unit[0], upload, checksum, boinc_id, host],
        )


def record_lost(ledger: Ledger, name: str, upload: str, reason: str) -> None:
    """Remember that the result of a work unit cannot be stored any more, and why."""
    with ledger.writing() as db:
        db.execute("INSERT OR REPLACE INTO lost VALUES (?, ?, ?)", [name, upload, reason])


def record_damaged(ledger: Ledger, result: Stored, reason: str) -> None:
    """Remember that nothing has a stored result any more: then its work unit is lost."""
    with ledger.writing() as db:
        gone = db.execute("DELETE FROM stored WHERE digest = ? AND checksum = ?", [result.digest, result.checksum])
        if gone.rowcount:
            unit = next(unit for unit in _units(db, result.experiment) if unit.digest == result.digest)
            db.execute("INSERT OR REPLACE INTO lost VALUES (?, ?, ?)", [unit.name, result.upload, reason])
