"""A good guest: every system call of a whole task, seen by strace. No other process, no socket, no foreign file."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.client.slots import BLOCKS, WORKER, Ended, Slot, task

# "PID name(arguments": also of a call that was interrupted, whose end stands in another line.
CALL = re.compile(r"^\d+ +(\w+)\((.*)", re.MULTILINE)
PATH = re.compile(r'"([^"]*)"')
WRITES = re.compile("O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND")
CHANGES = re.compile(
    "rename|unlink|mkdir|rmdir|link$|linkat|symlink|mknod|chmod|chown|truncate|creat|utime|setxattr|mount"
)
STARTS = re.compile("^(clone|clone3|fork|vfork|execve|execveat)$")
NETWORK = re.compile("^(socket|socketpair|connect|bind|listen|accept|send|recv)")


@dataclass
class Life:
    """A task that was run to its end, and the system calls of all its threads: name and arguments."""

    slot: Slot
    ended: Ended
    calls: list[tuple[str, str]]

    def named(self, pattern: re.Pattern[str]) -> list[tuple[str, str]]:
        return [(name, arguments) for name, arguments in self.calls if pattern.search(name)]


@pytest.fixture(scope="module", params=[1, 2])
def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Life]:
    """Whole tasks with one thread and with two; each has two blocks of cells."""
    folder = tmp_path_factory.mktemp("life")
    trace = folder / "trace"
    strace = ("strace", "-f", "-qq", "-o", str(trace), "-e", "trace=%file,%process,%network,%desc")
    try:
        subprocess.run([*strace, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"strace does not work here: {error}")
    slot = task(folder, BLOCKS)
    # -B as in the frozen program, whose modules lie in one archive: none is compiled anew and stored beside it.
    ended = slot.run(program=("-B", *WORKER, "--nthreads", str(request.param)), before=strace)
    return request.param, Life(slot, ended, CALL.findall(trace.read_text()))


def test_the_trace_is_of_the_whole_task(life: tuple[int, Life]) -> None:
    _, seen = life
    assert len(seen.calls) > 500
    seen.slot.check_finished(seen.ended)


def test_nothing_is_written_but_in_the_slot_and_the_result(life: tuple[int, Life]) -> None:
    _, seen = life
    opened = [arguments for name, arguments in seen.calls if name.startswith("open") and WRITES.search(arguments)]
    changed = [arguments for name, arguments in seen.named(CHANGES) if not name.startswith("readlink")]
    named = {path for arguments in opened + changed for path in PATH.findall(arguments)}
    paths = {Path(os.path.normpath(seen.slot.path / path)) for path in named}
    result = seen.slot.uploaded
    assert result in paths, "the trace does not tell what is written"
    allowed = {result, result.with_name(result.name + ".part")}
    assert {path for path in paths - allowed if seen.slot.path not in path.parents} == set()


def test_no_program_is_started_and_only_its_threads(life: tuple[int, Life]) -> None:
    threads, seen = life
    first, *others = seen.named(STARTS)
    assert first[0] == "execve"
    assert all("CLONE_THREAD" in arguments for _, arguments in others), others
    assert len(others) == 1 + threads, "one hears the client, the others compute; numpy's algebra has none of its own"


def test_the_network_is_left_alone(life: tuple[int, Life]) -> None:
    _, seen = life
    assert seen.named(NETWORK) == []
