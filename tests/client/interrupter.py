"""A fake client that starts axiom-worker in a slot again and again, talks to it, and interrupts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from tests.client.slots import Slot
from tests.client.trace import KILLED, At, Trace
from tests.support import processes
from tests.support.waiting import wait_until
from tests.wrapper.fake_client import CONTROL, ROOT, STATUS, Memory


class Interrupter:
    """Starts lives in slots, one at a time, and ends them."""

    def __init__(self, folder: Path) -> None:
        self.trace = Trace(folder / "trace")
        self._parent = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.client.forking_worker", folder / "trace"],
            env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
            cwd=folder, stdin=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Interrupter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.trace[At.PID] > 0 and not self.ended:
            os.kill(int(self.trace[At.PID]), signal.SIGKILL)
        self._parent.communicate()

    def start(self, slot: Slot, die_at: int = -1) -> None:
        """Begin a life; it kills itself at the given moment."""
        self._memory = Memory(slot.path)
        self._memory.bytes[:] = bytes(8192)
        self.trace.begin(die_at)
        assert self._parent.stdin is not None
        self._parent.stdin.write(f"{slot.path}\n")
        self._parent.stdin.flush()
        self.until(lambda: self.trace[At.PID] > 0, "the start of a life")

    @property
    def ended(self) -> bool:
        return self.trace[At.STATUS] >= 0

    @property
    def killed(self) -> bool:
        """Whether SIGKILL ended the life; anything but that and the exit code 0 is a failure."""
        status = int(self.trace[At.STATUS])
        assert status in (0, KILLED + signal.SIGKILL), f"the worker ended with status {status}"
        return status != 0

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Read the worker's messages until something is true; it fails if the worker gets nowhere."""

        def reached() -> bool:
            self._read_status()
            assert self._parent.poll() is None, "the parent of the lives is gone"
            return true()

        wait_until(reached, what, self._progress, every=0.0005)

    def run(self, seconds: float) -> None:
        """Let it live for some time, or to its end."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.ended:
            self._read_status()
            time.sleep(0.0005)

    def _read_status(self) -> None:
        if self._memory.full(STATUS):
            self._memory.clear(STATUS)

    def _progress(self) -> tuple[str, int]:
        return str(self), processes.computed({self._parent.pid})

    def until_computing(self) -> None:
        """Until it has begun its first slice; or ended, all being done already."""
        self.until(lambda: self.trace[At.SLICES] + self.trace[At.SLICING] > 0 or self.ended, "a first slice")

    def until_ended(self) -> None:
        self.until(lambda: self.ended, "the end of the life")

    def kill(self) -> None:
        """SIGKILL. Harmless if it has ended meanwhile: its process id stays taken until the next life."""
        os.kill(int(self.trace[At.PID]), signal.SIGKILL)
        self.until_ended()

    def tell(self, message: bytes) -> bool:
        """Put a message into the control channel; whether it was taken before the worker ended."""
        self.until(lambda: self.ended or not self._memory.full(CONTROL), "the taking of the former message")
        if not self.ended:
            self._memory.put(CONTROL, message)
            self.until(lambda: self.ended or not self._memory.full(CONTROL), f"the taking of {message!r}")
        return not self._memory.full(CONTROL)

    def cpu_seconds(self) -> float:
        """Processor time of all threads of the worker, user and system."""
        return processes.cpu_seconds(int(self.trace[At.PID]))

    def __str__(self) -> str:
        return ", ".join(f"{at.name.lower()} {self.trace[at]:g}" for at in At)
