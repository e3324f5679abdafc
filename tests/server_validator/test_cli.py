"""axiom-server's command line: from a work unit to a finding, and what every command does alike."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from client import cli as worker
from server_validator import cli
from tests.server_validator.data import Run, one_line
from tests.support import commands

ROOT = Path(__file__).parents[2]
PNG = b"\x89PNG\r\n\x1a\n"


def test_from_a_work_unit_to_a_finding(tmp_path: Path, run: Callable[..., Run]) -> None:
    """Every command as staff types it, in folders with blanks; all 24 conditions of one seed, about 5 s."""
    folder = tmp_path / "my project"
    folder.mkdir()
    data, wu, out = folder / "the data", folder / "work unit.json", folder / "a result.msgpack"
    assert run("--data", data, "init").code == 0
    made = run("--data", data, "make-wu", "compgen", "--first", 70, "--count", 1, "--out", wu)
    assert made.code == 0, made.err
    assert json.loads(wu.read_bytes()) == {
        "format": 1, "experiment": "compgen", "version": 1, "seeds": {"first": 70, "count": 1}, "grid": {},
    }  # fmt: skip
    assert "compgen_1_70_1: 24 cells" in made.err
    assert worker.main(["run", str(wu), "--out", str(out), "--threads", "2"]) == 0
    valid = run("--data", data, "validate", out)
    assert (valid.code, valid.err) == (0, "")
    assert f"{out}: valid, compgen_1_70_1, exact, by version" in valid.out
    assert len(re.findall(r"seed 70 \{", valid.out)) == 4
    for _ in range(2):
        stored = run("--data", data, "assimilate", 5, out)
        assert stored.code == 0, stored.err
        assert "the result of compgen_1_70_1 is stored" in stored.out
    done = run("--data", data, "findings", "compgen", "--plots", folder / "the plots")
    assert done.code == 0, done.err
    assert "24 networks, seeds: 1;" in done.out
    (plot,) = (folder / "the plots").iterdir()
    assert plot.read_bytes().startswith(PNG)
    assert plot.stat().st_size > 5000


@pytest.mark.parametrize("command", ["validate", "assimilate", "show"])
@pytest.mark.parametrize("name", ["folder", "none", "loop", "fifo", "/dev/zero", "socket"])
def test_what_is_no_file_ends_at_once_with_32(
    tmp_path: Path, data: Path, run: Callable[..., Run], command: str, name: str
) -> None:
    import socket

    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")
    here = os.open(".", os.O_RDONLY)
    os.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        os.fchdir(here)
        os.close(here)
        done = run("--data", data, command, *(["1"] if command == "assimilate" else []), tmp_path / name)
    assert (done.code, done.out) == (32, "")
    assert name in one_line(done)


def test_huge_and_empty_files_are_refused(tmp_path: Path, data: Path, run: Callable[..., Run]) -> None:
    for size in (0, 10**12):
        with (tmp_path / "r").open("wb") as file:
            file.truncate(size)
        for command in ("validate", "show"):
            assert run("--data", data, command, tmp_path / "r").code == 20


@pytest.mark.parametrize("arguments", [[], ["fly"], ["validate"], ["show"], ["--data"]])
def test_a_wrong_command_line_is_2(run: Callable[..., Run], arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "usage: axiom-server" in done.err


def test_help_names_the_commands(run: Callable[..., Run]) -> None:
    done = run("--help")
    assert done.code == 0
    assert all(command in done.out for command in cli.COMMANDS)


def test_as_a_process_it_ends_with_the_code_and_one_line(tmp_path: Path, tiny_file: Path) -> None:
    done = commands.run(
        [sys.executable, "-m", "server_validator", "--data", tmp_path / "none", "validate", tmp_path / "nothing"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (32, "")
    assert len(done.stderr.splitlines()) == 1
