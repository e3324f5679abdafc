"""How late this machine lets a small program go on: what an upper bound of a test must allow for.

A test says in how much time a program must react on a machine with nothing else to do, and adds what was seen, while
the program ran, of a thread that asks for a moment's sleep and computes for a moment, again and again.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from types import TracebackType

SLEEP, WORK = 0.02, 0.001  # seconds asleep and seconds of processor time in a round
STEPS = 10  # how often a program may be kept waiting before it has reacted


@dataclass(frozen=True)
class Took:
    """How long something took, in seconds, and how late the machine was meanwhile at worst."""

    seconds: float
    worst: float

    def at_most(self, seconds: float) -> bool:
        """Whether it took no longer than what takes so many seconds where nothing else runs."""
        return self.seconds <= seconds + STEPS * self.worst


class Lateness:
    """From `with` on it watches how late the machine is."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._start = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Lateness:
        self._start = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def took(self) -> Took:
        """The time since `with`."""
        return Took(time.monotonic() - self._start, self.worst)

    def _watch(self) -> None:
        while True:
            start = time.monotonic()
            if self._stop.wait(SLEEP):
                return
            begun = time.thread_time()
            while time.thread_time() - begun < WORK:
                pass
            self.worst = max(self.worst, time.monotonic() - start - SLEEP - WORK)
