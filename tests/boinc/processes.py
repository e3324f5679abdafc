"""Which processes belong to a client and are still alive, read from /proc: a test must leave none behind."""

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process; the start time keeps a later process with the same number from being taken for it."""

    pid: int
    started: int


def descendants(pid: int) -> set[Process]:
    """Children of `pid`, their children, and so on."""
    table = _table()
    found: set[Process] = set()
    parents = {pid}
    while parents:
        children = {process for process, (parent, _) in table.items() if parent in parents} - found
        found |= children
        parents = {process.pid for process in children}
    return found


def working_in(folder: Path) -> set[Process]:
    """Processes whose current folder is inside `folder`: a BOINC program works in its slot."""
    inside = str(folder.resolve()) + "/"
    found = set()
    for process in _table():
        with contextlib.suppress(OSError):
            if f"{Path(f'/proc/{process.pid}/cwd').readlink()}/".startswith(inside):
                found.add(process)
    return found


def alive(processes: set[Process]) -> set[Process]:
    """Those that still run; a zombie runs no more, even where nobody reaps it."""
    table = _table()
    return {process for process in processes if process in table and table[process][1] not in "ZX"}


def end(processes: set[Process], grace: float, timeout: float = 10.0) -> set[Process]:
    """Wait `grace` seconds for the processes, then SIGKILL the rest; returns those that had to be killed."""
    stubborn = _wait(processes, grace)
    for process in stubborn:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    if left := _wait(stubborn, timeout):
        raise TimeoutError(f"not even SIGKILL ended {left}")
    return stubborn


def wait_gone(process: Process, timeout: float) -> float:
    """Seconds until the process has ended; TimeoutError if it takes longer than `timeout`."""
    start = time.monotonic()
    if _wait({process}, timeout):
        raise TimeoutError(f"{process} still runs after {timeout} s")
    return time.monotonic() - start


def parent(process: Process) -> int:
    """The number of its parent; KeyError if it has ended."""
    return _table()[process][0]


def is_stopped(process: Process) -> bool:
    """Whether a SIGSTOP holds the process."""
    table = _table()
    return process in table and table[process][1] == "T"


def cpu_seconds(process: Process) -> float:
    """User and system time of all the process's threads so far, in steps of usually 0.01 s."""
    fields = Path(f"/proc/{process.pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wait(processes: set[Process], timeout: float) -> set[Process]:
    """Those still alive after at most `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while (left := alive(processes)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _table() -> dict[Process, tuple[int, str]]:
    """Every process with its parent's number and the letter of its state."""
    table = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # The second field is the name in parentheses and may hold blanks, so cut behind the last one.
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                table[Process(int(entry.name), int(fields[19]))] = (int(fields[1]), fields[0])
    return table
