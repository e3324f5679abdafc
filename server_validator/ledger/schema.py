"""The ledger's tables, made by numbered steps: a ledger of version n has had the first n of them (`user_version`)."""

from __future__ import annotations

import sqlite3

STEPS: tuple[tuple[str, ...], ...] = (
    # Version 0 is a new file, or a ledger from before versions, which has some or all of these tables.
    (
        "CREATE TABLE IF NOT EXISTS issued (digest BLOB PRIMARY KEY, name TEXT UNIQUE NOT NULL, "
        "experiment TEXT NOT NULL, version INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, "
        "body BLOB NOT NULL) STRICT",
        "CREATE TABLE IF NOT EXISTS failed (name TEXT PRIMARY KEY, error_mask INTEGER NOT NULL, "
        "boinc_id INTEGER NOT NULL, batch INTEGER NOT NULL) STRICT",
        "CREATE TABLE IF NOT EXISTS uploaded (checksum BLOB PRIMARY KEY, name TEXT NOT NULL) STRICT",
        "CREATE TABLE IF NOT EXISTS accepted (name TEXT PRIMARY KEY, checksum BLOB NOT NULL) STRICT",
    ),
)
VERSION = len(STEPS)


def version(connection: sqlite3.Connection) -> int:
    """How many steps the ledger has had; above `VERSION` where a newer program made it."""
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    return int(number)


def upgrade(connection: sqlite3.Connection) -> None:
    """Take the steps that are missing; to be called in a write transaction, so that two programs take turns."""
    for statements in STEPS[version(connection) :]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
