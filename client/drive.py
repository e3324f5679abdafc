"""The loop that computes a session under a supervisor: slices in threads, and between them whatever that one wants."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from typing import Protocol

from client.errors import NoThreads
from client.session import Session
from wrapper import Request

_WAKE = 0.05  # seconds between looks at the supervisor while slices run
_ALMOST = 0.999999  # of the work: the end is told when the task finishes, when the result has been written

log = logging.getLogger("client")


class Supervisor(Protocol):
    """Who says what the loop may do: BOINC's client through its runtime, or a person at a terminal."""

    @property
    def request(self) -> Request:
        """What is wanted now."""

    def wait(self, timeout: float | None = None) -> Request:
        """Sleep while suspended."""

    def report(self, fraction: float) -> None:
        """Tell the fraction done."""

    def checkpoint_due(self) -> bool:
        """Whether a checkpoint should be written now."""

    def checkpointing(self) -> AbstractContextManager[None]:
        """The section in which a checkpoint is written."""


def drive(session: Session, supervisor: Supervisor, threads: int, prepare_thread: Callable[[], None]) -> bool:
    """Compute until the session is finished (True) or the supervisor wants it to stop (False); both with a checkpoint.

    Suspension, checkpoints and stops take effect when the slices in flight have ended: within about 0.05 s of the
    threads' own time. NoThreads if not one of the threads can be started; else as many as can be compute.
    """
    running: dict[Future[None], int] = {}
    _report(session, supervisor)
    with _pool(threads, prepare_thread) as (pool, threads):
        while True:
            request, due = supervisor.request, supervisor.checkpoint_due()
            if request is Request.QUIT:
                # In the section at once: on a busy core the slices in flight may take as long as a program may stay.
                with supervisor.checkpointing():
                    for finished in wait(running).done:
                        finished.result()
                        _report(session, supervisor)
                    session.save()
                return False
            if request is Request.RUN and not due:
                idle = [number for number in session.unfinished() if number not in running.values()]
                for number in idle[: threads - len(running)]:
                    running[pool.submit(session.slice, number)] = number
            if running:
                for finished in wait(running, _WAKE, FIRST_COMPLETED).done:
                    del running[finished]
                    finished.result()
                _report(session, supervisor)
            elif request is Request.SUSPEND:
                supervisor.wait()
            else:
                # Also at the end: should the result find no space, nothing is computed twice.
                with supervisor.checkpointing():
                    session.save()
                if request is not Request.RUN:
                    return False
                if not session.unfinished():
                    return True


@contextlib.contextmanager
def _pool(threads: int, prepare_thread: Callable[[], None]) -> Iterator[tuple[ThreadPoolExecutor, int]]:
    """A pool whose threads are all there, before any work depends on them, and how many: `threads` or what can be had.

    NoThreads if not one can be started.
    """
    while True:
        with ThreadPoolExecutor(threads, initializer=prepare_thread) as pool:
            started, refusal = _start(pool, threads)
            if refusal is None:
                yield pool, threads
                return
        if not started:
            raise NoThreads(refusal) from refusal
        log.warning("this computer starts %d of %d threads now (%s)", started, threads, refusal)
        threads = started


def _start(pool: ThreadPoolExecutor, threads: int) -> tuple[int, RuntimeError | None]:
    """Start the pool's threads; how many there are, and why not all."""
    all_are_there = threading.Event()  # a pool starts another thread only where none is idle
    try:
        for started in range(threads):
            try:
                pool.submit(all_are_there.wait)
            except RuntimeError as error:  # "can't start new thread"
                return started, error
    finally:
        all_are_there.set()
    return threads, None


def _report(session: Session, supervisor: Supervisor) -> None:
    """The fraction done, inside (0, 1): nothing before the first step, and never the whole."""
    if session.done:
        supervisor.report(min(session.done / session.work, _ALMOST))
