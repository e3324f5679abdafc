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
    "CREATE TABLE result (id INT PRIMARY KEY, name VARCHAR(254) UNIQUE, hostid INT, app_version_id INT)",
    "CREATE TABLE host_app_version "
    "(host_id INT, app_version_id INT, consecutive_valid INT, UNIQUE (host_id, app_version_id))",
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


def fill(port: int, rows: list[tuple[str, int, int, int | None]]) -> None:
    """Results (name, host, application version) and how many valid ones in a row each such host has, if any."""
    with connected(port) as db, db.cursor() as cursor:
        for number, (name, host, version, valid) in enumerate(rows):
            cursor.execute("INSERT INTO result VALUES (%s, %s, %s, %s)", [number, name, host, version])
            if valid is not None:
                cursor.execute("REPLACE INTO host_app_version VALUES (%s, %s, %s)", [host, version, valid])
        db.commit()


def connected(port: int) -> pymysql.Connection[pymysql.cursors.Cursor]:
    return pymysql.connect(host="127.0.0.1", port=port, user="axiom", password=PASSWORD, database="axiom")


def _wait(server: subprocess.Popen[bytes], where: Path) -> None:
    def answers() -> bool:
        assert server.poll() is None, "the database ended"
        return subprocess.run(["mariadb-admin", f"--socket={where}", "ping"], capture_output=True).returncode == 0

    log = where.with_name("mariadb.log")
    wait_until(answers, "an answer of the database", lambda: log.stat().st_size, every=0.05)
