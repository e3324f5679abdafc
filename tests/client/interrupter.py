"""A fake client that starts axiom-worker in a slot again and again, talks to it, and interrupts it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from kernels import checkpoint, workunit
from kernels.workunit import WorkUnit
from tests.client.trace import KILLED, At, Trace
from tests.wrapper.fake_client import CONTROL, ROOT, STATUS, Memory, make_slot

PROJECT = "../../projects/example.org_axiom"
CHECKPOINT = "checkpoint.safetensors"
LIMIT = 60.0  # seconds for anything that is waited for
BEFORE = {"boinc_mmap_file", "init_data.xml", "wu.json", "result.msgpack", "stderr.txt"}  # in a slot, by the client


class Slot:
    """One task's slot and project directories."""

    def __init__(self, folder: Path, unit: WorkUnit) -> None:
        # No period of the user's own: the program's default holds, which the lives shorten below a second.
        self.folder, self.path = folder, make_slot(folder, checkpoint_period=0)
        self._project = self.path / PROJECT
        self.result = self._project / "wu_1_0_r1234_0"
        (self._project / "wu_1.json").write_bytes(workunit.encode(unit))
        (self.path / "result.msgpack").write_text(f"<soft_link>{PROJECT}/{self.result.name}</soft_link>\n")
        (self.path / "stderr.txt").touch()

    def copy(self, folder: Path) -> Slot:
        """The same task in the same state in another folder."""
        shutil.copytree(self.folder, folder)
        other = Slot.__new__(Slot)
        other.folder, other.path = folder, folder / self.path.relative_to(self.folder)
        other._project = other.path / PROJECT
        other.result = other._project / self.result.name
        return other

    @property
    def files(self) -> set[str]:
        """Names of what the program left in the slot."""
        return {path.name for path in self.path.iterdir()} - BEFORE

    @property
    def results(self) -> set[str]:
        """Names of what the program left in the project directory."""
        return {path.name for path in self._project.iterdir()} - {"wu_1.json"}

    @property
    def log(self) -> str:
        return (self.path / "stderr.txt").read_text()

    def check_checkpoints(self) -> None:
        """Whatever lies in the slot under a checkpoint's name is whole."""
        for name in (CHECKPOINT, CHECKPOINT + ".old"):
            if (self.path / name).exists():
                checkpoint.decode((self.path / name).read_bytes())


class Interrupter:
    """Starts lives in slots, one at a time, and ends them."""

    def __init__(self, folder: Path) -> None:
        self.trace = Trace(folder / "trace")
        self._lives = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.client.lives", folder / "trace"],
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
        self._lives.communicate()

    def start(self, slot: Slot, die_at: int = -1) -> None:
        """Begin a life; it kills itself at the given moment."""
        self._memory = Memory(slot.path)
        self._memory.bytes[:] = bytes(8192)
        self.trace.begin(die_at)
        assert self._lives.stdin is not None
        self._lives.stdin.write(f"{slot.path}\n")
        self._lives.stdin.flush()
        self.until(lambda: self.trace[At.PID] > 0)

    @property
    def ended(self) -> bool:
        return self.trace[At.STATUS] >= 0

    @property
    def killed(self) -> bool:
        """Whether SIGKILL ended the life; anything but that and the exit code 0 is a failure."""
        status = int(self.trace[At.STATUS])
        assert status in (0, KILLED + signal.SIGKILL), f"the worker ended with status {status}"
        return status != 0

    def until(self, true: Callable[[], bool], seconds: float = LIMIT) -> None:
        """Read the worker's messages until something is true; it fails if that takes too long."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, f"waited {seconds} s in vain: {self}"
            assert self._lives.poll() is None, "the parent of the lives is gone"
            self._pump()

    def run(self, seconds: float) -> None:
        """Let it live for some time, or to its end."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.ended:
            self._pump()

    def _pump(self) -> None:
        if self._memory.full(STATUS):
            self._memory.clear(STATUS)
        time.sleep(0.0005)

    def until_computing(self) -> None:
        """Until it has begun its first slice; or ended, all being done already."""
        self.until(lambda: self.trace[At.SLICES] + self.trace[At.SLICING] > 0 or self.ended)

    def until_ended(self) -> None:
        self.until(lambda: self.ended)

    def kill(self) -> None:
        """SIGKILL. Harmless if it has ended meanwhile: its process id stays taken until the next life."""
        os.kill(int(self.trace[At.PID]), signal.SIGKILL)
        self.until_ended()

    def tell(self, message: bytes) -> bool:
        """Put a message into the control channel; whether it was taken before the worker ended."""
        self.until(lambda: self.ended or not self._memory.full(CONTROL))
        if not self.ended:
            self._memory.put(CONTROL, message)
            self.until(lambda: self.ended or not self._memory.full(CONTROL))
        return not self._memory.full(CONTROL)

    def cpu_seconds(self) -> float:
        """Processor time of all threads of the worker, user and system."""
        fields = Path(f"/proc/{int(self.trace[At.PID])}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __str__(self) -> str:
        return ", ".join(f"{at.name.lower()} {self.trace[at]:g}" for at in At)
