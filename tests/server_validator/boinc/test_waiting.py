"""What the scripts do where axiom-server cannot answer: they wait until it is healed, and BOINC hears nothing else."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from kernels.formats import result
from server_validator.dataset import archive
from server_validator.ledger import Ledger, standing
from tests.kernels import tiny
from tests.kernels.disk import BALLAST, fill, mounted
from tests.server_validator.boinc.scripts import BIN, SERVER, begin
from tests.server_validator.data import issued
from tests.support import processes
from tests.support.waiting import wait_until

UNIT = tiny.unit()
NAME = f"{UNIT.name}_0_r77_0"
WAITS = "no answer yet"


@pytest.fixture(scope="module")
def exact() -> bytes:
    return result.encode(tiny.computed(UNIT, "c"))


@pytest.fixture
def project(tmp_path: Path, exact: bytes) -> Path:
    """A BOINC project's folder, with the server's program as a link beside the scripts."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "upload" / "1a3").mkdir(parents=True)
    for script in BIN.iterdir():
        shutil.copy(script, tmp_path / "bin")
    (tmp_path / "bin" / "axiom-server").symlink_to(SERVER)
    issued(tmp_path, UNIT).rename(tmp_path / "axiom-data")
    (tmp_path / "upload" / "1a3" / NAME).write_bytes(exact)
    return tmp_path


@contextlib.contextmanager
def away(path: Path) -> Iterator[None]:
    aside = path.with_name(path.name + "-aside")
    path.rename(aside)
    yield
    aside.rename(path)


def program_away(project: Path) -> AbstractContextManager[None]:
    return away(project / "bin" / "axiom-server")


@contextlib.contextmanager
def replaced(project: Path, body: str, mode: int = 0o755) -> Iterator[None]:
    program = project / "bin" / "axiom-server"
    with away(program):
        program.write_text(body)
        program.chmod(mode)
        yield
        program.unlink()


def interpreter_away(project: Path) -> AbstractContextManager[None]:
    return replaced(project, "#!/none/python3\n")


def not_executable(project: Path) -> AbstractContextManager[None]:
    return replaced(project, "#!/bin/sh\n", 0o644)


def killed(project: Path) -> AbstractContextManager[None]:
    return replaced(project, "#!/bin/sh\nkill -9 $$\n")


def out_of_memory(project: Path) -> AbstractContextManager[None]:
    return replaced(project, "#!/bin/sh\nkill -s SEGV $$\n")


def crashed(project: Path) -> AbstractContextManager[None]:
    return replaced(project, "#!/bin/sh\nexit 1\n")


def unable_to_write(project: Path) -> AbstractContextManager[None]:
    return replaced(project, "#!/bin/sh\nexit 120\n")


def ledger_away(project: Path) -> AbstractContextManager[None]:
    return away(project / "axiom-data" / "ledger.sqlite")


def data_away(project: Path) -> AbstractContextManager[None]:
    return away(project / "axiom-data")


@contextlib.contextmanager
def ledger_empty(project: Path) -> Iterator[None]:
    path = project / "axiom-data" / "ledger.sqlite"
    with away(path):
        path.write_bytes(b"")
        yield
        path.unlink()


@contextlib.contextmanager
def ledger_locked(project: Path) -> Iterator[None]:
    path = project / "axiom-data" / "ledger.sqlite"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


@contextlib.contextmanager
def disk_full(project: Path) -> Iterator[None]:
    fill(project / "axiom-data")
    yield
    (project / "axiom-data" / BALLAST).unlink()


@contextlib.contextmanager
def disk_read_only(project: Path) -> Iterator[None]:
    subprocess.run(["mount", "-o", "remount,ro", project / "axiom-data"], check=True)
    yield
    subprocess.run(["mount", "-o", "remount,rw", project / "axiom-data"], check=True)


def edited(project: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(project / "axiom-data" / "ledger.sqlite", isolation_level=None)) as other:
        for statement in statements:
            other.execute(statement)


@contextlib.contextmanager
def another_version(project: Path) -> Iterator[None]:
    """As after an upgrade to a program whose experiment has another version than the work unit."""
    edited(project, "UPDATE issued SET body = CAST(replace(body, '\"version\":1', '\"version\":9') AS BLOB)")
    yield
    edited(project, "UPDATE issued SET body = CAST(replace(body, '\"version\":9', '\"version\":1') AS BLOB)")


@contextlib.contextmanager
def never_issued(project: Path) -> Iterator[None]:
    """As with the ledger of another project, or one from an old copy."""
    edited(project, "UPDATE issued SET name = 'aside'")
    yield
    edited(project, f"UPDATE issued SET name = '{UNIT.name}'")


def uploads_away(project: Path) -> AbstractContextManager[None]:
    return away(project / "upload" / "1a3")


TROUBLES: dict[Callable[[Path], AbstractContextManager[None]], str] = {
    program_away: "axiom-server is not there: set AXIOM_SERVER",
    interpreter_away: "is not there",
    not_executable: "may not be run by this user",
    killed: "killed by signal 9",
    out_of_memory: "killed by signal 11",
    crashed: "failed with 1",
    unable_to_write: "failed with 120",
    ledger_away: "sees no ../axiom-data/ledger.sqlite",
    data_away: "sees no ../axiom-data/ledger.sqlite",
    ledger_empty: "ledger.sqlite is empty, as by a full disk",
    ledger_locked: "database is locked",
    disk_full: "the disk is full|No space left on device",
    disk_read_only: "mounted read-only|Read-only file system",
    another_version: r"Run axiom-server 0\.1\.0 until status shows none of it out",
    never_issued: "knows no work unit",
    uploads_away: "No such file",
}
MOUNTED = (disk_full, disk_read_only)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.__name__)
@pytest.mark.parametrize("script", ["axiom_validate", "axiom_assimilate"])
def test_a_script_waits_until_it_is_healed_and_then_tells_the_truth(
    project: Path, script: str, trouble: Callable[[Path], AbstractContextManager[None]]
) -> None:
    """No code of its own reaches the daemon, nothing is lost, and the log says what is awaited."""
    upload = project / "upload" / "1a3" / NAME
    if script == "axiom_assimilate":
        if trouble is uploads_away:
            pytest.skip("a folder of uploads that is away is the validator's trouble alone")
        assert begin(project, f"../bin/axiom_validate {upload}", None).end()[0] == 0
    line = f"../bin/{script} {'7 ' if script == 'axiom_assimilate' else ''} {upload}"
    with mounted(project / "axiom-data", 100) if trouble in MOUNTED else contextlib.nullcontext():
        with trouble(project):
            waiting = begin(project, line, None)
            waiting.wait_for(WAITS)
            said = waiting.said()
            assert re.search(TROUBLES[trouble], said)
            assert NAME in said
            assert f"This runs as {os.environ.get('USER', 'root')}" in said
        code, said = waiting.end()
        assert code == 0, said
        assert ("valid" if script == "axiom_validate" else "is stored") in said
        with Ledger(project / "axiom-data") as ledger:
            (unit,) = standing.units(ledger)
        assert unit.standing == ("checked" if script == "axiom_validate" else "stored")


def test_a_script_waits_while_the_ledger_belongs_to_another_user(project: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    for folder in (project, *project.parents):
        if not folder.stat().st_mode & 0o001:  # pytest's own, which nobody else may enter
            folder.chmod(0o755)
    as_nobody = project / "as-nobody"
    as_nobody.write_text(f'#!/bin/sh\nexec setpriv --reuid nobody --clear-groups {SERVER} "$@"\n')
    as_nobody.chmod(0o755)
    waiting = begin(project, f"../bin/axiom_validate {project / 'upload' / '1a3' / NAME}", as_nobody)
    waiting.wait_for(WAITS)
    assert "ledger.sqlite belongs to user root, but this program runs as nobody" in waiting.said()
    for path in (project / "axiom-data", project / "axiom-data" / "ledger.sqlite"):
        shutil.chown(path, "nobody")
    code, said = waiting.end()
    assert code == 0, said


def test_what_no_waiting_mends_is_recorded_as_lost_and_the_daemon_goes_on(project: Path) -> None:
    upload = project / "upload" / "1a3" / NAME
    assert begin(project, f"../bin/axiom_validate {upload}", None).end()[0] == 0
    content = upload.read_bytes()
    kept = archive.place(project / "axiom-data", result.decode(content, NAME).checksum)
    kept.unlink()
    for damaged in (True, False):
        if damaged:
            upload.write_bytes(content[:-1])
        else:
            upload.unlink()
        code, said = begin(project, f"../bin/axiom_assimilate 7 {upload}", None).end()
        assert (code, "recorded in the ledger as lost" in said) == (0, True), said
        with Ledger(project / "axiom-data") as ledger:
            assert [unit.standing for unit in standing.units(ledger)] == ["lost"]
    assert not (project / "axiom-data" / "results").exists()
    with Ledger(project / "axiom-data") as ledger:
        assert standing.reissue(ledger, UNIT.name) != UNIT.name
    upload.write_bytes(content)
    assert begin(project, f"../bin/axiom_assimilate 7 {upload}", None).end()[0] == 0
    upload.unlink()
    code, said = begin(project, f"../bin/axiom_assimilate 7 {upload}", None).end()
    assert (code, "is stored" in said) == (0, True), "the daemon asks twice where it died in between"


def test_a_script_says_so_again_with_every_try_and_finds_the_program_on_the_path(project: Path) -> None:
    (project / "bin" / "axiom-server").unlink()
    (project / "programs").mkdir()
    line = f"../bin/axiom_validate {project / 'upload' / '1a3' / NAME}"
    waiting = begin(project, line, None, path=f"{project / 'programs'}:/usr/bin:/bin")
    waiting.wait_for(WAITS, times=3)
    (project / "programs" / "axiom-server").symlink_to(SERVER)
    assert waiting.end()[0] == 0


# --- stopped


DAEMON = """#!/usr/bin/python3
import os, pathlib, signal, sys
signal.signal(signal.SIGHUP, lambda *_: None)  # BOINC's daemons only make a note of it
answer = os.system(sys.argv[1])
pathlib.Path("../answer").write_text(str(answer))
"""


def _runs(pid: int, script: str) -> bool:
    """Whether a process is the shell that reads this script, or was forked from it."""
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[1] == script


@pytest.mark.parametrize("script", ["axiom_validate", "axiom_assimilate"])
@pytest.mark.parametrize("how", ["SIGTERM", "SIGHUP", "bin/stop", "the daemon is killed"])
def test_a_script_that_is_stopped_gives_no_answer(project: Path, script: str, how: str) -> None:
    """BOINC's bin/stop waits for the daemon, which waits for the script, and would take its end for an answer."""
    name = "script_validator" if script == "axiom_validate" else "script_assimilator"
    daemon = project / "bin" / name
    daemon.write_text(DAEMON.replace("/usr/bin/python3", os.path.realpath(sys.executable)))
    daemon.chmod(0o755)
    upload = project / "upload" / "1a3" / NAME
    with ledger_away(project):
        waiting = begin(project, f"exec ./{name} '../bin/{script}  7 {upload}'", None)
        waiting.wait_for(WAITS)
        below = processes.descendants(waiting.process.pid)
        asked = min(process.pid for process in below if _runs(process.pid, f"../bin/{script}"))
        if how == "bin/stop":
            (project / "stop_daemons").write_text("<stop/>\n")
        elif how == "the daemon is killed":
            waiting.process.kill()
        else:
            os.kill(asked, getattr(signal, how))
        assert waiting.end()[0] == -signal.SIGKILL, "the daemon ends first"
        wait_until(lambda: not processes.alive(below), "the end of the script", lambda: processes.alive(below))
    assert not (project / "answer").exists()
