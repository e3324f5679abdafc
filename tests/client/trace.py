"""What a worker has come to, in memory shared with the test: it stays behind when the worker is killed at any point."""

from __future__ import annotations

import enum
from pathlib import Path

import numpy as np

KILLED = 256


class At(enum.IntEnum):
    """The numbers kept. Work is in floating-point operations of the work unit; -1 where there is none yet."""

    PID = 0
    STATUS = 1  # exit code of the process, or KILLED and the signal's number; -1 while it lives
    SLICES = 2  # finished
    SLICING = 3  # 1 inside a slice
    WAITING = 4  # 1 while the program sleeps because the client wants it to
    RESUMED = 5  # work that was already done at the start
    DONE = 6  # work after the last slice
    SAVING = 7  # work in the checkpoint begun last
    SAVED = 8  # work in the checkpoint finished last
    WRITING = 9  # 1 while it writes a checkpoint
    SAVES = 10  # checkpoints finished
    MOMENTS = 11  # steps of writing, renaming and deleting files so far
    DIE_AT = 12  # the moment at which the worker kills itself; -1 for none


class Trace:
    """The numbers, as float64 in a file that both processes map."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(8 * len(At)))
        self._numbers = np.memmap(path, np.float64, "r+", shape=(len(At),))

    def __getitem__(self, at: At) -> float:
        return float(self._numbers[at])

    def __setitem__(self, at: At, value: float) -> None:
        self._numbers[at] = value

    def begin(self, die_at: int) -> None:
        """Before a life."""
        for at in At:
            self[at] = -1
        for at in (At.SLICES, At.SLICING, At.WAITING, At.WRITING, At.SAVES, At.MOMENTS):
            self[at] = 0
        self[At.DIE_AT] = die_at
