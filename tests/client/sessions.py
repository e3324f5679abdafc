"""Sessions and worker processes for the tests."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from client.engines import Choice, choose
from client.session import Session
from kernels import workunit
from kernels.engine.seam import EngineClass
from kernels.result import Result
from kernels.workunit import WorkUnit
from wrapper import Request

ROOT = Path(__file__).parents[2]


def choice(threads: int = 1, kind: EngineClass = "exact") -> Choice:
    found = choose(kind, "cpu", threads)
    found.prepare_thread()
    return found


def session(unit: WorkUnit, folder: Path, kind: EngineClass = "exact") -> Session:
    return Session(unit, choice(kind=kind), folder / "checkpoint")


def cells(result: Result) -> bytes:
    """What a work unit's cells computed to, without the timings and device that differ between runs."""
    return msgspec.msgpack.encode(result.cells)


class Scripted:
    """A runtime whose wishes the test sets from another thread, and which remembers what it was told."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._request = Request.RUN
        self.due = False
        self.fractions: list[float] = []
        self.waiting = threading.Event()
        self.checkpoints: list[tuple[float, float]] = []
        self.progress = lambda: 0.0

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
        yield
        self.checkpoints.append((before, self.progress()))
        self.due = False


def worker(folder: Path, *arguments: str | Path, program: tuple[str, ...] = ("-m", "client")) -> subprocess.Popen[str]:
    """axiom-worker as a process of its own, in a folder."""
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},  # see wait_until_computing
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str], timeout: float = 60) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a process; it is killed if it takes longer."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, out, err


def wait_until_mapped(process: subprocess.Popen[str], library: str) -> None:
    """Until the process has loaded a library."""
    wait_for(process, lambda: library in Path(f"/proc/{process.pid}/maps").read_text())


def wait_until_computing(process: subprocess.Popen[str]) -> None:
    """Until the process has a second thread: the first one only watches."""
    wait_for(process, lambda: len(list(Path(f"/proc/{process.pid}/task").iterdir())) > 1)


def wait_for(process: subprocess.Popen[str], true: object) -> None:
    deadline = time.monotonic() + 30
    while not true():  # type: ignore[operator]
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def written(folder: Path, unit: WorkUnit, name: str = "wu.json") -> Path:
    path = folder / name
    path.write_bytes(workunit.encode(unit))
    return path
