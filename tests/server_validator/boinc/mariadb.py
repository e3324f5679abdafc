"""A real MariaDB with the few tables and columns of a BOINC project's database that are read here."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pymysql

from tests.support import commands
from tests.support.waiting import wait_until

PASSWORD = "p&ss<w>ord 'x'"
_TABLES = (
    "CREATE TABLE result (id INT PRIMARY KEY, name VARCHAR(254) UNIQUE, hostid INT NOT NULL, userid INT NOT NULL, "
    "teamid INT NOT NULL, validate_state INT NOT NULL, granted_credit DOUBLE NOT NULL) ENGINE=InnoDB",
    *(
        f"CREATE TABLE {table} (id INT PRIMARY KEY, total_credit DOUBLE NOT NULL) ENGINE=InnoDB"
        for table in ("host", "user", "team")
    ),
)


@contextlib.contextmanager
def started(folder: Path) -> Iterator[int]:
    """A server of its own in `folder`, on a free port of the loopback, with database and user "axiom"; the port."""
    data, where = folder / "mariadb", folder / "mariadb.sock"
    user = [f"--user={pwd.getpwuid(os.getuid()).pw_name}"]
    server_program = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")  # which is not on users' paths
    assert server_program
    install = ["mariadb-install-db", f"--datadir={data}", "--auth-root-authentication-method=normal", *user]
    subprocess.run(install, check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [
        server_program, "--no-defaults", f"--datadir={data}", f"--socket={where}", f"--port={port}",
        "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=8M", "--skip-name-resolve", *user,
    ]  # fmt: skip
    with (folder / "mariadb.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(server, where)
        with pymysql.connect(unix_socket=str(where), user="root") as db, db.cursor() as cursor:
            cursor.execute("CREATE DATABASE axiom")
            cursor.execute("CREATE USER axiom@'127.0.0.1' IDENTIFIED BY %s", [PASSWORD])
            cursor.execute("GRANT ALL ON axiom.* TO axiom@'127.0.0.1'")
            for table in ("USE axiom", *_TABLES):
                cursor.execute(table)
        yield port
    finally:
        server.terminate()
        commands.wait_ended(server)


def fill(port: int, hosts: dict[str, int]) -> None:
    """Results of hosts, each host its user's only one; nobody has looked at the results yet."""
    with connected(port) as db, db.cursor() as cursor:
        for name, host in hosts.items():
            cursor.execute("SELECT coalesce(max(id), 0) + 1 FROM result")
            number = (cursor.fetchone() or [1])[0]
            cursor.execute("INSERT INTO result VALUES (%s, %s, %s, %s, 0, 0, 0)", [number, name, host, 100 + host])
            cursor.execute("INSERT IGNORE INTO host VALUES (%s, 0)", [host])
            cursor.execute("INSERT IGNORE INTO user VALUES (%s, 0)", [100 + host])
        db.commit()


def grant(port: int, name: str, credit: float, team: int = 0) -> None:
    """What BOINC's validator does with a result that a script found valid, as far as credit goes."""
    with connected(port) as db, db.cursor() as cursor:
        cursor.execute("SELECT hostid, userid FROM result WHERE name = %s", [name])
        host, user = cursor.fetchone() or (0, 0)
        cursor.execute(
            "UPDATE result SET validate_state = 1, granted_credit = %s, teamid = %s WHERE name = %s",
            [credit, team, name],
        )
        if team:
            cursor.execute("INSERT IGNORE INTO team VALUES (%s, 0)", [team])
        for table, number in (("host", host), ("user", user), ("team", team)):
            cursor.execute(f"UPDATE {table} SET total_credit = total_credit + %s WHERE id = %s", [credit, number])
        db.commit()


def deny(port: int, name: str) -> None:
    """What it does with one that a script refused."""
    with connected(port) as db, db.cursor() as cursor:
        cursor.execute("UPDATE result SET validate_state = 2 WHERE name = %s", [name])
        db.commit()


def told(port: int, query: str) -> list[tuple[object, ...]]:
    """The rows that a query finds."""
    with connected(port) as db, db.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def connected(port: int) -> pymysql.Connection[pymysql.cursors.Cursor]:
    return pymysql.connect(host="127.0.0.1", port=port, user="axiom", password=PASSWORD, database="axiom")


def _wait(server: subprocess.Popen[bytes], where: Path) -> None:
    def answers() -> bool:
        assert server.poll() is None, "the database ended"
        return subprocess.run(["mariadb-admin", f"--socket={where}", "ping"], capture_output=True).returncode == 0

    log = where.with_name("mariadb.log")
    wait_until(answers, "an answer of the database", lambda: log.stat().st_size, every=0.05)
