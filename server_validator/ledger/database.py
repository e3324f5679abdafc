"""The ledger's database: opened once per command, read and written in transactions. What is in it: schema.py."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from server_validator.errors import DataDirectory, LedgerVersion
from server_validator.ledger import schema

FILE = "ledger.sqlite"
LOCK_SECONDS = 30.0  # to wait for another command that writes


class Ledger:
    """The ledger in a data directory, as a context manager. Its file is opened when it is first asked.

    So a file that is no result at all can be refused without a ledger. Every use raises DataDirectory where the
    database cannot be read or written, LedgerVersion where a newer program made it.
    """

    def __init__(self, data: Path, create: bool = False) -> None:
        """With `create` a ledger that is missing is made, folders and all, and `made` is set."""
        self.data = data
        self.made = False
        self._create = create
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of the ledger, and keeps no other command from beginning to write."""
        with self._transaction("BEGIN DEFERRED") as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that has the ledger for itself, so that commands that run together take turns."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        try:
            if self._connection is None:
                self._connection = self._opened()
            with _transaction(self._connection, begin):
                yield self._connection
        except (sqlite3.Error, OSError) as error:
            raise DataDirectory(self.data, error) from error

    def _opened(self) -> sqlite3.Connection:
        """A connection to a ledger of this program's schema version."""
        path = self.data / FILE
        new = not path.is_file()
        if new and not self._create:
            raise DataDirectory(self.data, f"it has no {FILE}")
        if new:
            self.data.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            if schema.version(connection) < schema.VERSION:
                with _transaction(connection, "BEGIN IMMEDIATE"):
                    schema.upgrade(connection)
            if (version := schema.version(connection)) > schema.VERSION:
                raise LedgerVersion(path, version, schema.VERSION)
        except BaseException:
            connection.close()
            raise
        self.made = new
        return connection


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    """Commits at the end; takes everything back where an exception ends it."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite has ended it itself where the disk is full
            connection.execute("ROLLBACK")
        raise
