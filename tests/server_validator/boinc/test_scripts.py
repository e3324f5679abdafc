"""The scripts for a BOINC project's bin/, called as its daemons call them: through a shell, in bin/, paths unquoted."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kernels.formats import result
from tests.kernels import tiny
from tests.server_validator.data import issued
from tests.server_validator.forging import changed, curve, put, says_near
from tests.support import commands

ROOT = Path(__file__).parents[3]
UNIT, OTHER = tiny.unit(), tiny.unit(2000)
SERVER = Path(sys.executable).with_name("axiom-server")


@dataclass
class Project:
    """A folder as BOINC has it: bin/, upload/ with its fan-out, and the ledger beside them."""

    folder: Path

    def upload(self, content: bytes, name: str = f"{UNIT.name}_0_r77_0") -> Path:
        path = self.folder / "upload" / "1a3" / name
        path.write_bytes(content)
        return path

    def call(self, script: str, *words: object, server: Path = SERVER) -> tuple[int, str]:
        """The daemon's way: one command line, blanks between the paths, two of them before the first."""
        line = f"../bin/{script}  {' '.join(map(str, words))}"
        environment = {"PATH": "/usr/bin:/bin", "AXIOM_SERVER": str(server)}
        done = commands.run(line, cwd=self.folder / "bin", env=environment)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(params=["project", "a project with blanks"])
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Project:
    """Paths in the second folder come apart in the daemon's command line."""
    folder = tmp_path / request.param
    for name in ("bin", "upload/1a3"):
        (folder / name).mkdir(parents=True)
    for script in (ROOT / "packaging" / "server" / "bin").iterdir():
        shutil.copy(script, folder / "bin")
    issued(folder, UNIT, OTHER).rename(folder / "axiom-data")
    return Project(folder)


@pytest.fixture(scope="module")
def exact() -> bytes:
    return result.encode(tiny.computed(UNIT, "c"))


@pytest.fixture(scope="module")
def other() -> bytes:
    return result.encode(tiny.computed(OTHER, "c"))


def invented(top: dict[str, Any]) -> None:
    for cell in top["cells"]:
        cell["digests"][5] = bytes(16)


def edited(content: bytes, **header: object) -> bytes:
    return changed(content, lambda top: top.update(header))


def test_a_true_result_is_0_and_the_line_says_what_was_checked(project: Project, exact: bytes) -> None:
    path = project.upload(exact)
    for _ in range(2):  # the daemon asks again when it compares
        code, line = project.call("axiom_validate", path)
        assert code == 0, line
        assert line.count("\n") == 1
        for words in (str(path), "valid", UNIT.name, "2 recomputed", "the host is unknown", "config.xml"):
            assert words in line


def test_what_is_wrong_with_a_result_is_neither_0_nor_3(project: Project, exact: bytes, other: bytes) -> None:
    name = f"{UNIT.name}_0_r77_0"
    for code, content in (
        (20, b""),
        (20, exact[:-1]),
        (25, changed(exact, invented)),
        (23, other),  # a true result, but of another work unit than BOINC gave out: a replay
        (27, changed(exact, says_near)),
    ):
        ended, line = project.call("axiom_validate", project.upload(content))
        assert (ended, name in line) == (code, True), line
        assert "refused" in line or "torch" in line


def test_class_torch_is_accepted_where_its_script_is_registered(project: Project, tiny_bytes: bytes) -> None:
    assert project.call("axiom_validate_torch", project.upload(tiny_bytes))[0] == 0


def test_a_copy_of_another_upload_is_refused_and_the_first_stays_valid(project: Project, exact: bytes) -> None:
    first, copy = project.upload(exact), project.upload(exact, f"{UNIT.name}_1_r88_0")
    assert [project.call("axiom_validate", path)[0] for path in (first, copy, first)] == [0, 26, 0]


def test_files_that_are_missing(project: Project, exact: bytes) -> None:
    missing = project.folder / "upload" / "1a3" / f"{UNIT.name}_0_r77_0"
    assert project.call("axiom_validate", missing)[0] == 32, "nothing was uploaded: the result is none"
    assert project.call("axiom_validate", project.folder / "upload" / "3c" / missing.name)[0] == 3, "nothing mounted"
    assert project.call("axiom_validate")[0] == 3, "the daemon's keyword tokens are broken"


def test_several_files_are_as_good_as_the_worst(project: Project, exact: bytes, other: bytes) -> None:
    good, bad = project.upload(exact), project.upload(b"", f"{UNIT.name}_0_r77_1")
    also = project.upload(other, f"{OTHER.name}_0_r77_0")
    missing = project.folder / "upload" / "1a3" / f"{UNIT.name}_0_r77_2"
    assert project.call("axiom_validate", good, also)[0] == 0
    assert project.call("axiom_validate", good, bad)[0] == 20
    assert project.call("axiom_validate", bad, project.folder / "none" / "x")[0] == 20, "worse than not knowing"
    assert project.call("axiom_validate", good, missing)[0] == 32


def test_what_is_wrong_with_the_server_says_nothing_about_a_result(
    project: Project, exact: bytes, tmp_path: Path
) -> None:
    path = project.upload(exact)
    unknown = project.upload(exact, "someones_own_name_0_r1_0")
    assert project.call("axiom_validate", unknown)[0] == 3
    fakes = {
        "killed": "kill -9 $$",
        "out of memory": "kill -s SEGV $$",
        "crashed": "exit 1",
        "misused": "exit 2",
        "unable to write what it said": "exit 120",
        "not executable": "exit 126",
        "not there": "exit 127",
    }
    for what, body in fakes.items():
        fake = tmp_path / "fake"
        fake.write_text(f"#!/bin/sh\n{body}\n")
        fake.chmod(0o755)
        for script in ("axiom_validate", "axiom_validate_torch", "axiom_compare"):
            code, line = project.call(script, path, path, server=fake)
            assert (code, "says nothing" in line) == (3, True), what
    ledger = project.folder / "axiom-data" / "ledger.sqlite"
    ledger.write_bytes(b"no database at all" * 1000)
    assert project.call("axiom_validate", path)[0] == 3
    ledger.unlink()
    assert project.call("axiom_validate", path)[0] == 3
    assert project.call("axiom_compare", path, path)[0] == 3


def test_a_log_on_a_full_disk_says_nothing_about_a_result(project: Project, exact: bytes) -> None:
    path = project.upload(exact)
    for script, words in (("axiom_validate", [path]), ("axiom_compare", [path, path])):
        assert project.call(script, *words, ">", "/dev/full", "2>", "/dev/full")[0] == 3


# --- compare


def moved(metric: str, by: float) -> Callable[[dict[str, Any]], None]:
    def change(top: dict[str, Any]) -> None:
        values = curve(top, 0, metric)
        values[-1] += by
        put(top, 0, metric, values)
        says_near(top)

    return change


def test_replicas_agree_or_do_not(project: Project, exact: bytes, tiny_bytes: bytes, other: bytes) -> None:
    def compared(one: bytes, two: bytes) -> int:
        paths = project.upload(one), project.upload(two, f"{UNIT.name}_1_r88_0")
        code, line = project.call("axiom_compare", *paths)
        assert any(str(path) in line for path in paths)
        return code

    same = edited(exact, app_version="0.2.0")
    assert compared(exact, same) == 0
    assert compared(exact, changed(exact, invented)) == 28
    assert compared(tiny_bytes, exact) == 0, "of different classes within tolerances"
    assert compared(tiny_bytes, changed(tiny_bytes, moved("train_loss", 0.01))) == 0
    assert compared(tiny_bytes, changed(tiny_bytes, moved("train_loss", 0.5))) == 28
    assert compared(exact, other) == 23
    assert compared(exact, b"") == 20


def test_as_many_files_are_compared_as_there_are_on_either_side(project: Project, exact: bytes, other: bytes) -> None:
    first = [project.upload(exact, f"{UNIT.name}_{n}_r77_0") for n in (0, 1)]
    second = [project.upload(other, f"{OTHER.name}_{n}_r77_0") for n in (0, 1)]
    assert project.call("axiom_compare", first[0], second[0], first[1], second[1])[0] == 0
    assert project.call("axiom_compare", first[0], first[1], second[0], second[1])[0] == 28
    assert project.call("axiom_compare", first[0])[0] == 3
    assert project.call("axiom_compare")[0] == 3
