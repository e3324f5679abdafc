"""What a real MariaDB tells of hosts."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import pymysql
import pytest

from server_validator.boinc.database import host
from server_validator.boinc.project import Unknown
from server_validator.ledger import Ledger, standing
from tests.kernels import tiny
from tests.server_validator import storing
from tests.server_validator.boinc import mariadb
from tests.server_validator.data import Run, issued, one_line

HOSTS = {"first_0": 1, "second_0": 2, "gone_0": 0, f"{tiny.unit().name}_0": 1, f"{tiny.unit().name}_1": 2}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with mariadb.started(tmp_path_factory.mktemp("db")) as started:
        mariadb.fill(started, HOSTS)
        yield started


def project(folder: Path, port: int, password: str = mariadb.PASSWORD, name: str = "axiom") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.xml").write_text(
        f"<boinc><config><db_host>127.0.0.1:{port}</db_host><db_name>{name}</db_name><db_user>axiom</db_user>"
        f"<db_passwd>{escape(password)}</db_passwd></config></boinc>"
    )
    return folder


@pytest.mark.parametrize(("result", "number"), [("first_0", 1), ("second_0", 2)])
def test_a_result_has_a_host(tmp_path: Path, port: int, result: str, number: int) -> None:
    assert host(project(tmp_path, port), result) == number


@pytest.mark.parametrize("result", ["gone_0", "none_0", "' OR 1=1 -- ", "%"])
def test_of_some_results_no_host_is_known(tmp_path: Path, port: int, result: str) -> None:
    with pytest.raises(Unknown, match="no host for result"):
        host(project(tmp_path, port), result)


def test_a_database_that_refuses_is_told_without_its_secrets(tmp_path: Path, port: int) -> None:
    for settings in ({"password": "wrong s3cret"}, {"name": "other"}):
        with pytest.raises(Unknown, match="does not answer") as caught:
            host(project(tmp_path, port, **settings), "first_0")
        assert "s3cret" not in str(caught.value)
        assert mariadb.PASSWORD not in str(caught.value)


def test_a_way_to_log_in_that_the_library_lacks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**options: object) -> None:
        raise RuntimeError("'cryptography' package is required for sha256_password or caching_sha2_password")

    monkeypatch.setattr(pymysql, "connect", refuse)
    with pytest.raises(Unknown, match="RuntimeError"):
        host(project(tmp_path, 1), "first_0")


def test_where_no_database_listens_nothing_is_known(tmp_path: Path) -> None:
    with pytest.raises(Unknown, match="does not answer"):
        host(project(tmp_path, 1), "first_0")


@pytest.mark.parametrize("content", [None, "", "<boinc>", "<boinc></boinc>"])
def test_a_project_that_is_none_is_told(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "config.xml").write_text(content)
    with pytest.raises(Unknown, match=r"config\.xml"):
        host(tmp_path, "first_0")


def test_rows_of_the_data_set_know_the_host_and_a_rebuild_does_too(
    tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str], tiny_bytes: bytes
) -> None:
    path, folder = tmp_path / f"{tiny.unit().name}_1_r12_0", project(tmp_path, port)
    path.write_bytes(tiny_bytes)
    data = issued(tmp_path)
    for words in (["validate", "--torch"], ["assimilate"]):
        number = ["7"] if words == ["assimilate"] else []
        assert Run(capsys, "--data", data, *words, "--project", folder, *number, path).code == 0
    assert origins(data) == {(7, path.name, 2)}
    for file in storing.listed(data):
        file.unlink()
    assert Run(capsys, "--data", data, "rebuild").code == 0
    assert origins(data) == {(7, path.name, 2)}


def test_while_the_database_is_silent_nothing_is_stored(
    tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str], tiny_bytes: bytes
) -> None:
    """Rows without their host would be missed for ever when it is withdrawn."""
    path = tmp_path / f"{tiny.unit().name}_1_r12_0"
    path.write_bytes(tiny_bytes)
    data, silent = issued(tmp_path), project(tmp_path / "silent", 1)
    assert Run(capsys, "--data", data, "validate", "--torch", "--project", silent, path).code == 0
    refused = Run(capsys, "--data", data, "assimilate", "--project", silent, 7, path)
    assert refused.code == 3
    assert "the database does not answer" in one_line(refused)
    with Ledger(data) as ledger:
        assert standing.stored(ledger) == []
    assert Run(capsys, "--data", data, "assimilate", "--project", project(tmp_path, port), 7, path).code == 0
    assert origins(data) == {(7, path.name, 2)}


def origins(data: Path) -> set[tuple[int | None, str | None, int | None]]:
    """Where the data set's rows come from: BOINC's number of the work unit, the upload, the host."""
    assert storing.brought_in(data) == []
    return {(one.boinc_id, one.upload, one.host_id) for one in storing.held(data)}


_HANDSHAKE = (
    b"\x0a8.0.0\x00\x01\x00\x00\x0012345678\x00\xff\xf7\x08\x02\x00\x0f\x80\x15" + bytes(10) + b"123456789012\x00"
    b"mysql_native_password\x00"
)


def packet(body: bytes, number: int = 0) -> bytes:
    return len(body).to_bytes(3, "little") + bytes([number]) + body


@contextlib.contextmanager
def answering(content: bytes) -> Iterator[int]:
    """A server that is none: it says the same to everybody and hangs up; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.sendall(content)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(4096):
                        pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            server.close()
            thread.join(30)


def garbage() -> list[bytes]:
    draw = random.Random(9)
    cut = [packet(_HANDSHAKE[:length]) for length in range(0, len(_HANDSHAKE), 4)]
    noise = [packet(_HANDSHAKE) + packet(draw.randbytes(draw.randrange(12)), 2) for _ in range(20)]
    page = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    return [b"", page, bytes(64), b"\xff" * 64, packet(b""), packet(b"\xff"), *cut, *noise]


@pytest.mark.parametrize("content", garbage(), ids=range(len(garbage())))
def test_a_database_that_answers_garbage_tells_nothing(tmp_path: Path, content: bytes) -> None:
    with answering(content) as port, pytest.raises(Unknown, match="the database"):
        host(project(tmp_path, port), "first_0")
