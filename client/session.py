"""One work unit being computed: its blocks, what is done of them, its checkpoint, and at the end its result."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from client import host
from client.engines import Choice
from kernels import __version__, checkpoint, plan, workunit
from kernels.checkpoint import Checkpoint, Header
from kernels.experiment import Cell, CellResult, Program, State, outcome, results
from kernels.experiments import EXPERIMENTS
from kernels.result import Result, Timings, build

SLICE_SECONDS = 0.05  # of one call into a program: short enough to leave at once, long enough to cost nothing
_FIRST_SLICE = 1e7  # floating-point operations, before a block's speed is known

log = logging.getLogger("client")


class Session:
    """A work unit's computation. `slice` may run in several threads for different blocks; the rest in one."""

    def __init__(self, unit: workunit.WorkUnit, choice: Choice, saved: Path) -> None:
        self.unit = unit
        self._choice, self._saved = choice, saved
        self._experiment = EXPERIMENTS[unit.experiment]
        self._take(plan.blocks(self._experiment, workunit.cells(unit), host.cache_bytes()))
        self._programs: dict[int, Program] = {}  # begun and not finished
        self._finished: dict[int, State] = {}
        self._finished_work = 0.0
        self._waiting: dict[int, State] = {}  # begun before the last stop, not yet taken up again
        self._begun: dict[int, float] = {}  # floating-point operations done of blocks begun before the last stop
        self._pace: dict[int, float] = {}  # floating-point operations a second, of a program's last slice
        self._guard = threading.Lock()
        self._computing = 0.0
        self._cpu_before, self._cpu_start = 0.0, time.process_time()
        self._load()

    @property
    def blocks(self) -> int:
        """How many blocks there are, numbered from 0."""
        return len(self._blocks)

    @property
    def work(self) -> float:
        """Floating-point operations of the whole work unit."""
        return self._total_work

    @property
    def done(self) -> float:
        """Floating-point operations of everything finished so far."""
        with self._guard:
            begun = sum(program.done for program in self._programs.values())
            return self._finished_work + begun + sum(self._begun[number] for number in self._waiting)

    @property
    def cells_done(self) -> int:
        """How many cells are finished."""
        with self._guard:
            return sum(len(self._blocks[number]) for number in self._finished)

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return sum(map(len, self._blocks))

    def unfinished(self) -> list[int]:
        """Numbers of the blocks that still need slices, those begun first."""
        with self._guard:
            return sorted(self._programs.keys() | self._waiting.keys()) + list(self._fresh)

    def slice(self, number: int) -> None:
        """Compute about SLICE_SECONDS of a block; whole steps, so where a slice ends changes nothing."""
        start = now = time.monotonic()
        end = start + SLICE_SECONDS
        program = self._programs.get(number) or self._begin(number)
        pace = self._pace.get(number, _FIRST_SLICE / SLICE_SECONDS)
        while now < end and program.done < program.work:  # a program returns at its measurements, however soon
            begun, before = time.monotonic(), program.done
            program.advance(pace * (end - begun))
            now = time.monotonic()
            pace = (program.done - before) / max(now - begun, 1e-6)
        with self._guard:
            self._computing += now - start
            self._pace[number] = pace
            if program.done >= program.work:
                self._finished[number] = outcome(program.export())
                self._finished_work += self._work[number]
                del self._programs[number]

    def save(self) -> None:
        """Write the checkpoint; no slice may be running. CannotWrite if it cannot be written; the old one stays."""
        states = dict(self._finished) | self._waiting
        states |= {number: program.export() for number, program in self._programs.items()}
        checkpoint.write(self._saved, Checkpoint(self._header(), states))

    def result(self) -> Result:
        """The result; every block must be finished."""
        found: list[CellResult] = []
        for number, block in enumerate(self._blocks):
            found += results(self._experiment, block, self._finished[number])
        timings = Timings(self._computing, self._cpu())
        return build(self.unit, found, __version__, self._choice.engine.kind, self._choice.device, timings)

    def _take(self, blocks: list[list[Cell]]) -> None:
        self._blocks = blocks
        self._work = [sum(self._experiment.work(cell.condition) for cell in block) for block in blocks]
        self._total_work = sum(self._work)
        self._fresh = dict.fromkeys(range(len(blocks)))  # in this order; a dictionary forgets one at once

    def _begin(self, number: int) -> Program:
        program = self._experiment.start(self._blocks[number], self._choice.engine)
        state = self._waiting.get(number)
        if state is not None:
            program.restore(state)
        with self._guard:
            self._programs[number] = program
            self._waiting.pop(number, None)
            self._fresh.pop(number, None)
        return program

    def _load(self) -> None:
        found, refused = checkpoint.read(self._saved, self._header())
        for sentence in refused:
            log.warning("%s", sentence)
        if found is None:
            if refused:
                log.warning("no usable checkpoint is left: starting from the beginning")
            return
        ordered = [cell for block in self._blocks for cell in block]
        self._take(plan.split(ordered, found.header.blocks))
        for number, state in found.states.items():
            (self._waiting if number in found.header.begun else self._finished)[number] = state
            del self._fresh[number]
        self._finished_work = sum(self._work[number] for number in self._finished)
        self._begun = found.header.begun
        self._computing, self._cpu_before = found.header.computing, found.header.cpu
        log.info("going on from the checkpoint at %.1f %%", 100 * self.done / self.work)

    def _header(self) -> Header:
        return Header(
            checkpoint.FORMAT,
            workunit.digest(self.unit).hex(),
            __version__,
            self._choice.engine.kind,
            self._choice.engine.device,
            [len(block) for block in self._blocks],
            {n: self._begun[n] for n in self._waiting} | {n: p.done for n, p in self._programs.items()},
            self._computing,
            self._cpu(),
        )

    def _cpu(self) -> float:
        return self._cpu_before + time.process_time() - self._cpu_start
