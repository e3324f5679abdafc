"""axiom_assimilate, called as BOINC's daemon calls it: it always returns 0, and keeps what could not be stored."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from kernels.formats import result
from server_validator.dataset import query
from tests.kernels import tiny
from tests.server_validator.data import issued
from tests.support import commands

SCRIPT = Path(__file__).parents[3] / "packaging" / "server" / "bin" / "axiom_assimilate"
SERVER = Path(sys.executable).with_name("axiom-server")
UNIT = tiny.unit()
NAME = f"{UNIT.name}_0_r77_0"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "upload").mkdir()
    shutil.copy(SCRIPT, tmp_path / "bin")
    issued(tmp_path, UNIT).rename(tmp_path / "axiom-data")
    (tmp_path / "upload" / NAME).write_bytes(result.encode(tiny.computed(UNIT, "c")))
    return tmp_path


def run(project: Path, *words: object, server: Path = SERVER) -> str:
    line = f"../bin/axiom_assimilate {' '.join(map(str, words))}"
    environment = {"PATH": "/usr/bin:/bin", "AXIOM_SERVER": str(server)}
    done = commands.run(line, cwd=project / "bin", env=environment)
    assert done.returncode == 0, "the daemon would end"
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def validate(project: Path) -> None:
    command = [str(SERVER), "--data", "axiom-data", "validate", f"upload/{NAME}"]
    commands.run(command, cwd=project, check=True)


def stored(project: Path) -> int:
    return len(query.load(project / "axiom-data", UNIT.experiment).seed)


def test_a_valid_result_is_stored_and_nothing_kept(project: Path) -> None:
    validate(project)
    assert "cells in" in run(project, 7, project / "upload" / NAME)
    assert stored(project) > 0
    assert not (project / "axiom-data" / "assimilate-again").exists()


def test_what_could_not_be_stored_is_kept_and_done_later(project: Path) -> None:
    upload = project / "upload" / NAME
    validate(project)
    said = run(project, 7, upload, server=Path("/bin/false"))
    assert "work unit 7 is kept" in said
    upload.unlink()  # as BOINC's file_deleter does
    run(project, "--again", server=Path("/bin/false"))
    kept = project / "axiom-data" / "assimilate-again"
    assert {path.name for path in (kept / "7").iterdir()} == {"words", NAME}
    assert "cells in" in run(project, "--again")
    assert stored(project) > 0
    assert list(kept.iterdir()) == []
    assert run(project, "--again") == ""


def test_a_result_that_was_never_found_valid_stays_out(project: Path) -> None:
    assert "is not the file that was found valid" in run(project, 7, project / "upload" / NAME)
    assert not (project / "axiom-data" / "dataset").exists()


def test_a_failed_work_unit_is_recorded_or_kept(project: Path) -> None:
    assert "failed with error mask 16" in run(project, "--error", 16, UNIT.name, 7, 0)
    run(project, "--error", 16, UNIT.name, 8, 0, server=Path("/bin/false"))
    words = project / "axiom-data" / "assimilate-again" / "error-8" / "words"
    assert words.read_text().split() == ["--error", "16", UNIT.name, "8", "0"]
    assert "failed with error mask 16" in run(project, "--again")
    assert not words.exists()


def test_the_daemons_broken_tokens_do_no_harm(project: Path) -> None:
    run(project)
