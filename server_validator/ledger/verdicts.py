"""Which files were found valid."""

from __future__ import annotations

from server_validator.ledger.database import Ledger


def accept(ledger: Ledger, name: str, checksum: bytes) -> None:
    """Remember that the upload of this name was found valid, and of which checksum it was then."""
    with ledger.writing() as db:
        db.execute(
            "INSERT INTO accepted VALUES (?, ?) ON CONFLICT DO UPDATE SET checksum = excluded.checksum "
            "WHERE checksum != excluded.checksum",
            [name, checksum],
        )


def accepted(ledger: Ledger, name: str) -> bytes | None:
    """The checksum that the upload of this name had when it was found valid; None if it never was."""
    with ledger.reading() as db:
        row = db.execute("SELECT checksum FROM accepted WHERE name = ?", [name]).fetchone()
    return bytes(row[0]) if row else None
