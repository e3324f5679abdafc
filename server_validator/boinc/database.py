"""BOINC's database: how it is spoken to, and which host it says returned a result."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from server_validator.boinc.project import DatabaseSettings, Unknown, database_settings
from server_validator.errors import TryLater

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

_SOCKET = "/run/mysqld/mysqld.sock"
_SECONDS = 5.0  # to wait for the database; without it a host counts as new

_HOST = "SELECT hostid FROM result WHERE name = %s AND hostid > 0"


class Silent(Unknown):
    """The database does not answer, or not as one does; it may in a while."""


def host(project: Path, result: str) -> int:
    """BOINC's number of the host of a result. Unknown if nobody can tell."""
    with connection(database_settings(project)) as cursor:
        cursor.execute(_HOST, [result])
        row = cursor.fetchone()
        number = int(row[0]) if row else None
    if number is None:
        raise Unknown(f"the database has no host for result {result}")
    return number


def host_if_known(project: Path, result: str) -> int | None:
    """As `host`; None if nobody can tell. TryLater if the database is only silent now."""
    try:
        return host(project, result)
    except Silent as why:
        raise TryLater(why) from why
    except Unknown:
        return None


@contextlib.contextmanager
def connection(settings: DatabaseSettings) -> Iterator[Cursor]:
    """A transaction of the database: committed at the end, taken back where anything fails; Silent says what did.

    What the database complains of is told by its number: its words could hold secrets.
    """
    import pymysql

    server, _, port = (settings.host or "localhost").partition(":")
    # To BOINC's own programs "localhost" means the socket, to this library the network.
    socket = _SOCKET if server == "localhost" and not port and Path(_SOCKET).exists() else None
    try:
        with pymysql.connect(
            host=server, port=int(port) if port.isdecimal() else 3306, unix_socket=socket, database=settings.name,
            user=settings.user, password=settings.password,
            connect_timeout=_SECONDS, read_timeout=_SECONDS, write_timeout=_SECONDS,
        ) as opened, opened.cursor() as cursor:  # fmt: skip
            yield cursor
            opened.commit()
    except pymysql.MySQLError as error:
        number = error.args[0] if error.args else ""
        raise Silent(f"the database does not answer ({type(error).__name__} {number})") from error
    except Exception as error:  # whatever error the library meets in an answer that is no database's
        raise Silent(f"the database gives no answer that can be read ({type(error).__name__})") from error
