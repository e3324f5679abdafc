"""Sessions in the test's own process, and a runtime whose wishes the test sets."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from client.engines import Choice, choose
from client.session import Session
from kernels.engine.contract import EngineName
from kernels.engine.devices import CPU
from kernels.formats.result import Result
from kernels.formats.workunit import WorkUnit
from wrapper import Request


def choice(threads: int = 1, engine: EngineName = "c") -> Choice:
    found = choose(engine, CPU, threads)
    found.prepare_thread()
    return found


def session(unit: WorkUnit, folder: Path, engine: EngineName = "c") -> Session:
    return Session(unit, choice(engine=engine), folder / "checkpoint")


def cells(result: Result) -> bytes:
    """What a work unit's cells computed to, without the timings and device that differ between runs."""
    return b"".join([*(column.tobytes() for column in result.columns.values()), result.digests.tobytes()])


class Scripted:
    """A runtime whose wishes the test sets from another thread, and which remembers what it was told."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._request = Request.RUN
        self.due = False
        self.fractions: list[float] = []
        self.waiting = threading.Event()
        self.in_section = threading.Event()
        self.checkpoints: list[tuple[float, float]] = []
        self.progress: Callable[[], float] = lambda: 0.0

    @property
    def request(self) -> Request:
        return self._request

    def want(self, request: Request) -> None:
        with self._changed:
            self._request = request
            self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> Request:
        with self._changed:
            self.waiting.set()
            self._changed.wait_for(lambda: self._request is not Request.SUSPEND, timeout)
            self.waiting.clear()
        return self._request

    def report(self, fraction: float) -> None:
        self.fractions.append(fraction)

    def checkpoint_due(self) -> bool:
        return self.due

    @contextlib.contextmanager
    def checkpointing(self) -> Iterator[None]:
        before = self.progress()
        self.in_section.set()
        yield
        self.in_section.clear()
        self.checkpoints.append((before, self.progress()))
        self.due = False
