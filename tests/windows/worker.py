"""Tasks under Wine: the slot and the client's messages as in tests/client/slots.py, the program a Windows process."""

from __future__ import annotations

import itertools
import json
import os
import queue
import re
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wine.windows import Windows, path

from kernels.formats.workunit import WorkUnit
from tests.client import slots
from tests.client.slots import LOG_LINE, Ended, Slot
from tests.support.waiting import wait_until
from tests.wrapper.fake_client import Memory

HOST = Path(__file__).with_name("host.py")
_numbers = itertools.count()


class WindowsWorker(slots.Worker):
    """A program in a slot under Wine, started by host.py, and the client's end of the memory."""

    def __init__(
        self,
        windows: Windows,
        slot: Slot,
        program: Path,
        arguments: Sequence[str] = (),
        *,
        memory: bool = True,
        client: bool = True,
        **order: object,
    ) -> None:
        """Without `memory` the client has made none; without `client` its process is not named in init_data.xml."""
        self._slot = slot
        self._stderr = slot.path / "stderr.txt"
        self._before = self._stderr.stat().st_size if self._stderr.exists() else 0
        self.memory = Memory(slot.path) if memory else None
        self.statuses: list[tuple[float, bytes]] = []
        self.beats = False
        self.code: int | None = None
        self._start = time.monotonic()
        self._windows = windows
        self.process = subprocess.Popen(
            windows.command(windows.python, path(HOST)),
            env=windows.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        name = _memory_name(slot) if memory else ""
        order = {"program": [path(program), *arguments], "memory": name, "client": client, **order}
        self._say({"slot": path(slot.path), **order})
        self.pid = int(self._answer("started")["started"])
        self.started = time.monotonic()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._answers.put(json.loads(line))

    def _say(self, order: dict[str, object]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.process.stdin.flush()

    def _answer(self, key: str) -> dict[str, Any]:
        def come() -> dict[str, Any] | None:
            try:
                answer = self._answers.get_nowait()
            except queue.Empty:
                gone = self.process.poll() is not None
                assert not gone, (self.process.stderr and self.process.stderr.read(), self.stderr)
                return None
            if "ended" in answer:
                self.code = answer["ended"]
            return answer if key in answer else None

        return wait_until(come, f"the host's answer {key!r}", self._progress)

    def do(self, what: str, **more: object) -> dict[str, Any]:
        """Have the host do something; its answer."""
        self._say({"do": what, **more})
        return self._answer("done")

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self._say({"do": "kill"})
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        if self.memory is not None:
            self.memory.bytes.close()

    @property
    def stderr(self) -> str:
        return self._stderr.read_bytes()[self._before :].decode(errors="replace") if self._stderr.exists() else ""

    def until_said(self, words: str) -> None:
        """Until its stderr.txt has these words."""
        self.until(lambda: words in self.stderr, f"the words {words!r}")

    def until_computing(self) -> None:
        """Until it has told how far it is."""
        self.until(lambda: any(b"fraction_done" in said for _, said in self.statuses), "a fraction")

    def ended(self) -> Ended:
        code = self.wait_gone()
        lines = [LOG_LINE.fullmatch(line) for line in self.stderr.splitlines()]
        assert all(lines), f"more than a log: {self.stderr}"
        return Ended(code, [line[1] for line in lines if line], self.statuses)

    def wait_gone(self) -> int:
        """Let it run to its end, whatever it says; the exit code."""

        def has_gone() -> bool:
            self._listen()
            return self.process.poll() is not None

        wait_until(has_gone, "the end of the worker", self._progress)
        self._reader.join()
        while not self._answers.empty():
            self.code = self._answers.get_nowait().get("ended", self.code)
        assert self.code is not None, self.process.stderr and self.process.stderr.read()
        return self.code

    def _progress(self) -> tuple[int, int]:
        return _computed(self._windows), len(self.statuses) + len(self.stderr)


def _memory_name(slot: Slot) -> str:
    found = re.search(r"<comm_obj_name>(.*)</comm_obj_name>", (slot.path / "init_data.xml").read_text())
    assert found is not None
    return found[1]


def _computed(windows: Windows) -> int:
    """Ticks of processor time of all processes of this Windows."""
    total, mark = 0, f"WINEPREFIX={windows.prefix}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                    total += int(fields[11]) + int(fields[12])
            except OSError:
                continue
    return total


def task(folder: Path, unit: WorkUnit = slots.SMALL, **fields: object) -> Slot:
    """A slot as before the first start of a task, and no stderr.txt: on Windows the client makes none."""
    slot = slots.task(folder, unit, comm_obj_name=f"boinc_{os.getpid()}_{next(_numbers)}", **fields)
    (slot.path / "stderr.txt").unlink()
    return slot
