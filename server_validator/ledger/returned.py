"""Valid results that came back: whose they are, what work is in them, and which are not proven yet."""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from server_validator.ledger import hosts, verdicts
from server_validator.ledger.database import Ledger
from server_validator.ledger.verdicts import Verdict

_COLUMNS = "upload, checksum, workunit, host, experiment, version, work, cpu"
_UNPROVEN = "owed IS NOT 0"  # to be said as the index says it, or it is not used
_SPAN = f"{_UNPROVEN} AND owed IS NULL"
_RECENT = 1000  # results of an experiment's version whose pace counts


@dataclass(frozen=True)
class Returned:
    """A result that came back."""

    upload: str  # the file's name if BOINC gave it, else empty
    checksum: bytes
    workunit: str  # as BOINC calls the work unit that it answers
    host: int | None  # BOINC's number; None where nobody can tell
    experiment: str
    version: int
    work: float  # floating-point operations of all its cells
    cpu: float  # seconds of a processor's cores, as the result tells; 0 where no exact engine computed on one


def enter(ledger: Ledger, result: Returned, words: str, owed: int | None, anew: bool = False) -> None:
    """Enter that a result is valid, and how many of its cells are still owed: None of one that joins its host's span.

    The same once more changes nothing but the words. A file without a name of BOINC's has a verdict only. What another
    call has refused meanwhile, or before, stays refused: drawn were other cells. Unless all are looked at `anew`.
    """
    with ledger.writing() as db:
        if not anew and verdicts.is_refused(db, result.checksum):
            return
        verdicts.enter(db, Verdict(result.upload, result.checksum, result.workunit, 0, words))
        db.execute("DELETE FROM taken_back WHERE checksum = ? AND credit IS NULL", [result.checksum])
        if not result.upload:
            return
        new = db.execute(
            f"INSERT OR IGNORE INTO returned ({_COLUMNS}, time, owed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [*astuple(result), time.time(), owed],
        ).rowcount
        if new and owed == 0 and result.host is not None:
            hosts.add_proven(db, result.host, 1)


def span(ledger: Ledger, host: int | None) -> list[Returned]:
    """The results in a host's open span, in the order in which they came."""
    with ledger.reading() as db:
        return _rows(db, f"host = ? AND {_SPAN} ORDER BY number", [host])


def prove(ledger: Ledger, results: Iterable[Returned], words: str) -> None:
    """Nothing is owed of these results any more; it changes nothing where one was proven or refused meanwhile."""
    with ledger.writing() as db:
        for result in results:
            key = [result.upload, result.checksum]
            unproven = db.execute(
                "UPDATE returned SET owed = 0 WHERE upload = ? AND checksum = ? AND owed IS NOT 0", key
            ).rowcount
            if unproven:
                db.execute("UPDATE verdicts SET words = ? WHERE upload = ? AND checksum = ?", [words, *key])
                if result.host is not None:
                    hosts.add_proven(db, result.host, 1)


def owing(ledger: Ledger) -> list[tuple[Returned, int]]:
    """Results of which cells are owed by themselves, and how many, the oldest first."""
    with ledger.reading() as db:
        rows = db.execute(
            f"SELECT {_COLUMNS}, owed FROM returned WHERE {_UNPROVEN} AND owed > 0 ORDER BY number"
        ).fetchall()
    return [(Returned(*row[:-1]), int(row[-1])) for row in rows]


def spans(ledger: Ledger) -> dict[int, tuple[int, float]]:
    """Of each host that has an open span its number of results, and when the first of them came (Unix seconds)."""
    with ledger.reading() as db:
        rows = db.execute(
            f"SELECT host, count(*), min(time) FROM returned WHERE {_SPAN} AND host IS NOT NULL GROUP BY host"
        ).fetchall()
    return {host: (count, first) for host, count, first in rows}


def unproven_versions(ledger: Ledger) -> dict[tuple[str, int], int]:
    """Of each experiment and version the number of results of which anything is owed, if any is."""
    with ledger.reading() as db:
        rows = db.execute(
            f"SELECT experiment, version, count(*) FROM returned WHERE {_UNPROVEN} GROUP BY experiment, version"
        ).fetchall()
    return {(experiment, version): count for experiment, version, count in rows}


def of_bytes(db: sqlite3.Connection, checksum: bytes) -> list[Returned]:
    """The results of these bytes, under whatever names."""
    return _rows(db, "checksum = ?", [checksum])


def unproven(db: sqlite3.Connection, host: int) -> list[Returned]:
    """All results of a host of which anything is owed."""
    return _rows(db, f"host = ? AND {_UNPROVEN}", [host])


def median_pace(ledger: Ledger, experiment: str, version: int) -> float | None:
    """Floating-point operations that a host's core does in a second in this experiment: the median over hosts.

    Of each the median of its results among the last thousand: one host has one voice, however much it returns and
    whatever it says. None where no result tells.
    """
    with ledger.reading() as db:
        rows = db.execute(
            "SELECT host, work, cpu FROM (SELECT host, work, cpu FROM returned WHERE experiment = ? AND version = ? "
            f"ORDER BY number DESC LIMIT {_RECENT}) WHERE host IS NOT NULL AND cpu > 0",
            [experiment, version],
        ).fetchall()
    paces = defaultdict(list)
    for host, work, cpu in rows:
        paces[host].append(work / cpu)
    return statistics.median(map(statistics.median, paces.values())) if paces else None


def _rows(db: sqlite3.Connection, condition: str, values: list[object]) -> list[Returned]:
    return [Returned(*row) for row in db.execute(f"SELECT {_COLUMNS} FROM returned WHERE {condition}", values)]
