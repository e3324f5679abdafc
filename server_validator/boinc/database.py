"""BOINC's database: what it says of the host that returned a result. The only module that speaks to it."""

from __future__ import annotations

from pathlib import Path

from server_validator.boinc.project import DatabaseSettings, Unknown, database_settings
from server_validator.errors import TryLater

_SOCKET = "/run/mysqld/mysqld.sock"
_SECONDS = 5.0  # to wait for the database; without it a host counts as new

_RECORD = (
    "SELECT hav.consecutive_valid FROM result r JOIN host_app_version hav "
    "ON hav.host_id = r.hostid AND hav.app_version_id = r.app_version_id WHERE r.name = %s"
)

_HOST = "SELECT hostid FROM result WHERE name = %s AND hostid > 0"


class Silent(Unknown):
    """The database does not answer, or not as one does; it may in a while."""


def host(project: Path, result: str) -> int:
    """BOINC's number of the host of a result. Unknown if nobody can tell."""
    rows = _rows(database_settings(project), _HOST, result)
    if not rows:
        raise Unknown(f"the database has no host for result {result}")
    return rows[0]


def host_if_known(project: Path, result: str) -> int | None:
    """As `host`; None if nobody can tell. TryLater if the database is only silent now."""
    try:
        return host(project, result)
    except Silent as why:
        raise TryLater(why) from why
    except Unknown:
        return None


def consecutive_valid(project: Path, result: str) -> int:
    """How many valid results in a row the host of a result has returned with that application version.

    BOINC sets the count to 0 after one that was not valid. Unknown if nobody can tell.
    """
    rows = _rows(database_settings(project), _RECORD, result)
    if not rows:
        raise Unknown(f"the database has no host for result {result}")
    return rows[0]


def _rows(settings: DatabaseSettings, query: str, name: str) -> list[int]:
    """The numbers that a query finds for a name. What the database complains of is told by its number.

    Its words could hold secrets.
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
        ) as connection, connection.cursor() as cursor:  # fmt: skip
            cursor.execute(query, [name])
            return [int(row[0]) for row in cursor.fetchall()]
    except pymysql.MySQLError as error:
        number = error.args[0] if error.args else ""
        raise Silent(f"the database does not answer ({type(error).__name__} {number})") from error
    except Exception as error:  # whatever error the library meets in an answer that is no database's
        raise Silent(f"the database gives no answer that can be read ({type(error).__name__})") from error
