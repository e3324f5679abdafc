"""status: how many work units stand how, and what somebody has to do."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kernels.experiments import EXPERIMENTS
from kernels.formats import result, workunit
from server_validator.ledger.standing import STANDINGS, Issued
from server_validator.reporting import status
from tests.kernels import tiny
from tests.server_validator.boinc import programs
from tests.server_validator.data import Run, issued, one_line
from tests.server_validator.storing import listed

STORED, CHECKED, GIVEN_UP, OUT = (tiny.unit(10 * number, 1) for number in range(4))
NUMBERS = {
    "issued": 4, "outstanding": 1, "checked": 1, "stored": 1, "given_up": 1, "lost": 0, "revoked": 0, "left_aside": 0,
    "withdrawn": 0,
}  # fmt: skip


@pytest.fixture
def data(tmp_path: Path, run: Callable[..., Run]) -> Path:
    data = issued(tmp_path, STORED, CHECKED, GIVEN_UP, OUT)
    for unit in (STORED, CHECKED):
        path = tmp_path / f"{unit.name}_0_r77_0"
        path.write_bytes(result.encode(tiny.computed(unit, "c")))
        assert run("--data", data, "validate", path).code == 0
    assert run("--data", data, "assimilate", 7, tmp_path / f"{STORED.name}_0_r77_0").code == 0
    assert run("--data", data, "assimilate", "--error", 16, GIVEN_UP.name, 8, 0).code == 0
    return data


def told(run: Callable[..., Run], data: Path) -> dict[str, Any]:
    done = run("--data", data, "status", "--json")
    assert (done.code, done.err) == (0, "")
    found: dict[str, Any] = json.loads(done.out)
    return found


def numbers(run: Callable[..., Run], data: Path) -> dict[str, int]:
    (row,) = told(run, data)["experiments"]
    assert (row.pop("experiment"), row.pop("version")) == ("compgen", 1)
    return dict(row)


def test_every_work_unit_is_counted_once(data: Path, run: Callable[..., Run]) -> None:
    assert numbers(run, data) == NUMBERS
    (again,) = told(run, data)["again"]
    assert again == {"workunit": GIVEN_UP.name, "standing": "given up", "reason": "BOINC's error mask 16"}
    done = run("--data", data, "status")
    assert (done.code, done.err) == (0, "")
    row = next(line for line in done.out.splitlines() if line.startswith("compgen "))
    assert row.split() == ["compgen", "1", "4", *"1111"]
    assert f"{GIVEN_UP.name} is given up: BOINC's error mask 16" in done.out


def test_every_number_is_legible_in_80_columns() -> None:
    """With every standing there is, the longest name, and numbers of five digits; the name may be folded."""
    longest = max(EXPERIMENTS, key=len)
    units = [Issued("name", b"", longest, 12, standing) for standing in STANDINGS] * 12345
    console = Console(width=80, file=io.StringIO())
    group = (longest, 12)
    status.show(console, status.State(units, [], {group: 12345}, [], {group: 12345}, [], 0))
    assert isinstance(console.file, io.StringIO)
    table = console.file.getvalue().split(" is ")[0]
    assert table.count("12345") == len(STANDINGS) + 2
    assert str(len(units)) in table
    assert "…" not in table


def test_what_was_damaged_or_withdrawn_is_counted(data: Path, run: Callable[..., Run]) -> None:
    assert run("--data", data, "compact").code == 0
    (path,) = listed(data)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert numbers(run, data) == NUMBERS | {"left_aside": 1}
    assert "damaged or foreign files of the data set: 1; axiom-server repair" in run("--data", data, "status").out
    assert told(run, data)["without_rows"] == [], "the archive has them"
    assert run("--data", data, "repair").code == 0
    assert numbers(run, data) == NUMBERS
    assert run("--data", data, "withdraw", "--app-version", "0.1.0").code == 0
    assert numbers(run, data) == NUMBERS | {"withdrawn": 1}


def test_what_is_given_up_is_given_out_again_under_another_name(
    tmp_path: Path, data: Path, run: Callable[..., Run]
) -> None:
    project = programs.project(tmp_path / "project")
    command = ("--data", data, "make-work", "compgen", "--again", "--project", project)
    assert run(*command).code == 0
    (submitted,) = programs.created(project)
    assert submitted["wu_name"] == f"{GIVEN_UP.name}_again1"
    assert submitted["input"].encode() == workunit.encode(GIVEN_UP)
    assert numbers(run, data) == NUMBERS | {"given_up": 0, "outstanding": 2}
    assert run(*command).code == 0
    assert len(programs.created(project)) == 1, "nothing more has to be given out again"
    upload = tmp_path / f"{submitted['wu_name']}_0_r78_0"
    upload.write_bytes(result.encode(tiny.computed(GIVEN_UP, "c")))
    assert run("--data", data, "validate", upload).code == 0
    assert run("--data", data, "assimilate", 9, upload).code == 0
    assert numbers(run, data) == NUMBERS | {"given_up": 0, "stored": 2}


def test_giving_out_again_that_was_cut_short_goes_on(tmp_path: Path, data: Path, run: Callable[..., Run]) -> None:
    project = programs.project(tmp_path / "project")
    (project / programs.TROUBLE).write_text("refuse")
    command = ("--data", data, "make-work", "compgen", "--again", "--project", project)
    assert run(*command).code == 53
    assert told(run, data)["to_submit"] == [f"{GIVEN_UP.name}_again1"]
    assert "issued, and not known to be in BOINC" in run("--data", data, "status").out
    (project / programs.TROUBLE).unlink()
    assert run(*command).code == 0
    assert [submitted["wu_name"] for submitted in programs.created(project)] == [f"{GIVEN_UP.name}_again1"]
    assert told(run, data)["to_submit"] == []


def test_a_name_that_the_ledger_does_not_know_does_not_go_to_boinc(
    tmp_path: Path, data: Path, run: Callable[..., Run]
) -> None:
    """As where the disk was full between the file and the ledger."""
    project = programs.project(tmp_path / "project")
    place = data / "to-submit" / "axiom"
    place.mkdir(parents=True)
    (place / f"{GIVEN_UP.name}_again1.json").write_bytes(workunit.encode(GIVEN_UP))
    assert run("--data", data, "make-work", "compgen", "--project", project).code == 0
    (submitted,) = programs.created(project)
    assert "_again" not in submitted["wu_name"]
    assert numbers(run, data)["given_up"] == 1


def test_without_a_ledger_the_failure_says_so(tmp_path: Path, run: Callable[..., Run]) -> None:
    done = run("--data", tmp_path / "none", "status")
    assert (done.code, done.out) == (45, "")
    one_line(done)
