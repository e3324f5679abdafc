"""One block of a work unit through its life: fresh, begun (perhaps in an earlier run of the task), finished.

A slice of it is computed in one thread, while another may ask how much is done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kernels.cells import Cell
from kernels.programs.program import Program, State
from kernels.programs.record import outcome


class BlockLife:
    """Cells that are computed together, what is done of them, and how fast that goes.

    `saved` is the state that a checkpoint held, until the program is there that goes on from it; of a finished block it
    is the record of its measurements.
    """

    def __init__(self, cells: Sequence[Cell], work: float, pace: float) -> None:
        self.cells = cells
        self.work = work  # floating-point operations, all in all
        self.pace = pace  # floating-point operations a second, of the last slice
        self._program: Program | None = None
        self._saved: State | None = None
        self._saved_done = 0.0  # floating-point operations, when the checkpoint was written

    @property
    def fresh(self) -> bool:
        """Whether nothing is done of it."""
        return self._program is None and self._saved is None

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self._program is None and self._saved is not None and self._saved_done >= self.work

    @property
    def done(self) -> float:
        """Floating-point operations done."""
        program = self._program  # another thread may finish it meanwhile
        return program.done if program else self._saved_done

    @property
    def state(self) -> State | None:
        """What a checkpoint must hold of it; of a finished block the record of its measurements. None if fresh."""
        return self._program.export() if self._program else self._saved

    def take_up(self, state: State, done: float) -> None:
        """Be what a checkpoint says; `done` operations, or all."""
        self._saved, self._saved_done = state, done

    def program(self, start: Callable[[Sequence[Cell]], Program]) -> Program:
        """The program that computes it, made by `start` and restored the first time."""
        if self._program is None:
            program = start(self.cells)
            if self._saved is not None:
                program.restore(self._saved)
            self._program, self._saved = program, None
        return self._program

    def finish_if_done(self) -> None:
        """Keep of a program that has done all its work the record alone."""
        if self._program and self._program.done >= self._program.work:
            self._saved, self._saved_done, self._program = outcome(self._program.export()), self.work, None
