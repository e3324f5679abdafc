"""Runs programs to their end, however slow or busy the computer is; ends one that has stopped to make progress.

Progress is processor time, of the program and of all that it started. What computes uses some within seconds on any
computer; what waits for ever uses none. What computes for ever is left to pytest's timeout.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.support import processes

LOOK = 1.0  # seconds between two looks
STILL = 120  # looks without progress, after which a program is ended: waits for disk or network are far shorter


class Stalled(RuntimeError):
    """A program used no processor time for so long that it was ended; the message says which, and what it had said."""


def start(
    command: Sequence[str | Path], cwd: Path | None = None, env: Mapping[str, str] | None = None, *,
    executable: Path | None = None, user: int | None = None, group: int | None = None,
) -> subprocess.Popen[str]:  # fmt: skip
    """A process with pipes, at the head of a session of its own, by which all that it starts is known."""
    return subprocess.Popen(
        command, cwd=cwd, env=env, executable=executable, user=user, group=group, text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@contextlib.contextmanager
def watched(process: subprocess.Popen[str], still: int = STILL) -> Iterator[None]:
    """Kill a process of `start`, and what it started, when none of them made progress for `still` looks, or at the end.

    Who reads its output then finds the end of it; Stalled is raised when the block is left without an error.
    """
    left, stalled = threading.Event(), threading.Event()

    def watch() -> None:
        before, quiet = -1, 0
        while quiet < still and not left.wait(LOOK):  # looks are counted, not seconds: the computer may have slept
            now = used(process.pid)
            before, quiet = now, 0 if now != before else quiet + 1
        if quiet == still:
            stalled.set()
            _kill(process.pid)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    with process:
        try:
            yield
        finally:
            left.set()
            watcher.join()
            if process.poll() is None:
                _kill(process.pid)
    if stalled.is_set():
        raise Stalled(f"{process.args!r} used no processor time in {still * LOOK:.0f} s, and was ended")


def finished(process: subprocess.Popen[str], still: int = STILL) -> subprocess.CompletedProcess[str]:
    """The exit code and output of a process of `start`; Stalled where it has hung."""
    out = err = ""
    try:
        with watched(process, still):
            out, err = process.communicate()
    except Stalled as stalled:
        raise Stalled(f"{stalled}; before, it had said:\n{out}{err}") from None
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def used(session: int) -> int:
    """Ticks of processor time of all processes of a session, and of those that ended in it."""
    ticks = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = processes.stat(int(entry.name))
            if fields and int(fields[3]) == session:
                ticks += sum(map(int, fields[11:15]))
    return ticks


def _kill(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
