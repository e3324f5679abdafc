"""What checkpoints cost: their size, the time to save and to load one, and the share of a run at the usual period.

Measured for the largest work units that the limits allow, almost finished, since a checkpoint grows with every finished
cell: the default grid, and the experiment's widest and deepest networks alone. `client.drive` runs for real, because a
save costs more than its own time: no slice may be in flight, so threads wait for each other first. What is called idle
is the time per save in which a thread computes nothing, on average over the threads. All work units take turns.

Run: python -m benchmarks.checkpoint [--threads 1 2] [--rounds 5] [--folder DIR]
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import record, tables
from benchmarks.host import now
from benchmarks.record import Measurement
from benchmarks.timing import timed
from client import host
from client.drive import drive
from client.engines import choose
from client.session import Session
from kernels import __version__, limits, plan
from kernels.engine.devices import CPU
from kernels.experiments import EXPERIMENTS
from kernels.formats import checkpoint
from kernels.formats.checkpoint import Checkpoint, Header
from kernels.formats.workunit import Seeds, WorkUnit
from kernels.programs.record import outcome
from wrapper import Request

LEFT = 128  # cells not yet finished: what is computed while it is measured
SAVES = 5  # in each round
EXPERIMENT = EXPERIMENTS["compgen"]


class Watched(Session):
    """A session that remembers when slices and saves began and ended."""

    def __init__(self, *arguments: object) -> None:
        self.slices: list[tuple[float, float]] = []
        self.saves: list[tuple[float, float]] = []
        super().__init__(*arguments)  # type: ignore[arg-type]

    def slice(self, number: int) -> None:
        """Compute, and remember when."""
        begun = time.perf_counter()
        super().slice(number)
        self.slices.append((begun, time.perf_counter()))

    def save(self) -> None:
        """Save, and remember when."""
        begun = time.perf_counter()
        super().save()
        self.saves.append((begun, time.perf_counter()))

    def idle(self, threads: int) -> list[float]:
        """Seconds around each save in which a thread computed nothing, on average over the threads.

        Saves before the first slice and after the last are left out: nothing was kept waiting by them.
        """
        seconds = []
        for begun, ended in self.saves:
            before = sorted(end for _, end in self.slices if end <= begun)[-threads:]
            after = sorted(start for start, _ in self.slices if start >= ended)[:threads]
            if len(before) == len(after) == threads:
                seconds.append((sum(after) - sum(before)) / threads)
        return seconds


class Hurry:
    """A runtime that wants a checkpoint after every 0.3 s of computing, and after some of them the end."""

    def __init__(self, session: Watched) -> None:
        self._session, self._next = session, time.monotonic() + 0.3

    @property
    def request(self) -> Request:
        """Quit after the saves."""
        return Request.RUN if len(self._session.saves) < SAVES else Request.QUIT

    def wait(self, timeout: float | None = None) -> Request:
        """Never suspended."""
        return self.request

    def report(self, fraction: float) -> None:
        """Nobody listens."""

    def checkpoint_due(self) -> bool:
        """Whether 0.3 s have passed."""
        return time.monotonic() >= self._next

    @contextlib.contextmanager
    def checkpointing(self) -> Iterator[None]:
        """Count from the end of the save."""
        yield
        self._next = time.monotonic() + 0.3


def largest(**grid: list[int | float | str]) -> WorkUnit:
    """The work unit of this grid with as many seeds as the limit on cells allows."""
    unit = WorkUnit(EXPERIMENT, Seeds(0, 1), grid)
    return replace(unit, seeds=Seeds(0, limits.CELLS // len(unit.conditions)))


def almost_finished(unit: WorkUnit) -> Checkpoint:
    """A checkpoint of the work unit with LEFT cells to go; every finished cell is a copy of one that really was."""
    small = EXPERIMENT.start([unit.cells[0]], choose("c", CPU, 1).engine)
    while small.done < small.work:
        small.advance(small.work)
    finished, blocks, states = outcome(small.export()), [], {}
    left = len(unit.cells) - LEFT
    for number, block in enumerate(plan.blocks(EXPERIMENT.course, unit.cells, host.cache_bytes())):
        blocks.append(len(block))
        left -= len(block)
        if left >= 0:
            states[number] = {name: np.repeat(array, len(block), 0) for name, array in finished.items()}
    digest = unit.digest.hex()
    return Checkpoint(Header(checkpoint.FORMAT, digest, __version__, "c", "cpu", blocks, {}, 0.0, 0.0), states)


def run(units: Mapping[str, WorkUnit], threads: Sequence[int], rounds: int, folder: Path) -> list[Measurement]:
    """All measurements of these work units, whose checkpoints are written to `folder`."""
    saved = {name: almost_finished(unit) for name, unit in units.items()}
    path = folder / "checkpoint"
    values: dict[tuple[str, int, str], list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, unit in units.items():
            for count in threads:
                checkpoint.write(path, saved[name])
                choice = choose("c", CPU, count)
                load, session = timed(partial(Watched, unit, choice, path))
                if session.cells_done < session.cells - 2 * LEFT:
                    raise SystemExit("the checkpoint was not taken up: what is measured would mean nothing")
                drive(session, Hurry(session), count, choice.prepare_thread)
                newest = checkpoint.decode(path.read_bytes())
                encode, _ = timed(partial(checkpoint.encode, newest))
                values[name, count, "load"].append(load)
                values[name, count, "encode"].append(encode)
                values[name, count, "save"] += [ended - begun for begun, ended in session.saves]
                values[name, count, "idle"] += session.idle(count)
                values[name, count, "size"].append(path.stat().st_size)
    return [
        Measurement(
            {"unit": name, "cells": len(units[name].cells), "threads": count, "what": what},
            "B" if what == "size" else "s",
            numbers,
        )
        for (name, count, what), numbers in values.items()
    ]


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where checkpoints are written (default: a temporary folder)")
    options = parser.parse_args()
    widest = {axis: [max(EXPERIMENT.grid[axis])] for axis in ("width", "depth")}
    units = {"default grid": largest(), "widest and deepest": largest(**widest)}
    begun = now()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        measurements = run(units, options.threads, options.rounds, Path(folder))
    result = record.finish("checkpoint", begun, measurements)
    print(tables.summary(result), tables.checkpoints(result), sep="\n\n")


if __name__ == "__main__":
    main()
