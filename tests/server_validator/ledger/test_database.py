"""The ledger as a database: opened, upgraded, refused, and shared by commands that run together."""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from server_validator.errors import DataDirectory, LedgerVersion, NoLedger
from server_validator.ledger import Ledger, create, database, issued, schema, standing, uploads, verdicts
from tests.kernels import tiny
from tests.kernels.disk import BALLAST, fill, full_above, mounted
from tests.server_validator.data import Run
from tests.server_validator.data import issued as data_directory
from tests.support import commands

ROOT = Path(__file__).parents[3]

UNIT = tiny.unit()
WRITERS = 8


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory whose ledger has issued UNIT."""
    return data_directory(tmp_path)


@contextlib.contextmanager
def sqlite(data: Path) -> Iterator[sqlite3.Connection]:
    """The ledger's file, by another program."""
    with contextlib.closing(sqlite3.connect(data / "ledger.sqlite", isolation_level=None)) as connection:
        yield connection


# --- versions


def former_ledger(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger as the first step makes it, that has issued UNIT, and work units whose names begin like each other's."""
    with monkeypatch.context() as former:
        former.setattr(schema, "STEPS", schema.STEPS[:1])
        former.setattr(schema, "VERSION", 1)
        create(data)
    with sqlite(data) as connection:
        for name, digest in (("tiny_1_0_9", b"a"), ("tiny_1_0_9_0_r1", b"b")):
            connection.execute("INSERT INTO issued VALUES (?, ?, 'tiny', 1, 0, 8, x'')", [digest, name])
        connection.execute("INSERT INTO failed VALUES ('tiny_1_0_9', 4, 77, 3)")
        connection.execute("INSERT INTO uploaded VALUES (?, 'first_0')", [bytes(16)])
        for name in ("tiny_1_0_9_0_r77_0", "tiny_1_0_9_0_r1_1_r77_0"):
            connection.execute("INSERT INTO accepted VALUES (?, ?)", [name, bytes(16)])
        assert schema.version(connection) == 1


def layout(data: Path) -> list[tuple[str, ...]]:
    """Every table and index with its definition, without what depends on how it was typed."""
    with sqlite(data) as connection:
        tables = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
        return [(name, " ".join(text.split())) for name, text in tables.fetchall()]


def test_a_ledger_of_the_first_version_is_upgraded_when_it_is_first_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    former_ledger(tmp_path, monkeypatch)
    create(tmp_path / "new")
    with Ledger(tmp_path) as ledger:
        valid = [verdicts.given(ledger, name, bytes(16)) for name in ("tiny_1_0_9_0_r77_0", "tiny_1_0_9_0_r1_1_r77_0")]
        assert [verdict and (verdict.workunit, verdict.code) for verdict in valid] == [
            ("tiny_1_0_9", 0), ("tiny_1_0_9_0_r1", 0),
        ]  # fmt: skip
        assert uploads.first_upload(ledger, bytes(16), "second_0") == "first_0"
        assert [unit.standing for unit in standing.units(ledger)] == ["given up", "checked"]
    with sqlite(tmp_path) as connection:
        assert schema.version(connection) == schema.VERSION
    assert layout(tmp_path) == layout(tmp_path / "new")


def test_a_ledger_of_a_newer_program_is_refused_in_one_sentence_and_left_alone(
    data: Path, tiny_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite(data) as newer:
        newer.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = (data / "ledger.sqlite").read_bytes()
    uses: list[Callable[[Ledger], object]] = [lambda own: issued.issue(own, tiny.unit(1)), lambda _: create(data)]
    for use in uses:
        with Ledger(data) as ledger, pytest.raises(LedgerVersion) as caught:
            use(ledger)
        assert f"schema version {schema.VERSION + 1}" in str(caught.value)
        assert str(data) in str(caught.value)
        assert "\n" not in str(caught.value)
    done = Run(capsys, "--data", data, "make-wu", "compgen", "--first", 1, "--count", 1)
    assert (done.code, done.out) == (44, "")
    assert Run(capsys, "--data", data, "validate", tiny_file).code == 3, "it says nothing about the result"
    assert (data / "ledger.sqlite").read_bytes() == before


def test_an_upgrade_that_breaks_off_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    former_ledger(tmp_path, monkeypatch)
    before = layout(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(schema, "STEPS", (*schema.STEPS[:-1], (*schema.STEPS[-1], "CREATE NONSENSE")))
        with Ledger(tmp_path) as ledger, pytest.raises(DataDirectory, match="NONSENSE"):
            issued.find_named(ledger, UNIT.name)
    assert layout(tmp_path) == before
    with Ledger(tmp_path) as ledger:
        assert issued.find_named(ledger, UNIT.name) is None


def test_a_copy_in_memory_is_upgraded_and_the_file_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    former_ledger(tmp_path, monkeypatch)
    before = (tmp_path / "ledger.sqlite").read_bytes()
    with Ledger(tmp_path, in_memory=True) as ledger:
        assert len(standing.units(ledger)) == 2
    assert (tmp_path / "ledger.sqlite").read_bytes() == before


# --- together with other commands


def test_readers_do_not_wait_for_a_command_that_has_begun_to_write(data: Path) -> None:
    with Ledger(data) as writer, Ledger(data) as reader, writer.writing() as db:
        db.execute("DELETE FROM issued")
        assert issued.find_named(reader, UNIT.name) == UNIT


def test_another_program_that_keeps_the_ledger_is_not_waited_for_for_ever(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.05)
    with Ledger(data) as ledger, sqlite(data) as other:
        other.execute("BEGIN EXCLUSIVE")
        for use in (partial(issued.issue, ledger, tiny.unit(1)), partial(issued.find_named, ledger, UNIT.name)):
            with pytest.raises(DataDirectory, match="locked"):
                use()


def test_where_many_write_without_pause_everybody_has_a_turn(data: Path) -> None:
    """One that comes new waits for few of their writes, whether it opens the ledger, reads or writes."""
    written = itertools.count()
    enough = threading.Event()

    def write_on() -> None:
        with Ledger(data) as ledger:
            while not enough.is_set():
                uploads.first_upload(ledger, os.urandom(16), "of one who writes")
                next(written)

    with ThreadPoolExecutor(WRITERS) as pool:
        try:
            writers = [pool.submit(write_on) for _ in range(WRITERS)]
            waits = []
            for number in range(5):
                before = next(written)
                with Ledger(data) as ledger:
                    issued.issue(ledger, tiny.unit(10 * number))
                    assert issued.find_named(ledger, UNIT.name)
                waits.append(next(written) - before)
        finally:
            enough.set()
        for writer in writers:
            writer.result()
    assert max(waits) < 20 * WRITERS


def test_reading_takes_no_write_lock_and_changes_no_byte(data: Path) -> None:
    before = (data / "ledger.sqlite").read_bytes()
    with Ledger(data) as ledger, ledger.reading(), sqlite(data) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    with Ledger(data) as ledger:
        assert issued.find_named(ledger, UNIT.name) == UNIT
    assert (data / "ledger.sqlite").read_bytes() == before


def test_the_file_is_opened_once_however_often_it_is_asked(data: Path, opened: list[object]) -> None:
    with Ledger(data) as ledger:
        assert opened == []
        for _ in range(3):
            issued.find_named(ledger, UNIT.name)
            uploads.first_upload(ledger, bytes(16), "x_0")
    assert len(opened) == 1


def test_what_breaks_off_is_taken_back(data: Path) -> None:
    def break_off(ledger: Ledger) -> None:
        with ledger.writing() as db:
            db.execute("DELETE FROM issued")
            raise ZeroDivisionError

    with Ledger(data) as ledger:
        with pytest.raises(ZeroDivisionError):
            break_off(ledger)
        assert issued.find_named(ledger, UNIT.name) == UNIT


# --- no ledger


TORN = {
    "empty": b"",
    "garbage": b"garbage" * 1000,
    "a head only": b"SQLite format 3\0" + bytes(4000),
    "a database of something else": None,
    "half": None,
}


@pytest.mark.parametrize("kind", TORN)
def test_a_ledger_that_is_torn_is_refused_in_a_sentence_and_left_alone(data: Path, kind: str) -> None:
    path = data / "ledger.sqlite"
    content = TORN[kind]
    if kind == "half":
        content = path.read_bytes()[: path.stat().st_size // 2]
    elif content is None:
        path.unlink()
        with sqlite(data) as other:
            other.execute("CREATE TABLE something (x)")
        content = path.read_bytes()
    path.write_bytes(content)
    uses: list[Callable[[Ledger], object]] = [
        lambda ledger: issued.find(ledger, bytes(16)),
        lambda ledger: issued.issue(ledger, UNIT),
        lambda ledger: create(ledger.data),
    ]
    for use in uses:
        with Ledger(data) as ledger, pytest.raises(DataDirectory) as caught:
            use(ledger)
        assert "\n" not in str(caught.value)
        assert "copy" in str(caught.value), "what to do"
    assert path.read_bytes() == content


def test_no_command_but_init_makes_a_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    for place in (tmp_path, data):
        with Ledger(place) as ledger:
            with pytest.raises(NoLedger, match="axiom-server init"):
                issued.find(ledger, bytes(16))
            with pytest.raises(NoLedger, match="axiom-server init"):
                issued.issue(ledger, UNIT)
    made = Run(capsys, "--data", data, "make-wu", "compgen", "--first", 1, "--count", 1)
    assert (made.code, made.out) == (45, "")
    assert list(tmp_path.iterdir()) == []
    for said in ("a new ledger", "has a ledger"):
        done = Run(capsys, "--data", data, "init")
        assert (done.code, said in done.out) == (0, True)
    assert [path.name for path in data.iterdir()] == ["ledger.sqlite"]
    assert Run(capsys, "--data", data, "make-wu", "compgen", "--first", 1, "--count", 1).code == 0


def test_no_ledger_is_made_beside_results_of_one_that_is_lost(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = data / "results" / "compgen" / "1" / "compgen_1_1_1.parquet"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"numbers")
    assert Run(capsys, "--data", data, "init").code == 0
    (data / "ledger.sqlite").unlink()
    done = Run(capsys, "--data", data, "init")
    assert (done.code, done.out) == (46, "")
    assert "give out their seeds again" in done.err
    assert not (data / "ledger.sqlite").exists()


def test_a_ledger_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    with full_above(8192), pytest.raises(DataDirectory):
        create(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_of_processes_that_make_a_ledger_none_takes_anothers_away(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert any(pool.map(create, [tmp_path] * 8))
    with Ledger(tmp_path) as ledger:
        assert standing.units(ledger) == []
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.sqlite"]


def test_a_file_in_the_way_is_the_data_directorys_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(DataDirectory):
            create(place)


# --- disks and users


def test_a_full_disk_is_said_as_such_and_nothing_is_entered(data: Path) -> None:
    with mounted(data, 64):
        fill(data)
        with Ledger(data) as ledger, pytest.raises(DataDirectory, match="the disk is full"):
            issued.issue(ledger, tiny.unit(1))
        (data / BALLAST).unlink()
        with Ledger(data) as ledger:
            assert issued.find_named(ledger, tiny.unit(1).name) is None
            issued.issue(ledger, tiny.unit(1))


def test_a_disk_that_is_read_only_is_said_as_such_and_can_be_read(data: Path) -> None:
    with mounted(data, 64):
        subprocess.run(["mount", "-o", "remount,ro", data], check=True)
        with Ledger(data) as ledger:
            assert issued.find_named(ledger, UNIT.name) == UNIT
            with pytest.raises(DataDirectory, match="read-only"):
                issued.issue(ledger, tiny.unit(1))


def test_a_ledger_of_another_user_tells_whose_it_is(data: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    for folder in (data.parent, *data.parent.parents):
        if folder.stat().st_mode & 0o005 != 0o005 and folder.is_relative_to(Path(tempfile.gettempdir())):
            folder.chmod(folder.stat().st_mode | 0o055)
    data.chmod(0o755)
    program = (
        "import pathlib, sys\nfrom server_validator.ledger import Ledger, uploads\n"
        "uploads.first_upload(Ledger(pathlib.Path(sys.argv[1])), bytes(16), 'x_0')\n"
    )
    command = ["setpriv", "--reuid", "nobody", "--clear-groups", sys.executable, "-c", program, str(data)]
    done = commands.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
    last = done.stderr.splitlines()[-1]
    assert "belongs to user root, but this program runs as nobody" in last
