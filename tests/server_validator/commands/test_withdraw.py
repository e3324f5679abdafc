"""withdraw: somebody's rows leave all findings, are listed, and come back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kernels.formats.workunit import WorkUnit
from tests.kernels import tiny
from tests.server_validator.data import Run, one_line
from tests.server_validator.dataset.test_dataset import again
from tests.server_validator.storing import brought_in, exact, listed, stored

UNITS = {12: tiny.unit(0, 1), 13: tiny.unit(1, 2), None: tiny.unit(3, 4)}  # by host


def upload(unit: WorkUnit) -> str:
    return f"{unit.name}_0_r77_0"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data set of three work units' results: of host 12, of host 13, of a host that nobody knows."""
    for host, unit in UNITS.items():
        stored(tmp_path, unit, host=host)
    return tmp_path


# One of the fixture's is a result that BOINC's database did not tell the host of: no --host finds it.
UNKNOWN = "axiom-server: results that tell no host stay as they are: 1; --upload chooses one\n"


def seeds(run: Callable[..., Run], data: Path) -> int:
    return int(json.loads(run("--data", data, "findings", "compgen", "--json").out)["seeds"])


@pytest.mark.parametrize(
    ("words", "left"),
    [(["--host", 13], 5), (["--upload", upload(UNITS[13])], 5), (["--app-version", "0.1.0"], 0)],
    ids=["host", "upload", "version"],
)
def test_rows_leave_the_findings_are_listed_and_come_back(
    data: Path, run: Callable[..., Run], words: list[str], left: int
) -> None:
    assert seeds(run, data) == 7
    done = run("--data", data, "withdraw", *words)
    assert (done.code, done.err) == (0, UNKNOWN if "--host" in words else "")
    assert f"withdrawn: 2 cells of {upload(UNITS[13])}, host 13, version 0.1.0" in done.out
    found = run("--data", data, "findings")
    if left:
        assert f"seeds: {left};" in found.out
        assert "1 result with 2 cells withdrawn" in found.out
    else:
        assert found.code == 48
        assert "3 withdrawn" in one_line(found)
    listed = run("--data", data, "withdraw")
    assert (listed.code, listed.err) == (0, "")
    assert f"2 cells of {upload(UNITS[13])}, host 13" in listed.out
    assert run("--data", data, "withdraw", *words, "--undo").code == 0
    assert seeds(run, data) == 7
    assert run("--data", data, "withdraw").out == ""


def test_what_comes_later_of_whom_is_withdrawn_is_left_out_too(data: Path, run: Callable[..., Run]) -> None:
    assert run("--data", data, "withdraw", "--host", 13).code == 0
    stored(data, tiny.unit(50, 3), host=13)
    stored(data, tiny.unit(60, 3), host=14)
    assert seeds(run, data) == 8
    assert run("--data", data, "withdraw", "--host", 13, "--undo").code == 0
    assert seeds(run, data) == 13


def test_one_withdrawal_leaves_the_others_as_they_are(data: Path, run: Callable[..., Run]) -> None:
    for host, left in ((13, 5), (12, 4)):
        assert run("--data", data, "withdraw", "--host", host).code == 0
        assert seeds(run, data) == left
    assert run("--data", data, "withdraw", "--host", 13, "--undo").code == 0
    assert seeds(run, data) == 6


def test_what_is_withdrawn_twice_comes_back_when_both_are_undone(data: Path, run: Callable[..., Run]) -> None:
    first, second = ["--host", 13], ["--upload", upload(UNITS[13])]
    for words in (first, second):
        assert run("--data", data, "withdraw", *words).code == 0
        assert run("--data", data, "withdraw", *words).code == 54, "it is withdrawn already"
    assert run("--data", data, "withdraw", *first, "--undo").code == 0
    assert seeds(run, data) == 5
    assert run("--data", data, "withdraw", *second, "--undo").code == 0
    assert seeds(run, data) == 7


def test_rows_in_the_midst_of_a_joined_file_leave_and_come_back(data: Path, run: Callable[..., Run]) -> None:
    assert run("--data", data, "compact").code == 0
    (path,) = listed(data)
    assert run("--data", data, "withdraw", "--host", 13).code == 0
    found = json.loads(run("--data", data, "findings", "compgen", "--json").out)
    assert (found["seeds"], found["left_out"]["withdrawn"]) == (5, {"results": 1, "cells": 2})
    for command in ("compact", "rebuild"):
        assert run("--data", data, command).code == 0
        assert seeds(run, data) == 5
    assert run("--data", data, "withdraw", "--host", 13, "--undo").code == 0
    assert seeds(run, data) == 7
    assert listed(data) == [path], "no file was written for it"


def test_another_result_of_the_work_unit_takes_the_place_of_a_withdrawn_one(
    data: Path, run: Callable[..., Run]
) -> None:
    assert run("--data", data, "withdraw", "--host", 13).code == 0
    stored(data, UNITS[13], again(exact(UNITS[13])), 14, 1)
    assert seeds(run, data) == 7


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"host_id": 1, "upload": [], "app_version": []}', b"\xff"])
def test_withdrawals_that_cannot_be_read_are_42(data: Path, run: Callable[..., Run], content: bytes) -> None:
    """Without them what was withdrawn would be found again."""
    (data / "withdrawn.json").write_bytes(content)
    for words in (["findings", "compgen"], ["withdraw", "--host", 12], ["status"]):
        done = run("--data", data, *words)
        assert done.code == 42
        assert "withdrawn.json" in one_line(done)


@pytest.mark.parametrize(
    "words", [["--host", 99], ["--upload", "none"], ["--app-version", "9"], ["--host", 12, "--undo"]]
)
def test_rows_that_are_not_there_are_54(data: Path, run: Callable[..., Run], words: list[str]) -> None:
    done = run("--data", data, "withdraw", *words)
    assert (done.code, done.out) == (54, "")
    assert str(words[1]) in done.err.splitlines()[-1]
    assert seeds(run, data) == 7


@pytest.mark.parametrize("words", [["--undo"], ["--host", "x"], ["--host", "1", "--upload", "x"]])
def test_wrong_words_are_2(data: Path, run: Callable[..., Run], words: list[str]) -> None:
    assert run("--data", data, "withdraw", *words).code == 2


def test_a_file_that_tells_no_results_is_named_and_stays_where_it_is(data: Path, run: Callable[..., Run]) -> None:
    assert brought_in(data) == []
    (data / "ledger.sqlite").unlink()
    (path,) = listed(data)
    other = path.with_name("other.parquet")
    other.write_bytes(b"torn")
    done = run("--data", data, "withdraw", "--host", 12)
    assert done.code == 0
    assert f"{other} is left as it is: " in done.err.removesuffix(UNKNOWN)
    assert other.exists()


def test_a_data_directory_that_is_not_there_is_42(tmp_path: Path, run: Callable[..., Run]) -> None:
    assert run("--data", tmp_path / "none", "withdraw", "--host", 1).code == 42
