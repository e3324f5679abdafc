"""The ledger as a database: opened, upgraded, refused, and shared by commands that run together."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server_validator.errors import DataDirectory, LedgerVersion
from server_validator.ledger import Ledger, database, issued, schema, uploads, verdicts
from tests.kernels import tiny
from tests.server_validator.data import Run
from tests.server_validator.data import issued as data_directory

# The tables as they were made, at every opening, before the ledger had a version.
FORMER_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS issued (digest BLOB PRIMARY KEY, name TEXT UNIQUE NOT NULL, experiment TEXT NOT NULL, "
    "version INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, body BLOB NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS failed (name TEXT PRIMARY KEY, error_mask INTEGER NOT NULL, boinc_id INTEGER NOT NULL, "
    "batch INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS uploaded (checksum BLOB PRIMARY KEY, name TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS accepted (name TEXT PRIMARY KEY, checksum BLOB NOT NULL) STRICT",
)
UNIT = tiny.unit()


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


def former_ledger(data: Path, tables: int) -> None:
    """A ledger without a version that has the first so many tables; if there are four, with a row in each."""
    with Ledger(data / "new", create=True) as new:
        issued.issue(new, UNIT)
        with new.reading() as db:
            issued_row = db.execute("SELECT * FROM issued").fetchone()
    with sqlite(data) as former:
        for statement in FORMER_SCHEMA[:tables]:
            former.execute(statement)
        if tables == len(FORMER_SCHEMA):
            former.execute("INSERT INTO issued VALUES (?, ?, ?, ?, ?, ?, ?)", issued_row)
            former.execute("INSERT INTO failed VALUES (?, 4, 77, 3)", [UNIT.name])
            former.execute("INSERT INTO uploaded VALUES (?, 'first_0')", [bytes(16)])
            former.execute("INSERT INTO accepted VALUES ('first_0_r1_0', ?)", [bytes(16)])
        assert schema.version(former) == 0


def layout(data: Path) -> list[tuple[str, ...]]:
    """Every table and index with its definition, without what depends on how it was typed."""
    with sqlite(data) as connection:
        tables = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
        return [(name, " ".join(text.split())) for name, text in tables.fetchall()]


@pytest.mark.parametrize("tables", range(len(FORMER_SCHEMA) + 1))
def test_a_ledger_without_a_version_is_upgraded_when_it_is_first_used(tmp_path: Path, tables: int) -> None:
    former_ledger(tmp_path, tables)
    with Ledger(tmp_path) as ledger:
        whole = tables == len(FORMER_SCHEMA)
        assert issued.find_named(ledger, UNIT.name) == (UNIT if whole else None)
        assert verdicts.accepted(ledger, "first_0_r1_0") == (bytes(16) if whole else None)
        assert uploads.first_upload(ledger, bytes(16), "second_0") == ("first_0" if whole else "second_0")
        assert not ledger.made
    with sqlite(tmp_path) as connection:
        assert schema.version(connection) == schema.VERSION
        assert connection.execute("SELECT count(*) FROM failed").fetchone() == (int(whole),)
    assert layout(tmp_path) == layout(tmp_path / "new")


def test_a_ledger_of_a_newer_program_is_refused_in_one_sentence_and_left_alone(
    data: Path, tiny_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite(data) as newer:
        newer.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = (data / "ledger.sqlite").read_bytes()
    for create in (False, True):
        with Ledger(data, create) as ledger, pytest.raises(LedgerVersion) as caught:
            issued.issue(ledger, tiny.unit(1))
        assert f"schema version {schema.VERSION + 1}" in str(caught.value)
        assert str(data) in str(caught.value)
        assert "\n" not in str(caught.value)
    done = Run(capsys, "--data", data, "make-wu", "compgen", "--first", 1, "--count", 1)
    assert (done.code, done.out) == (44, "")
    assert Run(capsys, "--data", data, "validate", tiny_file).code == 3, "it says nothing about the result"
    assert (data / "ledger.sqlite").read_bytes() == before


def test_an_upgrade_that_breaks_off_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    former_ledger(tmp_path, 2)
    before = layout(tmp_path)
    monkeypatch.setattr(schema, "STEPS", ((*schema.STEPS[0], "CREATE NONSENSE"),))
    with Ledger(tmp_path) as ledger, pytest.raises(DataDirectory, match="NONSENSE"):
        issued.find_named(ledger, UNIT.name)
    assert layout(tmp_path) == before
    monkeypatch.undo()
    with Ledger(tmp_path) as ledger:
        assert issued.find_named(ledger, UNIT.name) is None


# --- together with other commands


def test_readers_do_not_wait_for_a_command_that_has_begun_to_write(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.05)
    with Ledger(data) as writer, Ledger(data) as reader, writer.writing() as db:
        db.execute("DELETE FROM issued")
        assert issued.find_named(reader, UNIT.name) == UNIT
        with pytest.raises(DataDirectory, match="locked"):
            issued.issue(reader, tiny.unit(1))


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


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"SQLite format 3\0" + bytes(4000)])
def test_a_ledger_that_is_none_is_the_data_directorys_failure(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(content)
    uses: list[Callable[[Ledger], object]] = [
        lambda ledger: issued.find(ledger, bytes(16)),
        lambda ledger: issued.issue(ledger, UNIT),
    ]
    for use in uses:
        with Ledger(tmp_path, create=True) as ledger, pytest.raises(DataDirectory) as caught:
            use(ledger)
        assert "\n" not in str(caught.value)
    assert (tmp_path / "ledger.sqlite").read_bytes() == content


def test_looking_into_a_directory_without_a_ledger_makes_none(tmp_path: Path) -> None:
    for data in (tmp_path, tmp_path / "none"):
        with Ledger(data) as ledger:
            for _ in range(2):
                with pytest.raises(DataDirectory, match="no ledger"):
                    issued.find(ledger, bytes(16))
            with pytest.raises(DataDirectory, match="no ledger"):
                issued.record_failure(ledger, "x", 1, 1, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_new_ledger_says_so_once(tmp_path: Path) -> None:
    for made in (True, False):
        with Ledger(tmp_path / "data", create=True) as ledger:
            issued.issue(ledger, UNIT)
            assert ledger.made is made


def test_a_file_in_the_way_is_the_data_directorys_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for data in (tmp_path / "file", tmp_path / "file" / "below"):
        with Ledger(data, create=True) as ledger, pytest.raises(DataDirectory):
            issued.issue(ledger, UNIT)
