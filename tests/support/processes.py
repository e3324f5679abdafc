"""Processes of the operating system, read from /proc: which there are, whether they live, what they have computed."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.support import waiting

TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 1  # of processor time in a second


@dataclass(frozen=True)
class Process:
    """A process; the start time keeps a later process with the same number from being taken for it."""

    pid: int
    started: int


@dataclass(frozen=True)
class _Status:
    process: Process
    parent: int
    # A letter: R runs, S sleeps, T is stopped, Z and X have ended.
    state: str
    # User and system time in seconds: of all its threads, and of its children that have ended.
    cpu: float
    cpu_of_ended_children: float


def named(pid: int) -> Process:
    """The process that has this number now; LookupError if there is none."""
    if (status := _status(pid)) is None:
        raise LookupError(f"there is no process {pid}")
    return status.process


def descendants(pid: int) -> set[Process]:
    """Children of `pid`, their children, and so on."""
    return {status.process for status in _tree([pid]) if status.process.pid != pid}


def working_in(folder: Path) -> set[Process]:
    """Processes whose current folder is inside `folder`: a BOINC program works in its slot."""
    inhabitants = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(LookupError):
                process = named(int(entry.name))
                if works_in(folder, process):
                    inhabitants.add(process)
    return inhabitants


def works_in(folder: Path, process: Process) -> bool:
    """Whether the process lives and its current folder is inside `folder`."""
    try:
        current = Path(f"/proc/{process.pid}/cwd").readlink()
    except OSError:
        return False
    return folder.resolve() in (current, *current.parents) and _state(process) != "X"


def alive(processes: Iterable[Process]) -> set[Process]:
    """Those that still run; a zombie runs no more, even where nobody reaps it."""
    return {process for process in processes if _state(process) not in "ZX"}


def is_stopped(process: Process) -> bool:
    """Whether a SIGSTOP holds the process."""
    return _state(process) == "T"


def parent(process: Process) -> int:
    """The number of its parent; LookupError if it has ended."""
    status = _status(process.pid)
    if status is None or not alive({process}):
        raise LookupError(f"{process} has ended")
    return status.parent


def threads(pid: int) -> int:
    """How many threads the process has."""
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def cpu_seconds(pid: int) -> float:
    """User and system time of all the process's threads so far, in steps of usually 0.01 s; 0 if it has ended."""
    status = _status(pid)
    return status.cpu if status else 0.0


def computed(pids: Iterable[int]) -> int:
    """Whole seconds of processor time that these processes and all below them have used so far.

    What a wait takes for progress: a process that only looks around now and then does not use a second in minutes.
    """
    return int(sum(status.cpu + status.cpu_of_ended_children for status in _tree(pids)))


def end(processes: set[Process], grace: float) -> set[Process]:
    """Give the processes `grace` seconds to end, then SIGKILL the rest; returns those that had to be killed."""
    waiting.pause(grace, unless=lambda: not alive(processes))
    stubborn = alive(processes)
    for process in stubborn:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    waiting.wait_while(lambda: alive(stubborn), f"the end of {stubborn} by SIGKILL", lambda: alive(stubborn))
    return stubborn


def wait_gone(process: Process) -> None:
    """Until the process has ended."""
    waiting.wait_while(lambda: alive({process}), f"the end of {process}", lambda: computed({process.pid}), every=0.02)


def wait_idle(pid: int) -> None:
    """Until the process has used next to no processor time for half a second."""
    before = [-1.0]

    def idle() -> bool:
        time.sleep(0.5)
        before.append(cpu_seconds(pid))
        return before[-1] - before[-2] < 0.1

    waiting.wait_until(idle, f"rest of process {pid}", lambda: computed({pid}))


def _tree(pids: Iterable[int]) -> list[_Status]:
    """Of the processes of these numbers and of all below them, each once."""
    statuses: dict[int, _Status] = {}
    left = list(pids)
    while left:
        pid = left.pop()
        if pid not in statuses and (status := _status(pid)):
            statuses[pid] = status
            with contextlib.suppress(OSError):  # it has ended
                for children in Path(f"/proc/{pid}/task").glob("*/children"):
                    left += map(int, children.read_text().split())
    return list(statuses.values())


def _state(process: Process) -> str:
    """The letter of its state; X if it has ended."""
    status = _status(process.pid)
    return status.state if status and status.process == process else "X"


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the program's name: state, parent, ...; none if there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()  # the name is in parentheses and may hold blanks


def _status(pid: int) -> _Status | None:
    """None if there is no such process."""
    if not (fields := stat(pid)):
        return None
    user, system, user_of_children, system_of_children = (int(field) / TICKS for field in fields[11:15])
    return _Status(
        Process(pid, int(fields[19])), int(fields[1]), fields[0], user + system, user_of_children + system_of_children
    )
