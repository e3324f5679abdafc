"""validate: lines and exit codes."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kernels.experiments import compgen
from server_validator.ledger import database
from tests.kernels import tiny
from tests.server_validator.data import Run, issued, one_line
from tests.server_validator.forging import changed, curve, put


def test_validate_takes_several_files_and_a_bad_one_is_told(
    tmp_path: Path, data: Path, run: Callable[..., Run], tiny_bytes: bytes
) -> None:
    good, bad, none = tmp_path / "good", tmp_path / "bad", tmp_path / "none"
    good.write_bytes(tiny_bytes)
    bad.write_bytes(tiny_bytes[:-1])
    done = run("--data", data, "validate", bad, good, none)
    assert done.code != 0
    assert f"{good}: valid" in done.out
    assert [str(p) in line for p, line in zip((bad, none), done.err.splitlines(), strict=True)] == [True, True]
    assert run("--data", data, "validate", bad).code == 20
    assert run("--data", data, "validate", good).code == 0


def test_validate_refuses_invented_numbers_with_25(
    tmp_path: Path, data: Path, run: Callable[..., Run], tiny_bytes: bytes
) -> None:
    path = tmp_path / "forged"
    path.write_bytes(changed(tiny_bytes, lambda top: put(top, 0, "train_loss", curve(top, 0, "train_loss") / 2)))
    done = run("--data", data, "validate", path)
    assert (done.code, done.out) == (25, "")
    assert "train_loss" in one_line(done)


def test_a_result_from_elsewhere_is_22(tmp_path: Path, run: Callable[..., Run], tiny_file: Path) -> None:
    data = issued(tmp_path, tiny.unit(1))
    assert run("--data", data, "validate", tiny_file).code == 22
    assert run("--data", data, "assimilate", 1, tiny_file).code == 22


def test_a_fault_of_the_checker_is_3_and_says_nothing_about_the_result(
    data: Path, run: Callable[..., Run], tiny_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise MemoryError("no memory\nleft")

    monkeypatch.setattr(type(compgen.EXPERIMENT.course), "start", broken)
    done = run("--data", data, "validate", tiny_file)
    assert done.code == 3
    assert "no memory left" in one_line(done)


@pytest.mark.parametrize("ledger_is", ["garbage", "missing", "a folder"])
def test_a_data_directory_that_cannot_be_used_is_3_for_the_validator(
    data: Path, run: Callable[..., Run], tiny_file: Path, ledger_is: str
) -> None:
    path = data / "ledger.sqlite"
    if ledger_is == "garbage":
        path.write_bytes(b"garbage" * 1000)
    else:
        path.unlink()
        if ledger_is == "a folder":
            path.mkdir()
    assert run("--data", data, "validate", tiny_file).code == 3


@pytest.mark.parametrize("begin", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_ledger_that_stays_locked_is_3_where_it_must_be_written(
    data: Path,
    run: Callable[..., Run],
    tiny_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    begin: str,
) -> None:
    """Whatever a file is called: what is found of it has to be remembered."""
    upload = tiny_file.with_name(f"{tiny.unit().name}_0_r77_0")
    shutil.copy(tiny_file, upload)
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.05)
    with contextlib.closing(sqlite3.connect(data / "ledger.sqlite", isolation_level=None)) as other:
        other.execute(f"BEGIN {begin}")
        assert run("--data", data, "validate", upload).code == 3
        assert run("--data", data, "validate", tiny_file).code == 3


def test_the_ledger_is_opened_once_for_all_files(
    data: Path, run: Callable[..., Run], tiny_bytes: bytes, opened: list[object]
) -> None:
    uploads = [data.parent / f"{tiny.unit().name}_{number}_r77_0" for number in range(3)]
    for upload in uploads:
        upload.write_bytes(tiny_bytes)
    done = run("--data", data, "validate", *uploads)
    assert (done.code, done.out.count("valid"), len(done.err.splitlines())) == (26, 1, 2)
    assert len(opened) == 1
