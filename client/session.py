"""One work unit being computed: its blocks, what is done of them, its checkpoint, and at the end its result."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from client import host
from client.blocks import BlockLife
from client.engines import Choice
from client.errors import NoDevice
from kernels import __version__, plan
from kernels.cells import Cell
from kernels.engine.contract import DeviceAway
from kernels.formats import checkpoint
from kernels.formats.checkpoint import Checkpoint, Header
from kernels.formats.result import Result, Timings, assemble
from kernels.formats.workunit import WorkUnit
from kernels.programs.program import Program
from kernels.programs.record import joined

SLICE_SECONDS = 0.05  # of one call into a program: short enough to leave at once, long enough to cost nothing
_FIRST_PACE = 2e8  # floating-point operations a second, before a block's own is known

log = logging.getLogger("client")


class Session:
    """A work unit's computation. `slice` may run in several threads for different blocks; the rest in one."""

    def __init__(self, unit: WorkUnit, choice: Choice, saved: Path) -> None:
        self.unit = unit
        self._choice, self._saved = choice, saved
        self._blocks = self._lives(plan.blocks(unit.experiment.course, unit.cells, host.cache_bytes()))
        numbered = enumerate(unit.conditions)
        self._first_rows = {tuple(condition.values()): n * unit.seeds.count for n, condition in numbered}
        self._guard = threading.Lock()
        self._computing = 0.0
        self._cpu_before, self._cpu_start = 0.0, time.process_time()
        self._load()
        self.work = sum(block.work for block in self._blocks)
        """Floating-point operations of the whole work unit."""

    @property
    def blocks(self) -> int:
        """How many blocks there are, numbered from 0."""
        return len(self._blocks)

    @property
    def done(self) -> float:
        """Floating-point operations of everything finished so far."""
        return sum(block.done for block in self._blocks)

    @property
    def cells_done(self) -> int:
        """How many cells are finished."""
        return sum(len(block.cells) for block in self._blocks if block.finished)

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return sum(len(block.cells) for block in self._blocks)

    def unfinished(self) -> list[int]:
        """Numbers of the blocks that still need slices, those begun first."""
        left = [number for number, block in enumerate(self._blocks) if not block.finished]
        return sorted(left, key=lambda number: self._blocks[number].fresh)

    def slice(self, number: int) -> None:
        """Compute about SLICE_SECONDS of a block; whole steps, so where a slice ends changes nothing. NoDevice."""
        start = now = time.perf_counter()
        end = start + SLICE_SECONDS
        block = self._blocks[number]
        program, pace = block.program(self._start), block.pace
        while now < end and program.done < program.work:  # a program returns at its measurements, however soon
            begun, before = time.perf_counter(), program.done
            try:
                program.advance(pace * (end - begun))
            except DeviceAway as error:
                raise NoDevice(self._choice.engine.device, error) from error
            now = time.perf_counter()
            pace = (program.done - before) / max(now - begun, 1e-6)
        block.pace = pace
        block.finish_if_done()
        with self._guard:
            self._computing += now - start

    def save(self) -> None:
        """Write the checkpoint; no slice may be running. CannotWrite if it cannot be written; the old one stays."""
        states = {number: block.state for number, block in enumerate(self._blocks)}
        begun = {number: state for number, state in states.items() if state is not None}
        checkpoint.write(self._saved, Checkpoint(self._header(), begun))

    def result(self) -> Result:
        """The result; every block must be finished."""
        states = [block.state for block in self._blocks if block.state is not None]
        place = np.array([self._row(cell) for block in self._blocks for cell in block.cells])
        in_order = np.argsort(place)
        values, digests = joined(self.unit.experiment.metrics, states)
        timings = Timings(self._computing, self._cpu())
        return assemble(
            self.unit,
            {name: curves[in_order] for name, curves in values.items()},
            [digests[row].tobytes() for row in in_order],
            __version__,
            self._choice.engine.name,
            self._choice.device,
            timings,
        )

    def _row(self, cell: Cell) -> int:
        """The number of a cell in the work unit's order."""
        return self._first_rows[tuple(cell.condition.values())] + cell.seed - self.unit.seeds.first

    def _start(self, cells: Sequence[Cell]) -> Program:
        return self.unit.experiment.start(cells, self._choice.engine)

    def _lives(self, blocks: list[list[Cell]]) -> list[BlockLife]:
        work = self.unit.experiment.course.work
        return [BlockLife(cells, sum(work(cell.condition) for cell in cells), _FIRST_PACE) for cells in blocks]

    def _load(self) -> None:
        saved, refused = checkpoint.read(self._saved, self._header())
        for sentence in refused:
            log.warning("%s", sentence)
        if saved is None:
            if refused:
                log.warning("no usable checkpoint is left: starting from the beginning")
            return
        ordered = [cell for block in self._blocks for cell in block.cells]
        self._blocks = self._lives(plan.split(ordered, saved.header.blocks))
        for number, state in saved.states.items():
            block = self._blocks[number]
            block.take_up(state, saved.header.begun.get(number, block.work))
        self._computing, self._cpu_before = saved.header.computing, saved.header.cpu
        log.info("going on from the checkpoint at %.1f %%", 100 * self.done / sum(b.work for b in self._blocks))

    def _header(self) -> Header:
        return Header(
            checkpoint.FORMAT,
            self.unit.digest.hex(),
            __version__,
            self._choice.engine.name,
            self._choice.engine.device.kind,
            [len(block.cells) for block in self._blocks],
            {number: block.done for number, block in enumerate(self._blocks) if not block.fresh and not block.finished},
            self._computing,
            self._cpu(),
        )

    def _cpu(self) -> float:
        return self._cpu_before + time.process_time() - self._cpu_start


def remove_checkpoint(saved: Path) -> None:
    """What a finished work unit needs no more. One that stays harms nobody: it is said, and no failure."""
    try:
        checkpoint.remove(saved)
    except OSError as error:
        log.warning("the checkpoint %s stays (%s)", saved, error.strerror or error)
