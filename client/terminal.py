"""A work unit at a terminal: a progress bar instead of a BOINC client, Ctrl-C instead of a quit message."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from client import stops
from client.drive import drive
from client.engines import Choice
from client.errors import Stopped
from client.session import Session, remove_checkpoint
from kernels.errors import CannotWrite
from kernels.experiments import EXPERIMENTS
from kernels.formats import atomic, workunit
from kernels.formats.result import encode
from kernels.refusals import cannot_write
from wrapper import Request

_CHECKPOINT_PERIOD = 60.0  # seconds


class Terminal:
    """`client.drive.Supervisor` for a person who watches."""

    def __init__(self, session: Session, progress: Progress) -> None:
        self._session, self._progress = session, progress
        self._bar = progress.add_task(session.unit.name, total=1.0, cells=self._cells())
        self.report(session.done / session.work)
        self._next_checkpoint = time.perf_counter() + _CHECKPOINT_PERIOD
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
        return time.perf_counter() >= self._next_checkpoint

    @contextlib.contextmanager
    def checkpointing(self) -> Iterator[None]:
        """Nothing to tell anybody; the next minute begins."""
        yield
        self._next_checkpoint = time.perf_counter() + _CHECKPOINT_PERIOD

    def interrupt(self) -> None:
        """Ctrl-C or its like: stop with a checkpoint."""
        self.request = Request.QUIT


def run(path: Path, out: Path | None, choice: Choice, threads: int) -> None:
    """Compute the work unit in `path` into `out` (its name.msgpack here if None). Stopped if interrupted."""
    with stops.handled_by(signal.default_int_handler):
        _run(path, out, choice, threads)


def _run(path: Path, out: Path | None, choice: Choice, threads: int) -> None:
    unit = workunit.read(path, EXPERIMENTS)
    target = out or Path(f"{unit.name}.msgpack")
    _check_target(target, path)
    # The name says whose it is: another work unit with the same --out must not take its place.
    saved = target.with_name(f"{target.name}.{unit.digest.hex()[:8]}.{choice.engine.name}.checkpoint")
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
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        terminal = Terminal(session, progress)
        start, before = time.perf_counter(), session.done
        with stops.told_to(terminal.interrupt):
            finished = drive(session, terminal, threads, choice.prepare_thread)
        elapsed, done = time.perf_counter() - start, session.done - before
    if not finished:
        raise Stopped(f"{100 * session.done / session.work:.1f} %", saved)
    atomic.write(target, encode(session.result()))
    remove_checkpoint(saved)
    speed = f"{elapsed:.1f} s, {done / elapsed / 1e9:.1f} GFLOPS"
    console.print(
        f"{session.cells} networks, {speed}, written to {target}", highlight=False, markup=False, soft_wrap=True
    )


def _check_target(target: Path, workunit: Path) -> None:
    """CannotWrite if a result there would take the place of what is none."""
    try:
        if target.exists() and target.samefile(workunit):
            raise CannotWrite(target, "it is the work unit itself", "Choose another name")
    except OSError as error:
        raise cannot_write(target, error) from error
    atomic.check_target(target)
