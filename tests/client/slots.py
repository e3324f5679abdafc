"""Tasks of axiom-worker in slots of BOINC: the files a client lays out, real processes, and how they ended."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeVar
from unittest import mock

from client import passing
from client import session as session_module
from client.passing import Trouble
from client.session import Session
from client.task import CHECKPOINT, RESULT, WORKUNIT
from kernels.engine.contract import EngineName
from kernels.experiments import EXPERIMENTS
from kernels.formats import checkpoint, result, workunit
from kernels.formats.workunit import WorkUnit
from tests.client.sessions import cells, choice
from tests.kernels import tiny
from tests.kernels.disk import BALLAST
from tests.support import pace, processes
from tests.support.waiting import wait_until
from tests.wrapper.fake_client import CONTROL, HEARTBEAT, ROOT, STATUS, Memory, make_slot

SMALL = tiny.unit(1000, 1)  # the time of a process's start, and little more
BLOCKS = tiny.unit(1000, 2, depth=[1, 2], learning_rate=[0.01, 0.05])  # of two shapes: half a second
LONG = tiny.unit(1000, 4000)  # minutes: no test runs it to its end
LAID_OUT = {"boinc_mmap_file", "init_data.xml", "stderr.txt", WORKUNIT, RESULT}  # by the client, before the start
WORKER = ("-m", "client")
PATCHED = (str(Path(__file__).with_name("patched.py")),)  # the same with other constants, see `patches`
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(\d+\): (.+)")
REPORT = re.compile(rb"<fraction_done>([^<]*)</fraction_done>")

Value = TypeVar("Value")


def middle() -> WorkUnit:
    """Some seconds of work."""
    return pace.lasting(3.0, SMALL)


@dataclass
class Ended:
    """How a worker ended."""

    code: int
    said: list[str]  # its lines in stderr.txt, without time and process
    statuses: list[tuple[float, bytes]]  # messages of channel 5, and when they came, in seconds since the start

    @property
    def sentence(self) -> str:
        """The last line."""
        return self.said[-1]

    def has_said(self, part: str) -> bool:
        return any(part in line for line in self.said)


@dataclass
class Slot:
    """A slot directory and what of the project directory belongs to its task."""

    path: Path
    unit: WorkUnit
    project: Path = field(init=False)
    checkpoint: Path = field(init=False)
    older: Path = field(init=False)
    uploaded: Path = field(init=False)

    def __post_init__(self) -> None:
        self.project = self.path.parents[1] / "projects" / "example.org_axiom"
        self.checkpoint = self.path / CHECKPOINT
        self.older = self.path / f"{CHECKPOINT}.old"
        self.uploaded = self.project / "wu_1_0_r1"
        (self.project / "wu_1.json").write_bytes(workunit.encode(self.unit))
        target = f"../../projects/{self.project.name}/{self.uploaded.name}"
        (self.path / RESULT).write_text(f"<soft_link>{target}</soft_link>\n")
        (self.path / "stderr.txt").write_text("of an earlier start\n")

    def copied(self, folder: Path) -> Slot:
        """The same task in the same state below another folder; what it has said stays behind."""
        shutil.copytree(self.path.parents[1], folder)
        return Slot(folder / self.path.relative_to(self.path.parents[1]), self.unit)

    @property
    def extra(self) -> set[str]:
        """Names in the slot that neither the client nor a test has laid out."""
        return {path.name for path in self.path.iterdir()} - LAID_OUT - {BALLAST}

    def start(
        self, *, program: Sequence[str] = WORKER, before: Sequence[str | Path] = (), **environment: str
    ) -> Worker:
        """A worker in this slot, as the client starts it."""
        return Worker(self, [*map(str, before), sys.executable, *program], environment)

    def run(self, *, program: Sequence[str] = WORKER, before: Sequence[str | Path] = (), **environment: str) -> Ended:
        """Run a worker to its end, under a client that reads its messages and says nothing."""
        with self.start(program=program, before=before, **environment) as worker:
            return worker.ended()

    @property
    def results(self) -> set[str]:
        """Names in the project directory that the client has not laid out."""
        return {path.name for path in self.project.iterdir()} - {"wu_1.json"}

    @property
    def stderr(self) -> str:
        """What the task has said in all its runs."""
        return (self.path / "stderr.txt").read_text()

    def check_checkpoints(self) -> None:
        """Whatever lies in the slot under a checkpoint's name is whole."""
        for path in (self.checkpoint, self.older):
            if path.exists():
                checkpoint.decode(path.read_bytes())

    def check_finished(self, ended: Ended) -> None:
        """The task is done, its cells are the right ones, and nothing else is left but its checkpoint.

        The client cleans the slot; until then it may have to start the task again.
        """
        assert ended.code == 0, ended
        assert (self.path / "boinc_finish_called").read_bytes() == b"0\n"
        assert self.extra - {CHECKPOINT, f"{CHECKPOINT}.old"} == {"boinc_finish_called"}
        assert self.results <= {self.uploaded.name}
        found = result.read(self.uploaded)
        result.check(found, self.unit, "r")
        assert cells(found) == true_cells(workunit.encode(self.unit)), ended

    def check_unfinished(self, ended: Ended, code: int) -> None:
        """It ended with this code, no word to the client, the lock released and no result."""
        assert ended.code == code, ended
        assert self.extra <= {CHECKPOINT, f"{CHECKPOINT}.old"}
        assert not self.uploaded.exists()

    def check_postponed(
        self, ended: Ended, trouble: Trouble = passing.WRITING, sentence: str = "Cannot write "
    ) -> None:
        """It asked to be started again after the trouble's time, and said why."""
        assert ended.code == 0, ended
        asked = f"{trouble.delay:.0f}\n{trouble.reason}\n"
        assert (self.path / "boinc_temporary_exit").read_text() == asked
        assert self.extra <= {"boinc_temporary_exit", CHECKPOINT, f"{CHECKPOINT}.old"}
        assert ended.has_said(sentence)
        assert not ended.has_said("wrong inside this program")


class Worker:
    """A worker process and its client's end of the shared memory."""

    def __init__(self, slot: Slot, command: list[str], environment: dict[str, str]) -> None:
        self._slot = slot
        self._stderr = slot.path / "stderr.txt"
        self._before = self._stderr.stat().st_size
        file = slot.path / "boinc_mmap_file"
        usable = file.is_file() and file.stat().st_size >= 8192 and os.access(file, os.W_OK)
        self.memory = Memory(slot.path) if usable else None
        self.statuses: list[tuple[float, bytes]] = []
        self.beats = False  # whether the client sends a heartbeat whenever the last one has been heard
        self._start = time.monotonic()
        # What this process has set for its own numpy is not what a client gives to a program.
        inherited = {name: value for name, value in os.environ.items() if "_THREADS" not in name}
        with self._stderr.open("ab") as stderr:
            self.process = subprocess.Popen(
                command,
                cwd=slot.path,
                env={**inherited, "PYTHONPATH": str(ROOT), **environment},
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        if self.memory is not None:
            self.memory.bytes.close()

    @property
    def stderr(self) -> str:
        """What it has said so far."""
        return self._stderr.read_bytes()[self._before :].decode(errors="replace")

    def until(self, true: Callable[[], object], what: str) -> None:
        """Read its status messages until something is true, before it ends."""

        def reached() -> object:
            self._listen()
            reached = true()
            assert reached or self.process.poll() is None, (self.process.returncode, self.stderr)
            return reached

        wait_until(reached, what, self._progress)

    def listen(self, seconds: float) -> None:
        """Read its status messages for some time, in which it must not end."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end, "the time")

    def until_computing(self) -> None:
        """Until it has more threads than the one that waits and the one that hears the client."""
        self.until(lambda: processes.threads(self.process.pid) > 2, "a thread that computes")

    def until_statuses(self, count: int) -> None:
        """Until it has told the client so many times how far it is."""
        self.until(lambda: len(self.statuses) >= count, f"status message {count}")

    def send(self, message: bytes) -> None:
        assert self.memory is not None
        memory = self.memory
        self.until(lambda: not memory.full(CONTROL), "the taking of the former message")
        self.memory.put(CONTROL, message)

    def ended(self) -> Ended:
        """Let it run to its end; it fails the test if it comes to nothing, or if it wrote anything but its log."""

        def has_ended() -> bool:
            self._listen()
            return self.process.poll() is not None

        wait_until(has_ended, "the end of the worker", self._progress)
        lines = [LOG_LINE.fullmatch(line) for line in self.stderr.splitlines()]
        assert all(lines), f"more than a log: {self.stderr}"
        return Ended(self.process.returncode, [line[1] for line in lines if line], self.statuses)

    def _progress(self) -> tuple[int, int]:
        return processes.computed({self.process.pid}), len(self.statuses)

    def _listen(self) -> None:
        if self.memory is not None and self.memory.full(STATUS):
            self.statuses.append((time.monotonic() - self._start, self.memory.text(STATUS)))
            self.memory.clear(STATUS)
        if self.beats and self.memory is not None and not self.memory.full(HEARTBEAT):
            self.memory.put(HEARTBEAT, b"<heartbeat/><wss>0.000000e+00</wss><max_wss>2.274885e+10</max_wss>")


def patches(**constants: object) -> dict[str, str]:
    """The environment in which PATCHED has other constants; names have two underscores for each dot."""
    return {"AXIOM_PATCHES": json.dumps({name.replace("__", "."): value for name, value in constants.items()})}


# However late this machine is, a program that is told to quit ends by itself and is not ended half a second too early.
PATIENT = patches(wrapper__runtime__QUIT_GRACE=60.0)


def task(folder: Path, unit: WorkUnit = SMALL, **fields: object) -> Slot:
    """A slot as before the first start of a task; `fields` of init_data.xml as in `make_slot`."""
    return Slot(make_slot(folder, **fields), unit)


def save(path: Path, unit: WorkUnit, fraction: float, engine: EngineName = "c") -> None:
    """Write a checkpoint of a work unit of which about a fraction is done."""
    one = Session(unit, choice(engine=engine), path)
    with mock.patch.object(session_module, "SLICE_SECONDS", 0.001):
        while one.done < fraction * one.work:
            one.slice(one.unfinished()[0])
    assert one.unfinished()
    one.save()


@functools.cache
def true_cells(unit_bytes: bytes) -> bytes:
    """What the cells of a work unit, given by its file's bytes, must be."""
    return cells(tiny.computed(workunit.decode(unit_bytes, "wu.json", EXPERIMENTS), "c"))


def side_by_side(runs: dict[str, Callable[[], Value]]) -> dict[str, Value]:
    """Independent runs, as many at once as there are cores: most of a short one is spent starting."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = {name: pool.submit(run) for name, run in runs.items()}
        return {name: future.result() for name, future in futures.items()}
