"""A work unit at a terminal: a progress bar instead of a BOINC client, Ctrl-C instead of a quit message."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from client.drive import drive
from client.engines import Choice
from client.errors import Stopped
from client.session import Session
from kernels.errors import CannotWrite
from kernels.experiments import EXPERIMENTS
from kernels.formats import atomic, checkpoint, workunit
from kernels.formats.result import encode
from wrapper import Request

_CHECKPOINT_PERIOD = 60.0  # seconds
# Ctrl-C; a shutdown; a terminal that was closed, which Windows tells otherwise.
_STOPS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Terminal:
    """`client.drive.Supervisor` for a person who watches."""

    def __init__(self, session: Session, progress: Progress) -> None:
        self._session, self._progress = session, progress
        self._bar = progress.add_task(session.unit.name, total=1.0, cells=self._cells())
        self.report(session.done / session.work)
        self._next_checkpoint = time.monotonic() + _CHECKPOINT_PERIOD
        self.request = Request.RUN

    def wait(self, timeout: float | None = None) -> Request:
        """Nobody suspends a terminal run: the shell stops the whole process."""
        return self.request

    def report(self, fraction: float) -> None:
        """Move the bar."""
        self._progress.update(self._bar, completed=fraction, cells=self._cells())

    def _cells(self) -> str:
        return f"{self._session.cells_done}/{self._session.cells} networks"

    def checkpoint_due(self) -> bool:
        """Whether a minute has passed since the last checkpoint."""
        return time.monotonic() >= self._next_checkpoint

    @contextlib.contextmanager
    def checkpointing(self) -> Iterator[None]:
        """Nothing to tell anybody; the next minute begins."""
        yield
        self._next_checkpoint = time.monotonic() + _CHECKPOINT_PERIOD

    def interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        """Ctrl-C or its like: stop with a checkpoint."""
        self.request = Request.QUIT


def run(path: Path, out: Path | None, choice: Choice, threads: int) -> None:
    """Compute the work unit in `path` into `out` (its name.msgpack here if None). Stopped if interrupted."""
    unit = workunit.read(path, EXPERIMENTS)
    target = out or Path(f"{unit.name}.msgpack")
    if target.exists() and target.samefile(path):
        raise CannotWrite(target, "it is the work unit itself")
    # The name says whose it is: another work unit with the same --out must not take its place.
    saved = target.with_name(f"{target.name}.{unit.digest.hex()[:8]}.{choice.engine.name}.checkpoint")
    console = Console(stderr=True)
    session = Session(unit, choice, saved)
    session.save()  # what cannot be written is found out before anything is computed
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn("{task.percentage:>5.1f} %"),
        TextColumn("{task.fields[cells]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        terminal = Terminal(session, progress)
        start, before = time.monotonic(), session.done
        former = {number: signal.signal(number, terminal.interrupt) for number in _STOPS}
        try:
            finished = drive(session, terminal, threads, choice.prepare_thread)
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)
        elapsed, done = time.monotonic() - start, session.done - before
    if not finished:
        raise Stopped(f"{100 * session.done / session.work:.1f} %", saved)
    atomic.write(target, encode(session.result()))
    checkpoint.remove(saved)
    speed = f"{elapsed:.1f} s, {done / elapsed / 1e9:.1f} GFLOPS"
    console.print(
        f"{session.cells} networks, {speed}, written to {target}", highlight=False, markup=False, soft_wrap=True
    )
