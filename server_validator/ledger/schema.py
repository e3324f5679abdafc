"""The ledger's tables, made by numbered steps: a ledger of version n has had the first n of them (`user_version`)."""

from __future__ import annotations

import sqlite3

STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE issued (digest BLOB PRIMARY KEY, name TEXT UNIQUE NOT NULL, "
        "experiment TEXT NOT NULL, version INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, "
        "body BLOB NOT NULL) STRICT",
        "CREATE TABLE failed (name TEXT PRIMARY KEY, error_mask INTEGER NOT NULL, "
        "boinc_id INTEGER NOT NULL, batch INTEGER NOT NULL) STRICT",
        "CREATE TABLE uploaded (checksum BLOB PRIMARY KEY, name TEXT NOT NULL) STRICT",
        "CREATE TABLE accepted (name TEXT PRIMARY KEY, checksum BLOB NOT NULL) STRICT",
    ),
    (
        "CREATE TABLE reissued (name TEXT PRIMARY KEY, digest BLOB NOT NULL, number INTEGER NOT NULL) STRICT",
        "CREATE TABLE programs (experiment TEXT NOT NULL, version INTEGER NOT NULL, program TEXT NOT NULL, "
        "PRIMARY KEY (experiment, version, program)) STRICT",
        "CREATE TABLE verdicts (upload TEXT NOT NULL, checksum BLOB NOT NULL, workunit TEXT NOT NULL, "
        "code INTEGER NOT NULL, words TEXT NOT NULL, cells BLOB NOT NULL, PRIMARY KEY (upload, checksum)) STRICT",
        "CREATE INDEX verdicts_of_a_work_unit ON verdicts (workunit)",
        "CREATE INDEX verdicts_on_bytes ON verdicts (checksum)",
        # An upload is called WORKUNIT_n_rRANDOM_n. Where a work unit's name begins like another's, the longer counts.
        "INSERT INTO verdicts SELECT accepted.name, accepted.checksum, issued.name, 0, 'checked before', x'' "
        "FROM accepted JOIN issued ON accepted.name GLOB issued.name || '_[0-9]*_r[0-9]*_[0-9]*' "
        "WHERE NOT EXISTS (SELECT 1 FROM issued AS other WHERE length(other.name) > length(issued.name) "
        "AND accepted.name GLOB other.name || '_[0-9]*_r[0-9]*_[0-9]*')",
        "DROP TABLE accepted",
        "CREATE TABLE stored (digest BLOB PRIMARY KEY, upload TEXT NOT NULL, checksum BLOB NOT NULL) STRICT",
        "CREATE TABLE lost (name TEXT PRIMARY KEY, upload TEXT NOT NULL, reason TEXT NOT NULL) STRICT",
        "CREATE TABLE revoked (upload TEXT NOT NULL, checksum BLOB NOT NULL, workunit TEXT NOT NULL, "
        "reason TEXT NOT NULL, PRIMARY KEY (upload, checksum)) STRICT",
    ),
    (
        "CREATE INDEX issued_by_last_seed ON issued (experiment, version, last)",  # of what is new, few end later
        "ALTER TABLE stored ADD COLUMN boinc_id INTEGER",
        "ALTER TABLE stored ADD COLUMN host INTEGER",
    ),
    (
        "ALTER TABLE verdicts DROP COLUMN cells",
        "CREATE INDEX reissued_of_a_work_unit ON reissued (digest, number)",
        # Cells still to be recomputed are `owed`: so many of the result itself, null of its host's span, or 0.
        "CREATE TABLE returned (number INTEGER PRIMARY KEY, upload TEXT NOT NULL, checksum BLOB NOT NULL, "
        "workunit TEXT NOT NULL, host INTEGER, experiment TEXT NOT NULL, version INTEGER NOT NULL, "
        "work REAL NOT NULL, cpu REAL NOT NULL, time REAL NOT NULL, owed INTEGER, UNIQUE (upload, checksum)) STRICT",
        "CREATE INDEX returned_of_an_experiment ON returned (experiment, version, number)",
        "CREATE INDEX returned_bytes ON returned (checksum)",
        "CREATE INDEX returned_unproven ON returned (host) WHERE owed IS NOT 0",
        "CREATE TABLE hosts (host INTEGER PRIMARY KEY, proven INTEGER NOT NULL, caught INTEGER NOT NULL) STRICT",
        "CREATE TABLE taken_back (upload TEXT NOT NULL, checksum BLOB NOT NULL, workunit TEXT NOT NULL, host INTEGER, "
        "work REAL NOT NULL, reason TEXT NOT NULL, wrong INTEGER, credit REAL, PRIMARY KEY (upload, checksum)) STRICT",
        "CREATE TABLE deviations (host INTEGER NOT NULL, experiment TEXT NOT NULL, version INTEGER NOT NULL, "
        "metric TEXT NOT NULL, cells INTEGER NOT NULL, sums BLOB NOT NULL, squares BLOB NOT NULL, "
        "PRIMARY KEY (host, experiment, version, metric)) STRICT",
    ),
)
VERSION = len(STEPS)


def version(connection: sqlite3.Connection) -> int:
    """How many steps the ledger has had: 0 for a database that is none, above `VERSION` of a newer program."""
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    return int(number)


def upgrade(connection: sqlite3.Connection) -> None:
    """Take the steps that are missing; to be called in a write transaction, so that two programs take turns."""
    for statements in STEPS[version(connection) :]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
