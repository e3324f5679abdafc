"""Which files came back, and under which name each came first."""

from __future__ import annotations

from server_validator.ledger.database import Ledger


def first_upload(ledger: Ledger, checksum: bytes, name: str) -> str:
    """The name under which a file of this checksum was first uploaded; from now on this one, if it is the first."""
    with ledger.writing() as db:
        db.execute("INSERT OR IGNORE INTO uploaded VALUES (?, ?)", [checksum, name])
        (first,) = db.execute("SELECT name FROM uploaded WHERE checksum = ?", [checksum]).fetchone()
    return str(first)
