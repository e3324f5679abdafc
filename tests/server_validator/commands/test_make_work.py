"""make-work: work units are issued, staged and created in one step, and none is lost where that step is cut short."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kernels import cost
from kernels.experiments import EXPERIMENTS
from kernels.formats import workunit
from kernels.formats.workunit import Seeds, WorkUnit
from kernels.philox import SEED_LIMIT
from server_validator.ledger import Ledger
from server_validator.ledger.issued import find
from tests.server_validator.boinc import programs
from tests.server_validator.data import Run, one_line

COMPGEN = EXPERIMENTS["compgen"]
SERVER = Path(sys.executable).with_name("axiom-server")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return programs.project(tmp_path / "project")


@pytest.fixture
def make_work(tmp_path: Path, project: Path, run: Callable[..., Run]) -> Callable[..., Run]:
    assert run("--data", tmp_path / "data", "init").code == 0
    return lambda *words: run("--data", tmp_path / "data", "make-work", *words, "--project", project)


def waiting(folder: Path) -> list[str]:
    return [path.name for path in sorted((folder / "data" / "to-submit").rglob("*.json"))]


def unit_of(told: dict[str, Any]) -> WorkUnit:
    return workunit.decode(told["input"].encode(), told["wu_name"], EXPERIMENTS)


def test_work_units_get_seeds_one_after_the_other_and_go_to_boinc(
    tmp_path: Path, project: Path, make_work: Callable[..., Run]
) -> None:
    for units in (1, 2):
        done = make_work("compgen", "--units", units)
        assert (done.code, len(done.out.splitlines())) == (0, units)
        assert "submitted as axiom" in done.out
    told = programs.created(project)
    first = cost.default_units(COMPGEN, 0)[0]
    count = first.seeds.count
    assert [unit_of(each) for each in told] == [WorkUnit(COMPGEN, Seeds(n * count, count)) for n in range(3)]
    assert [each["wu_name"] for each in told] == [unit_of(each).name for each in told]
    assert {(each["appname"], each["wu_template"], each["result_template"]) for each in told} == {
        ("axiom", "templates/axiom_in.xml", "templates/axiom_out.xml")
    }
    with Ledger(tmp_path / "data") as ledger:
        assert all(find(ledger, unit_of(each).digest) for each in told)
    assert waiting(tmp_path) == []


def test_bounds_and_credit_are_those_of_the_work_unit(project: Path, make_work: Callable[..., Run]) -> None:
    assert make_work("compgen").code == 0
    (told,) = programs.created(project)
    unit_cost = cost.cost(unit_of(told))
    assert float(told["rsc_fpops_est"]) == pytest.approx(unit_cost.operations, rel=0.01)
    assert float(told["rsc_fpops_bound"]) == pytest.approx(100 * unit_cost.operations, rel=0.01)
    assert float(told["rsc_memory_bound"]) == pytest.approx(2 * unit_cost.memory, rel=0.01)
    assert float(told["rsc_disk_bound"]) > unit_cost.disk
    # A day at 1 GFLOPS is 200 in BOINC's unit.
    assert float(told["credit"]) == pytest.approx(unit_cost.operations / 86400e9 * 200, rel=1e-5)


def test_work_for_torch_has_its_templates_and_more_memory(project: Path, make_work: Callable[..., Run]) -> None:
    assert make_work("compgen", "--app", "axiom_torch").code == 0
    (told,) = programs.created(project)
    assert (told["appname"], told["wu_template"]) == ("axiom_torch", "templates/axiom_torch_in.xml")
    memory = cost.cost(unit_of(told)).memory
    assert float(told["rsc_memory_bound"]) == pytest.approx(2 * memory + 3e8, rel=0.01)


def test_the_parts_of_a_long_seed_stay_together(project: Path, make_work: Callable[..., Run]) -> None:
    assert make_work("cellauto", "--units", 1, "--first", 5, "--minutes", 0.3).code == 0
    parts = cost.default_units(EXPERIMENTS["cellauto"], 5, seconds=18)
    assert len(parts) > 1
    assert [unit_of(told) for told in programs.created(project)] == parts


@pytest.mark.parametrize(("trouble", "repaired"), [("refuse", "submitted as axiom"), ("die", "BOINC had it already")])
def test_what_create_work_did_not_take_is_the_next_runs_first(
    tmp_path: Path, project: Path, make_work: Callable[..., Run], trouble: str, repaired: str
) -> None:
    (project / programs.TROUBLE).write_text(trouble)
    done = make_work("compgen", "--units", 2)
    assert (done.code, done.out) == (53, "")
    name = cost.default_units(COMPGEN, 0)[0].name
    assert f"bin/create_work does not take work unit {name}: it ended with" in one_line(done)
    assert waiting(tmp_path) == [f"{name}.json"]
    (project / programs.TROUBLE).unlink()
    again = make_work("compgen")
    assert (again.code, again.err) == (0, "")
    assert f"{name}: " in again.out.splitlines()[0]
    assert repaired in again.out.splitlines()[0]
    seeds = [unit_of(told).seeds.first for told in programs.created(project)]
    assert seeds == sorted(set(seeds))
    assert len(seeds) == 2
    assert waiting(tmp_path) == []


@pytest.mark.parametrize("program", ["dir_hier_path", "create_work"])
def test_a_folder_that_is_no_project_is_53_and_nothing_is_lost(
    tmp_path: Path, project: Path, make_work: Callable[..., Run], program: str
) -> None:
    (project / "bin" / program).rename(project / "away")
    done = make_work("compgen")
    assert done.code == 53
    assert "No such file or directory" in one_line(done)
    (project / "away").rename(project / "bin" / program)
    assert make_work("compgen").code == 0
    assert unit_of(programs.created(project)[0]).seeds.first == 0


def test_a_work_unit_that_was_written_but_not_entered_is_entered_before_boinc_gets_it(
    tmp_path: Path, project: Path, make_work: Callable[..., Run]
) -> None:
    """As where the disk is full between the two."""
    unit = cost.default_units(COMPGEN, 40)[0]
    folder = tmp_path / "data" / "to-submit" / "axiom"
    folder.mkdir(parents=True)
    (folder / f"{unit.name}.json").write_bytes(workunit.encode(unit))
    assert make_work("compgen").code == 0
    first, second = (unit_of(told) for told in programs.created(project))
    assert (first, second.seeds.first) == (unit, unit.seeds.last + 1)
    with Ledger(tmp_path / "data") as ledger:
        assert find(ledger, unit.digest) == unit


def test_of_two_at_once_the_second_waits_and_each_unit_goes_out_once(
    tmp_path: Path, project: Path, make_work: Callable[..., Run]
) -> None:
    words: list[str | Path] = [SERVER, "--data", tmp_path / "data", "make-work", "compgen"]
    words += ["--units", "3", "--project", project]
    runs = [subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(4)]
    said = [process.communicate()[1].decode() for process in runs]
    assert [process.returncode for process in runs] == [0] * 4, said
    assert set("".join(said).splitlines()) <= {"axiom-server: another make-work is at it; this one waits for its end"}
    seeds = [unit_of(told).seeds.first for told in programs.created(project)]
    assert len(seeds) == len(set(seeds)) == 12
    assert waiting(tmp_path) == []


def test_seeds_that_no_worker_takes_are_not_issued(tmp_path: Path, make_work: Callable[..., Run]) -> None:
    assert make_work("compgen", "--first", SEED_LIMIT - 1).code == 14
    assert waiting(tmp_path) == []


@pytest.mark.parametrize(
    ("words", "code"), [(["nope"], 12), (["compgen", "--units", "0"], 2), (["compgen", "--app", "x"], 2)]
)
def test_wrong_words_issue_nothing(tmp_path: Path, make_work: Callable[..., Run], words: list[str], code: int) -> None:
    assert make_work(*words).code == code
    assert waiting(tmp_path) == []


def test_a_wrong_data_directory_makes_no_work(
    tmp_path: Path, project: Path, make_work: Callable[..., Run], run: Callable[..., Run]
) -> None:
    assert run("--data", tmp_path / "other", "make-work", "compgen", "--project", project).code == 45
    assert programs.created(project) == []
