"""How far a host is trusted: what BOINC's database says of the results that its application version returned so far."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

TRUSTED = 10  # valid results in a row; BOINC sets the count to 0 after one that was not
_SOCKET = "/run/mysqld/mysqld.sock"
_SECONDS = 5.0  # to wait for the database; without it a host counts as new

_QUERY = (
    "SELECT hav.consecutive_valid FROM result r JOIN host_app_version hav "
    "ON hav.host_id = r.hostid AND hav.app_version_id = r.app_version_id WHERE r.name = %s"
)


class Unknown(Exception):
    """Nothing can be said of a host, and why."""


def trusted(project: Path, result: str) -> bool:
    """Whether the host that returned a result has returned enough valid ones in a row. Unknown if nobody can tell."""
    try:
        rows = _rows(_settings(project / "config.xml"), result)
    except (OSError, ElementTree.ParseError) as error:
        raise Unknown(f"{project / 'config.xml'}: {error}") from error
    if not rows:
        raise Unknown(f"the database has no host for result {result}")
    return rows[0][0] >= TRUSTED


def _settings(config: Path) -> dict[str, str]:
    found = ElementTree.parse(config).getroot().find("config")
    if found is None:
        raise Unknown(f"{config} has no <config>")
    names = ("db_host", "db_name", "db_user", "db_passwd")
    return {name: (found.findtext(name) or "").strip() for name in names}


def _rows(settings: dict[str, str], result: str) -> tuple[tuple[int], ...]:
    """The answer to `_QUERY`. What the database complains of is told by its number: its words could hold secrets."""
    import pymysql

    host, _, port = (settings["db_host"] or "localhost").partition(":")
    # To BOINC's own programs "localhost" means the socket, to this library the network.
    socket = _SOCKET if host == "localhost" and not port and Path(_SOCKET).exists() else None
    try:
        with pymysql.connect(
            host=host, port=int(port) if port.isdecimal() else 3306, unix_socket=socket, database=settings["db_name"],
            user=settings["db_user"], password=settings["db_passwd"],
            connect_timeout=_SECONDS, read_timeout=_SECONDS, write_timeout=_SECONDS,
        ) as db, db.cursor() as cursor:  # fmt: skip
            cursor.execute(_QUERY, [result])
            return tuple((int(row[0]),) for row in cursor.fetchall())
    except (pymysql.MySQLError, RuntimeError) as error:  # RuntimeError: a way to log in that needs more libraries
        raise Unknown(
            f"the database does not answer ({type(error).__name__} {error.args[0] if error.args else ''})"
        ) from error
