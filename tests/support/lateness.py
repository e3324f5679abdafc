"""How late this machine lets a small program go on: what an upper bound of a test must allow for.

A test says in how much time a program must react on a machine with nothing else to do, and adds what was seen, while
the program ran, of a thread that asks for a moment's sleep and computes for a moment, again and again; and of another
that has a byte written to the disk, as a program must that saves its work.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from dataclasses import dataclass
from types import TracebackType

SLEEP, WORK = 0.02, 0.001  # seconds asleep and seconds of processor time in a round
STEPS = 10  # how often a program may be kept waiting before it has reacted
SYNC_SLEEP = 0.2  # seconds between two looks at the disk
SYNCS = 6  # how often a program waits for the disk while it saves: files and their folder


@dataclass(frozen=True)
class Took:
    """How long something took, in seconds, and how late the machine was meanwhile at worst."""

    seconds: float
    worst: float
    disk: float = 0.0  # how long it let a byte wait at worst

    def at_most(self, seconds: float) -> bool:
        """Whether it took no longer than what takes so many seconds where nothing else runs."""
        return self.seconds <= seconds + STEPS * self.worst + SYNCS * self.disk


class Lateness:
    """From `with` on it watches how late the machine is."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._start = time.monotonic()
        self._stop = threading.Event()
        self._disk = 0.0
        self._syncing_since: float | None = None
        self._threads = [threading.Thread(target=watch, daemon=True) for watch in (self._watch, self._watch_disk)]

    def __enter__(self) -> Lateness:
        self._start = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def took(self) -> Took:
        """The time since `with`."""
        now, since = time.monotonic(), self._syncing_since
        return Took(now - self._start, self.worst, max(self._disk, 0.0 if since is None else now - since))

    def _watch(self) -> None:
        while True:
            start = time.monotonic()
            if self._stop.wait(SLEEP):
                return
            begun = time.thread_time()
            while time.thread_time() - begun < WORK:
                pass
            self.worst = max(self.worst, time.monotonic() - start - SLEEP - WORK)

    def _watch_disk(self) -> None:
        with tempfile.TemporaryFile(buffering=0) as file:
            while True:
                self._syncing_since = start = time.monotonic()
                file.write(b"x")
                os.fsync(file.fileno())
                self._disk, self._syncing_since = max(self._disk, time.monotonic() - start), None
                if self._stop.wait(SYNC_SLEEP):
                    return
