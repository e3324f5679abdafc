"""withdraw: somebody's rows leave all findings, are listed, and come back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kernels.formats.workunit import WorkUnit
from server_validator.dataset import files
from server_validator.dataset.schema import Origin
from server_validator.dataset.store import store
from tests.kernels import tiny
from tests.server_validator.data import Run, issued, one_line

UNITS = {12: tiny.unit(0, 1), 13: tiny.unit(1, 2), None: tiny.unit(3, 4)}  # by host


def upload(unit: WorkUnit) -> str:
    return f"{unit.name}_0_r77_0"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data set of three work units: of host 12, of host 13, of a host that nobody knows."""
    data = issued(tmp_path, *UNITS.values())
    for host, unit in UNITS.items():
        store(data, unit, tiny.computed(unit), Origin(7, upload(unit) if host else None, host))
    return data


# One file of the fixture's is of a result that BOINC's database did not tell the host of: no --host finds it.
UNKNOWN = "axiom-server: files that tell no host stay as they are: 1; --upload chooses one\n"


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
    assert f"withdrawn: {data}" in done.out
    assert f"2 cells of {upload(UNITS[13])}, host 13, version 0.1.0" in done.out
    found = run("--data", data, "findings")
    if left:
        assert f"seeds: {left};" in found.out
        assert "1 file withdrawn, with 2 cells" in found.out
    else:
        assert found.code == 48
        assert "all are withdrawn" in one_line(found)
    listed = run("--data", data, "withdraw")
    assert (listed.code, listed.err) == (0, "")
    assert f"2 cells of {upload(UNITS[13])}, host 13" in listed.out
    assert run("--data", data, "withdraw", *words, "--undo").code == 0
    assert seeds(run, data) == 7
    assert run("--data", data, "withdraw").out == ""


def test_what_was_withdrawn_is_not_stored_again(data: Path, run: Callable[..., Run]) -> None:
    """As when BOINC's assimilator, ended between script and database, asks once more."""
    assert run("--data", data, "withdraw", "--host", 13).code == 0
    unit = UNITS[13]
    path = store(data, unit, tiny.computed(unit), Origin(7, upload(unit), 13))
    assert path.parent.name == files.WITHDRAWN
    assert seeds(run, data) == 5


def test_another_result_of_the_work_unit_takes_the_place_of_a_withdrawn_one(
    data: Path, run: Callable[..., Run]
) -> None:
    assert run("--data", data, "withdraw", "--host", 13).code == 0
    store(data, UNITS[13], tiny.computed(UNITS[13]), Origin(7, f"{UNITS[13].name}_1_r78_0", 14))
    assert seeds(run, data) == 7


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


def test_a_damaged_file_is_named_and_stays_where_it_is(data: Path, run: Callable[..., Run]) -> None:
    (path,) = files.of_unit(files.folder(data, UNITS[13].experiment), UNITS[13].name)
    path.write_bytes(b"torn")
    done = run("--data", data, "withdraw", "--host", 12)
    assert done.code == 0
    assert f"{path} is left as it is: its 4 bytes" in done.err.removesuffix(UNKNOWN)
    assert path.exists()


def test_a_data_directory_that_is_not_there_is_42(tmp_path: Path, run: Callable[..., Run]) -> None:
    assert run("--data", tmp_path / "none", "withdraw", "--host", 1).code == 42
