"""Work units given out: seeds once, whatever asks and however often."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from kernels.experiments import EXPERIMENTS, compgen
from kernels.formats.workunit import Seeds, WorkUnit
from server_validator.errors import NotIssued, SeedsTaken
from server_validator.ledger import Ledger, create, issued
from tests.server_validator.data import Run
from tests.server_validator.data import issued as data_directory
from tests.support import commands

ROOT = Path(__file__).parents[3]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    create(tmp_path)
    with Ledger(tmp_path) as opened:
        yield opened


SECOND = replace(compgen.EXPERIMENT, version=2)


def unit(first: int, count: int, **grid: list[int | float | str]) -> WorkUnit:
    return WorkUnit(compgen.EXPERIMENT, Seeds(first, count), grid)


def test_an_issued_work_unit_is_found_by_its_digest_and_no_other(ledger: Ledger) -> None:
    unit_given_out = unit(100, 10, width=[32])
    issued.issue(ledger, unit_given_out)
    assert issued.find(ledger, unit_given_out.digest) == unit_given_out
    assert issued.find(ledger, unit(100, 10).digest) is None
    assert issued.find(ledger, bytes(16)) is None


@pytest.mark.parametrize(
    ("first", "count"),
    [(100, 10), (95, 6), (109, 5), (103, 2), (90, 40), (100, 1), (109, 1), (100, 11), (99, 10)],
    ids=["same", "low end", "high end", "inside", "around", "first", "last", "longer", "before"],
)  # fmt: skip
@pytest.mark.parametrize("grid", [{}, {"width": [32]}, {"width": [128, 32], "depth": [2]}], ids=str)
def test_overlapping_seeds_are_refused(
    ledger: Ledger, first: int, count: int, grid: dict[str, list[int | float | str]]
) -> None:
    issued.issue(ledger, unit(100, 10, width=[32]))
    asked = unit(first, count, **grid)
    if asked == unit(100, 10, width=[32]):
        issued.issue(ledger, asked)
        return
    with pytest.raises(SeedsTaken) as caught:
        issued.issue(ledger, asked)
    assert caught.value.code == 40
    assert "first free seed is 110" in str(caught.value)
    assert "compgen_1_100_10" in str(caught.value)
    assert issued.find(ledger, asked.digest) is None


def test_the_conditions_of_a_seed_can_be_given_out_apart(ledger: Ledger) -> None:
    parts = [unit(100, 10, width=[32]), unit(100, 10, width=[64], depth=[1]), unit(95, 7, width=[64], depth=[2])]
    for part in parts:
        issued.issue(ledger, part)
    assert [issued.find(ledger, part.digest) for part in parts] == parts
    assert len({part.name for part in parts}) == 3
    for taken in (unit(101, 1, width=[64]), unit(100, 10), unit(95, 1, depth=[2])):
        with pytest.raises(SeedsTaken):
            issued.issue(ledger, taken)


@pytest.mark.parametrize(("first", "count"), [(90, 10), (110, 1), (0, 100), (110, 100), (2**48 - 1, 1)])
def test_seeds_beside_are_given_out(ledger: Ledger, first: int, count: int) -> None:
    issued.issue(ledger, unit(100, 10))
    issued.issue(ledger, unit(first, count))
    assert issued.find(ledger, unit(first, count).digest) is not None


def test_the_very_same_work_unit_again_changes_nothing(ledger: Ledger) -> None:
    for _ in range(3):
        issued.issue(ledger, unit(100, 10))
    issued.issue(ledger, unit(110, 10))
    issued.issue(ledger, unit(100, 10))


def test_versions_have_seeds_of_their_own(ledger: Ledger) -> None:
    issued.issue(ledger, unit(100, 10))
    issued.issue(ledger, WorkUnit(SECOND, Seeds(100, 10)))
    with pytest.raises(SeedsTaken):
        issued.issue(ledger, WorkUnit(SECOND, Seeds(105, 10)))


def test_results_in_flight_are_not_bad_when_the_experiment_has_a_new_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = data_directory(tmp_path)
    monkeypatch.setitem(EXPERIMENTS, "compgen", replace(compgen.EXPERIMENT, version=2))
    assert Run(capsys, "--data", data, "validate", tiny_file).code in (0, 3)


def test_of_processes_that_want_the_same_seeds_exactly_one_wins(tmp_path: Path) -> None:
    """Ten rounds; every round's work units overlap pairwise and differ, so only one can be issued."""
    program = (
        "import sys, time, pathlib\n"
        "from kernels.experiments import compgen\n"
        "from kernels.formats.workunit import Seeds, WorkUnit\n"
        "from server_validator.errors import SeedsTaken\n"
        "from server_validator.ledger import Ledger, create, issued\n"
        "me, data = int(sys.argv[1]), pathlib.Path(sys.argv[2])\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "for n in range(10):\n"
        "    try:\n"
        "        create(data / str(n))\n"
        "        with Ledger(data / str(n)) as ledger:\n"
        "            issued.issue(ledger, WorkUnit(compgen.EXPERIMENT, Seeds(me, 10)))\n"
        "    except SeedsTaken:\n"
        "        print('taken')\n"
        "    else:\n"
        "        print('won')\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(number), tmp_path], cwd=ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for number in range(3)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [commands.communicate(process)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    for round_ in zip(*answers, strict=True):
        assert sorted(round_) == ["taken", "taken", "won"]


def issue_alone(data: Path, asked: WorkUnit) -> None:
    """As a command does that runs beside others."""
    create(data)
    with Ledger(data) as ledger:
        issued.issue(ledger, asked)


def test_a_command_waits_for_another_that_is_giving_out_the_same_seeds(tmp_path: Path) -> None:
    """The other one has begun, and enters its work unit only after this one came."""
    issue_alone(tmp_path / "other", unit(105, 10))
    issue_alone(tmp_path, unit(0, 1))
    with (
        ThreadPoolExecutor(1) as pool,
        contextlib.closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as other,
    ):
        other.execute("ATTACH ? AS other", [str(tmp_path / "other" / "ledger.sqlite")])
        other.execute("BEGIN IMMEDIATE")
        issuing = pool.submit(issue_alone, tmp_path, unit(100, 10))
        time.sleep(0.3)
        assert not issuing.done()
        other.execute("INSERT INTO main.issued SELECT * FROM other.issued")
        other.execute("COMMIT")
        with pytest.raises(SeedsTaken):
            issuing.result(60)


def test_failures_are_recorded_once_per_work_unit(ledger: Ledger) -> None:
    issued.issue(ledger, unit(1, 1))
    issued.issue(ledger, unit(2, 1))
    for _ in range(2):
        issued.record_failure(ledger, "compgen_1_1_1", 4, 77, 3)
    issued.record_failure(ledger, "compgen_1_2_1", 8, 78, 0)
    with ledger.reading() as db:
        rows = db.execute("SELECT name, error_mask, boinc_id, batch FROM failed ORDER BY name").fetchall()
    assert rows == [("compgen_1_1_1", 4, 77, 3), ("compgen_1_2_1", 8, 78, 0)]


def test_a_failure_of_a_work_unit_that_was_not_issued_is_refused(ledger: Ledger) -> None:
    with pytest.raises(NotIssued):
        issued.record_failure(ledger, "compgen_1_1_1", 4, 77, 3)
