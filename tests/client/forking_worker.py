"""Lives of axiom-worker in slot directories, one after the other: libraries are loaded once, each life is a fork.

Usage: forking_worker.py TRACE; each line of standard input is the slot directory of the next life. Checkpoints, slices
and looks at the client's messages come often. What the worker has come to is kept in the trace; see there. A life kills
itself at a chosen moment: just before or after any system call that creates, syncs, renames or deletes a file, or with
half of a new file written.
"""

from __future__ import annotations

import functools
import io
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import wrapper.runtime
from client import cli, session, task
from kernels.experiments import EXPERIMENTS
from tests.client import optimizers
from tests.client.trace import KILLED, At, Trace
from wrapper import Request, Runtime

SECONDS = {
    (wrapper.runtime, "POLL_INTERVAL"): 0.005,
    (wrapper.runtime, "QUIT_GRACE"): 60.0,  # a late machine ends no life that would end by itself
    (wrapper.runtime, "DEFAULT_CHECKPOINT_PERIOD"): 0.003,
    (session, "SLICE_SECONDS"): 0.003,
}
trace = Trace(Path(sys.argv[1]))


def moment() -> None:
    """One of the moments at which a life can be told to die."""
    trace[At.MOMENTS] += 1
    if trace[At.MOMENTS] == trace[At.DIE_AT]:
        os.kill(os.getpid(), signal.SIGKILL)


def between_moments(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def hooked(*arguments: Any, **named: Any) -> Any:
        moment()
        try:
            return call(*arguments, **named)
        finally:
            moment()

    return hooked


class TornFile(io.BufferedWriter):
    """A file whose content reaches the disk in two halves, with a moment between them."""

    def write(self, data: Any) -> int:
        half = len(data) // 2
        super().write(data[:half])
        self.flush()
        moment()
        return half + super().write(data[half:])


def open_torn(path: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
    if mode != "wb":
        return whole_open(path, mode, *arguments, **named)
    moment()
    return TornFile(io.FileIO(path, mode))


class TracedSession(session.Session):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        trace[At.RESUMED] = trace[At.DONE] = self.done

    def slice(self, number: int) -> None:
        trace[At.SLICING] = 1
        super().slice(number)
        trace[At.DONE] = self.done
        trace[At.SLICES] += 1
        trace[At.SLICING] = 0

    def save(self) -> None:
        trace[At.SAVING] = self.done
        trace[At.WRITING] = 1
        super().save()
        trace[At.WRITING] = 0
        trace[At.SAVED] = trace[At.SAVING]
        trace[At.SAVES] += 1


def traced_wait(runtime: Runtime, timeout: float | None = None) -> Request:
    trace[At.WAITING] = 1
    request = plain_wait(runtime, timeout)
    trace[At.WAITING] = 0
    return request


def live(slot: str) -> int:
    """The worker as a client starts it."""
    os.chdir(slot)
    stderr = os.open("stderr.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(stderr, 2)
    os.close(stderr)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    for name in ("open", "fsync", "rename", "replace", "unlink"):
        setattr(os, name, between_moments(getattr(os, name)))
    setattr(io, "open", open_torn)  # noqa: B010 (its type has more overloads than are called)
    return cli.main([])


EXPERIMENTS[optimizers.EXPERIMENT.name] = optimizers.EXPERIMENT
for (module, constant), seconds in SECONDS.items():
    assert hasattr(module, constant), constant
    setattr(module, constant, seconds)
whole_open, plain_wait = io.open, Runtime.wait
for owner, name, replacement in ((Runtime, "wait", traced_wait), (task, "Session", TracedSession)):
    assert hasattr(owner, name)
    setattr(owner, name, replacement)

last = 0
for line in sys.stdin:
    if last:
        os.waitpid(last, 0)  # not before: until now the test may have sent a signal to it
    last = os.fork()
    if last == 0:
        try:
            os._exit(live(line.strip()))
        except BaseException:
            traceback.print_exc()
            os._exit(70)
    trace[At.PID] = last
    end = os.waitid(os.P_PID, last, os.WEXITED | os.WNOWAIT)
    assert end is not None
    trace[At.STATUS] = end.si_status if end.si_code == os.CLD_EXITED else KILLED + end.si_status
