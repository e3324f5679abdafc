"""The scripts for a BOINC project's bin/, called as its daemons call them: through a shell, in bin/, paths unquoted."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kernels.formats import result
from tests.failures import TABLE
from tests.kernels import tiny
from tests.kernels.resultfile import Top
from tests.server_validator.boinc.scripts import BIN, SERVER, Script, begin
from tests.server_validator.data import issued
from tests.server_validator.forging import changed, curve, put, says_near

UNIT, OTHER = tiny.unit(), tiny.unit(2000)


@dataclass
class Project:
    """A folder as BOINC has it: bin/, upload/ with its fan-out, and the ledger beside them."""

    folder: Path

    def upload(self, content: bytes, name: str = f"{UNIT.name}_0_r77_0") -> Path:
        path = self.folder / "upload" / "1a3" / name
        path.write_bytes(content)
        return path

    def begin(self, script: str, *words: object, server: Path | None = SERVER) -> Script:
        """The daemon's way: one command line, blanks between the paths, two of them before the first."""
        return begin(self.folder, f"../bin/{script}  {' '.join(map(str, words))}", server)

    def call(self, script: str, *words: object, server: Path | None = SERVER) -> tuple[int, str]:
        """As `begin`, to its end: exit code, and all that it printed."""
        return self.begin(script, *words, server=server).end()


@pytest.fixture(params=["project", "a project with blanks"])
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Project:
    """Paths in the second folder come apart in the daemon's command line."""
    folder = tmp_path / request.param
    for name in ("bin", "upload/1a3"):
        (folder / name).mkdir(parents=True)
    for script in BIN.iterdir():
        shutil.copy(script, folder / "bin")
    issued(folder, UNIT, OTHER).rename(folder / "axiom-data")
    return Project(folder)


@pytest.fixture(scope="module")
def exact() -> bytes:
    return result.encode(tiny.computed(UNIT, "c"))


@pytest.fixture(scope="module")
def other() -> bytes:
    return result.encode(tiny.computed(OTHER, "c"))


def invented(top: Top) -> None:
    top["digests"][:, 5] ^= 1


def edited(content: bytes, **header: object) -> bytes:
    return changed(content, lambda top: top["header"].update(header))


def test_a_true_result_is_0_and_the_line_says_what_was_checked(project: Project, exact: bytes) -> None:
    path = project.upload(exact)
    for _ in range(2):  # the daemon asks again when it compares
        code, line = project.call("axiom_validate", path)
        assert code == 0, line
        assert line.count("\n") == 1
        assert re.match(rf"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d {path}: valid, {UNIT.name}", line)
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


def test_a_file_that_was_not_uploaded_is_no_result(project: Project) -> None:
    missing = project.folder / "upload" / "1a3" / f"{UNIT.name}_0_r77_0"
    assert project.call("axiom_validate", missing)[0] == 32


def test_several_files_are_as_good_as_the_worst(project: Project, exact: bytes, other: bytes) -> None:
    good, bad = project.upload(exact), project.upload(b"", f"{UNIT.name}_0_r77_1")
    also = project.upload(other, f"{OTHER.name}_0_r77_0")
    missing = project.folder / "upload" / "1a3" / f"{UNIT.name}_0_r77_2"
    assert project.call("axiom_validate", good, also)[0] == 0
    assert project.call("axiom_validate", good, bad)[0] == 20
    assert project.call("axiom_validate", bad, project.folder / "none" / "x")[0] == 20, "worse than not knowing"
    assert project.call("axiom_validate", good, missing)[0] == 32


def test_a_verdict_is_handed_over_whatever_becomes_of_the_log(project: Project, exact: bytes) -> None:
    full = [">", "/dev/full", "2>", "/dev/full"]
    path = project.upload(exact)
    assert project.call("axiom_validate", path, *full)[0] == 0
    assert project.call("axiom_compare", path, path, *full)[0] == 0
    assert project.call("axiom_validate", project.upload(b""), *full)[0] == 20


def test_the_scripts_hand_over_the_codes_that_blame_a_result_and_no_other() -> None:
    blaming = [0, *sorted(code for code, kind in TABLE.items() if kind.blames_result)]
    for script in ("axiom_validate", "axiom_validate_torch", "axiom_compare"):
        assert f'until_told "{" ".join(map(str, blaming))}" ' in (BIN / script).read_text()


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
