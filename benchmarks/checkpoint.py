"""What checkpoints cost: their size, the time to save and to load one, and the share of a run at the usual period.

Measured for the largest work units that the limits allow, almost finished, since a checkpoint grows with every finished
cell: the default grid, and the experiment's widest and deepest networks alone. `client.drive` runs for real, because a
save costs more than its own time: no slice may be in flight, so threads wait for each other first. The column "idle" is
the time per save in which a thread computes nothing, on average over the threads. All work units take turns; medians.

Run: python benchmarks/checkpoint.py [--threads 1 2] [--rounds 5] [--folder DIR]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import msgspec
import numpy as np

from client import host
from client.drive import drive
from client.engines import choose
from client.session import Session
from kernels import __version__, checkpoint, limits, plan, workunit
from kernels.checkpoint import Checkpoint, Header
from kernels.experiment import outcome
from kernels.experiments import EXPERIMENTS
from kernels.workunit import Seeds, WorkUnit
from wrapper import Request

PERIOD, PROMISE = 60.0, 0.5  # seconds between checkpoints under BOINC's default; % of a run they may cost
LEFT = 128  # cells not yet finished: what is computed while it is measured
SAVES = 5  # in each round
WIDTH = 10  # of a column
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
        """Seconds around each save but the last in which a thread computed nothing, on average over the threads."""
        found = []
        for begun, ended in self.saves[:-1]:
            before = sorted(end for _, end in self.slices if end <= begun)[-threads:]
            after = sorted(start for start, _ in self.slices if start >= ended)[:threads]
            found.append((sum(after) - sum(before)) / threads)
        return found


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
    one = WorkUnit(workunit.FORMAT, EXPERIMENT.name, EXPERIMENT.version, Seeds(0, 1), grid)
    return msgspec.structs.replace(one, seeds=Seeds(0, limits.CELLS // len(workunit.conditions(one))))


def almost_finished(unit: WorkUnit) -> Checkpoint:
    """A checkpoint of the work unit with LEFT cells to go; every finished cell is a copy of one that really was."""
    small = EXPERIMENT.start([workunit.cells(unit)[0]], choose("exact", "cpu", 1).engine)
    while small.done < small.work:
        small.advance(small.work)
    finished, blocks, states = outcome(small.export()), [], {}
    left = len(workunit.cells(unit)) - LEFT
    for number, block in enumerate(plan.blocks(EXPERIMENT, workunit.cells(unit), host.cache_bytes())):
        blocks.append(len(block))
        left -= len(block)
        if left >= 0:
            states[number] = {name: np.repeat(array, len(block), 0) for name, array in finished.items()}
    digest = workunit.digest(unit).hex()
    return Checkpoint(Header(checkpoint.FORMAT, digest, __version__, "exact", "cpu", blocks, {}, 0.0, 0.0), states)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where checkpoints are written (default: a temporary folder)")
    options = parser.parse_args()
    widest = {axis: [max(EXPERIMENT.grid[axis])] for axis in ("width", "depth")}
    units = {"default grid": largest(), " ".join(f"{axis} {v}" for axis, (v,) in widest.items()): largest(**widest)}
    saved = {name: almost_finished(unit) for name, unit in units.items()}
    titles = ("cells", "blocks", "threads", "MB", "load ms", "encode ms", "save ms", "idle ms", "% of a run")
    print(f"{'':18}", *(f"{title:>{WIDTH}}" for title in titles))
    sizes: dict[str, int] = {}
    loads, encodes, saves, idles = ({(n, t): [] for n in units for t in options.threads} for _ in range(4))
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for _ in range(options.rounds):
            for key in saves:
                name, threads = key
                path = Path(folder) / "checkpoint"
                checkpoint.write(path, saved[name])
                choice = choose("exact", "cpu", threads)
                start = time.perf_counter()
                session = Watched(units[name], choice, path)
                loads[key].append(time.perf_counter() - start)
                if session.cells_done < session.cells - 2 * LEFT:
                    raise SystemExit("the checkpoint was not taken up: what is printed would mean nothing")
                drive(session, Hurry(session), threads, choice.prepare_thread)
                sizes[name] = path.stat().st_size
                newest = checkpoint.decode(path.read_bytes())
                start = time.perf_counter()
                checkpoint.encode(newest)
                encodes[key].append(time.perf_counter() - start)
                saves[key] += [ended - begun for begun, ended in session.saves]
                idles[key] += session.idle(threads)
    worst = 0.0
    for key in saves:
        name, threads = key
        share = 100 * median(idles[key]) / PERIOD
        worst = max(worst, share)
        cells, blocks = len(workunit.cells(units[name])), len(saved[name].header.blocks)
        times = [1000 * median(found[key]) for found in (loads, encodes, saves, idles)]
        counts = " ".join(f"{count:{WIDTH}}" for count in (cells, blocks, threads))
        print(f"{name:18}", counts, *(f"{v:{WIDTH}.2f}" for v in (sizes[name] / 1e6, *times, share)))
    print(f"a checkpoint every {PERIOD:.0f} s costs at most {worst:.2f} % of a run; promised: {PROMISE} %")


if __name__ == "__main__":
    main()
