"""The ledger's database: opened once per command, read and written in transactions. What is in it: schema.py.

Only `create` makes one. A ledger that makes itself would know no seeds given out before, and give them out again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TypeVar
from urllib.parse import quote

from server_validator.errors import DataDirectory, LedgerInTheWay, LedgerVersion, NoLedger
from server_validator.ledger import schema
from server_validator.ledger.trouble import trouble

FILE = "ledger.sqlite"
LOCK_SECONDS = 30.0  # to wait for another program that writes

Value = TypeVar("Value")


class Ledger:
    """The ledger in a data directory, as a context manager. Its file is opened when it is first asked.

    So a file that is no result at all can be refused without a ledger. Every use raises NoLedger where there is none,
    DataDirectory where the database cannot be read or written, LedgerVersion where a newer program made it.
    """

    def __init__(self, data: Path, in_memory: bool = False) -> None:
        """With `in_memory` a copy is used that ends with this object: no byte of the file changes."""
        self.data = data
        self._in_memory = in_memory
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
        with self._told() as connection:
            _in_turn_if_busy(connection, self.data, partial(_begin_reading, connection))
            with _ended(connection):
                yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that has the ledger for itself, so that commands that run together take turns."""
        with self._told() as connection, _turn(self.data):
            connection.execute("BEGIN IMMEDIATE")
            with _ended(connection):
                yield connection

    @contextlib.contextmanager
    def _told(self) -> Iterator[sqlite3.Connection]:
        """The connection; what goes wrong with it is told in a sentence."""
        try:
            if self._connection is None:
                self._connection = self._opened()
            yield self._connection
        except (sqlite3.Error, OSError) as error:
            raise trouble(self.data / FILE, error) from error

    def _opened(self) -> sqlite3.Connection:
        """A connection to a ledger of this program's schema version."""
        path = self.data / FILE
        if not path.is_file():
            raise NoLedger(FILE, self.data)
        if path.stat().st_size == 0:
            raise DataDirectory(self.data, f"{FILE} is empty, as by a full disk: put a copy of it in its place")
        connection = _connected(path)
        try:
            version = _in_turn_if_busy(connection, self.data, partial(_prepared, connection))
            if self._in_memory:
                connection = _copied(connection)
            if version == 0:
                raise DataDirectory(self.data, f"{FILE} has no tables of a ledger: put a copy of it in its place")
            if version < schema.VERSION:
                with _turn(self.data):
                    _upgrade(connection)
            if version > schema.VERSION:
                raise LedgerVersion(path, version, schema.VERSION)
        except BaseException:
            connection.close()
            raise
        return connection


def create(data: Path) -> bool:
    """Make the ledger of a data directory, folders and all; False if a sound one is there, which stays as it is.

    LedgerInTheWay where results lie there already, or something that is no ledger: their seeds were given out by one
    that is lost. Whole or not at all, whenever the disk is full or the process killed.
    """
    path = data / FILE
    if os.path.lexists(path):
        with Ledger(data) as ledger, ledger.reading():
            return False
    try:
        if any((data / "results").rglob("*.parquet")):
            raise LedgerInTheWay(data)
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{FILE}-", dir=data) as folder:
            new = Path(folder) / FILE
            with contextlib.closing(_connected(new, "rwc")) as connection:
                _prepared(connection)
                _upgrade(connection)
            with contextlib.suppress(FileExistsError):  # of two that make one, the first does
                os.link(new, path)
    except (sqlite3.Error, OSError) as error:
        raise trouble(path, error) from error
    return True


def _connected(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """A connection that makes no file by itself, and reads one that cannot be written."""
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    return sqlite3.connect(uri, timeout=LOCK_SECONDS, isolation_level=None, uri=True)


def _prepared(connection: sqlite3.Connection) -> int:
    """The schema version of a database whose commits are on the disk from now on when they return."""
    connection.execute("PRAGMA synchronous = FULL")
    return schema.version(connection)


def _upgrade(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    with _ended(connection):
        schema.upgrade(connection)


def _copied(connection: sqlite3.Connection) -> sqlite3.Connection:
    """The database in memory instead; the connection is closed."""
    with contextlib.closing(connection):
        copy = sqlite3.connect(":memory:", isolation_level=None)
        connection.backup(copy)
    return copy


def _begin_reading(connection: sqlite3.Connection) -> None:
    """Begin a transaction that sees one state of the database from now on."""
    connection.execute("BEGIN DEFERRED")
    try:
        connection.execute("PRAGMA schema_version")  # BEGIN alone does not lock
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _in_turn_if_busy(connection: sqlite3.Connection, data: Path, act: Callable[[], Value]) -> Value:
    """What an act that reads tells: at once where no other command commits, else in the queue of those that write."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        return act()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
    finally:
        connection.execute(f"PRAGMA busy_timeout = {round(1000 * LOCK_SECONDS)}")
    with _turn(data):
        return act()


@contextlib.contextmanager
def _turn(data: Path) -> Iterator[None]:
    """Wait in the system's queue of commands that want to write, and keep others waiting.

    SQLite by itself only tries again now and then: where many write, one that is unlucky finds the ledger taken each
    time, until it gives up. The system takes the lock from a process that ends, however it ends.
    """
    folder = os.open(data, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@contextlib.contextmanager
def _ended(connection: sqlite3.Connection) -> Iterator[None]:
    """The transaction that has begun is committed at the end, or taken back where an exception ends it."""
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # SQLite may have ended it itself, as where the disk is full
            connection.execute("ROLLBACK")
        raise
