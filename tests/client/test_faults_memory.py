"""The memory shared with the client: not there, no file, cut off, or full of garbage. The task computes on."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.client.slots import LONG, PATCHED, PATIENT, Ended, Slot, Worker, middle, patches, side_by_side, task
from tests.support import processes
from tests.support.lateness import Lateness
from tests.support.waiting import wait_while

MEMORY = "boinc_mmap_file"
# The client's process is tested more often than every 10 s, and a busy machine has time to write the checkpoint.
QUICK_TEST = patches(wrapper__liveness__PID_TEST_INTERVAL=0.3, wrapper__runtime__QUIT_GRACE=60.0)


def missing(slot: Slot) -> None:
    (slot.path / MEMORY).unlink()


def folder(slot: Slot) -> None:
    missing(slot)
    (slot.path / MEMORY).mkdir()


def of_size(size: int) -> Callable[[Slot], None]:
    return lambda slot: os.truncate(slot.path / MEMORY, size)


def no_segment(slot: Slot) -> None:
    init = slot.path / "init_data.xml"
    init.write_bytes(init.read_bytes().replace(b"<shm_key>-1<", b"<shm_key>33554431<"))


FAULTS: dict[str, Callable[[Slot], None]] = {
    "missing": missing,
    "folder": folder,
    "0 bytes": of_size(0),
    "100 bytes": of_size(100),
    "4096 bytes": of_size(4096),
    "no segment": no_segment,
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Slot, Ended]]:
    def run(fault: str) -> tuple[Slot, Ended]:
        slot = task(tmp_path_factory.mktemp("memory"))
        FAULTS[fault](slot)
        return slot, slot.run()

    return side_by_side({fault: lambda fault=fault: run(fault) for fault in FAULTS})  # type: ignore[misc]


@pytest.mark.parametrize("fault", FAULTS)
def test_without_it_the_task_is_done_all_the_same(seen: dict[str, tuple[Slot, Ended]], fault: str) -> None:
    slot, ended = seen[fault]
    assert ended.said[0].startswith("cannot map the memory shared with the client (")
    assert ended.said[0].endswith("): running standalone")
    slot.check_finished(ended)


def test_without_it_the_clients_death_still_ends_the_task(tmp_path: Path) -> None:
    client = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        slot = task(tmp_path, LONG, client_pid=client.pid)
        missing(slot)
        with slot.start(program=PATCHED, **QUICK_TEST) as worker:
            worker.until_computing()
            worker.listen(0.7)
            client.kill()
            client.wait()
            ended = worker.ended()
        assert ended.has_said(f"the client has gone (process {client.pid} has ended): stopping")
        slot.check_unfinished(ended, 0)
        assert slot.checkpoint.exists()
    finally:
        client.kill()
        client.communicate()


@pytest.mark.parametrize("size", [0, 100, 4096])
def test_made_smaller_under_the_program_it_is_a_silent_client(tmp_path: Path, size: int) -> None:
    slot = task(tmp_path, middle())
    with slot.start() as worker:
        worker.until_computing()
        assert worker.memory is not None
        worker.memory.bytes.close()
        worker.memory = None  # our own mapping is cut off too: we must not touch it
        of_size(size)(slot)
        ended = worker.ended()
    assert ended.has_said("the memory shared with the client has been cut off")
    slot.check_finished(ended)


class Garbage:
    """All eight mailboxes full of random bytes, none of which is a message."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)

    def mailbox(self) -> bytes:
        flag = self._draw.choice([b"\1", b"\xff", self._draw.randbytes(1)])
        text = self._draw.randbytes(1023)
        kind = self._draw.randrange(4)
        if kind == 0:
            text = text.replace(b"\0", b"\x80")  # no end
        elif kind == 1:  # half a message, and numbers that are none
            text = b"<heartbeat/><wss>" + text[:40].replace(b"\0", b"<") + b"</wss><max_wss>1e999</max_wss><quit"
        elif kind == 2:
            text = b"\xff" * 1023
        return flag + text.ljust(1023, b"\0")

    def pour(self, worker: Worker) -> None:
        assert worker.memory is not None
        memory = b"".join(self.mailbox() for _ in range(8))
        tags = (b"<suspend/>", b"<resume/>", b"<quit/>", b"<abort/>", b"<reread_app_info/>")
        assert not any(tag in memory for tag in tags)
        worker.memory.bytes[:] = memory

    def pour_while(self, worker: Worker, true: Callable[[], object], what: str) -> None:
        def poured() -> object:
            self.pour(worker)
            time.sleep(self._draw.choice([0.0, 0.001, 0.01, 0.06]))
            return true()

        wait_while(poured, what, lambda: processes.computed({worker.process.pid}), every=0.0)


@pytest.mark.parametrize("seed", [1, 2])
def test_garbage_in_every_mailbox_up_to_the_end(tmp_path: Path, seed: int) -> None:
    slot = task(tmp_path, middle(), client_pid=0)
    with slot.start() as worker:
        Garbage(seed).pour_while(worker, lambda: worker.process.poll() is None, "the end of the task")
        slot.check_finished(worker.ended())


@pytest.mark.parametrize("message", ["quit", "abort"])
def test_after_garbage_a_message_is_obeyed(tmp_path: Path, message: str) -> None:
    slot = task(tmp_path, LONG)
    with slot.start(program=PATCHED, **PATIENT) as worker:
        worker.until_computing()
        end = time.monotonic() + 2.0
        Garbage(3).pour_while(worker, lambda: time.monotonic() < end, "two seconds")
        assert worker.process.poll() is None
        with Lateness() as lateness:
            worker.send(f"<{message}/>".encode())
            ended = worker.ended()
            took = lateness.took()
        assert took.at_most(10.0), took  # obeyed between two steps, not after the 60 s of grace
    slot.check_unfinished(ended, 194 if message == "abort" else 0)
    assert slot.checkpoint.exists() == (message == "quit")
