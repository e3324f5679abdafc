"""The records of hosts, by BOINC's numbers: how many results in a row were proven, and how often one was caught."""

from __future__ import annotations

import sqlite3

from server_validator.ledger.database import Ledger


def proven(ledger: Ledger, host: int | None) -> int:
    """How many results of the host in a row were proven; 0 of one that nobody knows."""
    with ledger.reading() as db:
        row = db.execute("SELECT proven FROM hosts WHERE host = ?", [host]).fetchone()
    return int(row[0]) if row else 0


def add_proven(db: sqlite3.Connection, host: int, results: int) -> None:
    """So many more results of the host were proven."""
    db.execute(
        "INSERT INTO hosts VALUES (?, ?, 0) ON CONFLICT (host) DO UPDATE SET proven = proven + excluded.proven",
        [host, results],
    )


def catch(db: sqlite3.Connection, host: int) -> None:
    """A result of the host was found wrong: it begins anew."""
    db.execute(
        "INSERT INTO hosts VALUES (?, 0, 1) ON CONFLICT (host) DO UPDATE SET proven = 0, caught = caught + 1", [host]
    )
