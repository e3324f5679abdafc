"""audit: what it says and takes back, with a real MariaDB for BOINC's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kernels.formats import result
from server_validator.checking import drawing, trust
from server_validator.ledger import Ledger, hosts
from tests.kernels import tiny
from tests.server_validator.boinc import mariadb
from tests.server_validator.boinc.test_credit import totals
from tests.server_validator.boinc.test_database import project
from tests.server_validator.checking.attacks import invented
from tests.server_validator.data import Run, issued, one_line
from tests.server_validator.forging import changed

UNITS = [tiny.unit(1000 + 2 * number) for number in range(4)]
HOST = 12


@pytest.fixture(autouse=True)
def a_cell_is_a_small_part_of_a_work_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of default work units; these have two cells, which would make new hosts' spans long."""
    monkeypatch.setattr(drawing, "dear", lambda unit: 0.0)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with mariadb.started(tmp_path_factory.mktemp("db")) as started:
        mariadb.fill(started, {f"{unit.name}_0": HOST for unit in UNITS})
        yield started


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Of a host that is trusted."""
    data = issued(tmp_path, *UNITS)
    with Ledger(data) as ledger, ledger.writing() as db:
        hosts.add_proven(db, HOST, trust.TRUSTED)
    return data


def uploaded(data: Path, number: int, *forged: int) -> Path:
    path = data.parent / f"{UNITS[number].name}_0_r7_0"
    content = result.encode(tiny.computed(UNITS[number], "c"))
    path.write_bytes(changed(content, lambda top: invented(top, *forged)) if forged else content)
    return path


def test_what_a_forger_got_is_taken_back_as_soon_as_boinc_has_granted_it(
    tmp_path: Path, port: int, data: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, names = project(tmp_path, port), [f"{unit.name}_0" for unit in UNITS]
    for number in range(3):
        done = run("--data", data, "validate", "--project", folder, uploaded(data, number, 0, 1))
        assert done.code == 0
        assert f"host {HOST} has {trust.TRUSTED} results in a row proven before" in done.out
        mariadb.grant(port, names[number], 5.0)
    monkeypatch.setattr(drawing, "among", lambda works, count: {0: count})
    assert run("--data", data, "validate", "--project", folder, uploaded(data, 3)).code == 29
    left = run("--data", data, "audit", "--project", folder)
    assert (left.code, one_line(left)) == (
        55, "axiom-server: Left for the next audit: 1 of credit on which BOINC has not decided yet.",
    )  # fmt: skip
    assert (
        "4 results of host 12 were taken back, 0.00148 TFLOP; 3 of them found wrong; credit 15, of 1 not settled"
        in left.out
    )
    assert totals(port, names[0]) == [0.0, 0.0]
    mariadb.grant(port, names[3], 5.0)
    done = run("--data", data, "audit", "--project", folder)
    assert (done.code, done.err) == (0, "")
    assert "3 of them found wrong; credit 20: cell 100" in done.out
    assert totals(port, names[0]) == [0.0, 0.0]
    assert run("--data", data, "audit").out == done.out.splitlines()[-1] + "\n", "nothing is left to do"
    told = run("--data", data, "status")
    assert "4 results of host 12 were taken back" in told.out
    taken = json.loads(run("--data", data, "status", "--json").out)["taken_back"]
    assert [(one["host"], one["wrong"], one["credit"]) for one in taken] == [(HOST, True, 5.0)] * 3 + [
        (HOST, False, 5.0)
    ]


def test_credit_waits_for_the_project_and_for_its_database(tmp_path: Path, data: Path, run: Callable[..., Run]) -> None:
    with Ledger(data) as ledger, ledger.writing() as db:
        db.execute("INSERT INTO taken_back VALUES ('x_0_r1_0', x'00', 'x', 1, 1e12, 'it is wrong', 1, NULL)")
    assert "1 of credit that needs --project" in one_line(run("--data", data, "audit"))
    silent = run("--data", data, "audit", "--project", project(tmp_path / "silent", 1))
    assert silent.code == 55
    assert "the database does not answer" in one_line(silent)


def test_a_result_that_boinc_has_deleted_keeps_its_credit_and_is_told(
    tmp_path: Path, port: int, data: Path, run: Callable[..., Run]
) -> None:
    with Ledger(data) as ledger, ledger.writing() as db:
        db.execute("INSERT INTO taken_back VALUES ('x_0_r1_0', x'00', 'x', NULL, 1e12, 'it is wrong', 1, NULL)")
    done = run("--data", data, "audit", "--project", project(tmp_path, port))
    assert done.code == 0
    assert "x_0 is not in BOINC's database any more: its credit stays" in done.out
    assert "1 results of an unknown host were taken back" in done.out


def test_what_cannot_be_looked_at_is_told_and_the_rest_is_done(data: Path, run: Callable[..., Run]) -> None:
    paths = [uploaded(data, number) for number in range(2)]
    for path in paths:
        assert run("--data", data, "validate", "--budget", 0, path).code == 0
    (data / "archive").rename(data / "away")
    done = run("--data", data, "audit")
    assert done.code == 55
    assert len(done.err.splitlines()) == 3
    assert "Left for the next audit: 2 of results that could not be looked at" in done.err
    assert "cells still to be recomputed: 2" in run("--data", data, "status").out
    (data / "away").rename(data / "archive")
    done = run("--data", data, "audit")
    assert (done.code, len(done.out.splitlines())) == (0, 2)


def test_an_upgrade_waits_for_results_of_its_old_versions(data: Path, run: Callable[..., Run]) -> None:
    with Ledger(data) as ledger, ledger.writing() as db:
        db.execute(
            "INSERT INTO returned (upload, checksum, workunit, host, experiment, version, work, cpu, time, owed) "
            "VALUES ('x_0_r1_0', x'00', 'x', 1, 'compgen', 99, 1.0, 1.0, 1.0, NULL)"
        )
    refused = run("--data", data, "upgrade-check")
    assert refused.code == 52
    assert "1 results of compgen version 99 that axiom-server audit --days 0 has to prove" in one_line(refused)
