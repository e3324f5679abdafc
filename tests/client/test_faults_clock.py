"""Time: a wall clock that jumps changes nothing, a process that stood still goes on, and no code reads that clock."""

from __future__ import annotations

import ast
import itertools
import signal
import time
from pathlib import Path

import pytest

from tests.client.slots import LONG, PATCHED, PATIENT, Slot, Worker, middle, patches, task
from tests.client.standalone import ROOT
from tests.support.lateness import STEPS, Lateness

JUMPING = (str(Path(__file__).with_name("jumping.py")),)
WALL_CLOCKS = {
    "time": {"time", "time_ns", "clock_gettime", "clock_gettime_ns", "localtime", "gmtime", "ctime", "strftime"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}


def days_in_log(slot: Slot) -> set[str]:
    return {line[:10] for line in slot.stderr.splitlines() if line[:2].isdigit()}


def check_rhythm(worker: Worker, lateness: Lateness) -> None:
    """Messages come once a second: not late, and none is made up for."""
    times = [at for at, _ in worker.statuses]
    assert len(times) >= 3
    slack = STEPS * lateness.worst
    assert all(0.7 - slack < later - earlier < 1.7 + slack for earlier, later in itertools.pairwise(times)), times


def check_quit(slot: Slot, worker: Worker) -> None:
    with Lateness() as lateness:
        worker.send(b"<quit/>")
        ended = worker.ended()
        took = lateness.took()
    assert took.at_most(2.0), took
    assert ended.sentence.startswith("stopped at ")
    slot.check_unfinished(ended, 0)


def test_a_clock_that_always_jumps_changes_nothing(tmp_path: Path) -> None:
    slot = task(tmp_path / "long", LONG, checkpoint_period="1")
    with Lateness() as lateness, slot.start(program=JUMPING, **PATIENT) as worker:
        worker.until(slot.checkpoint.exists, "a checkpoint")
        worker.until(slot.older.exists, "a second checkpoint")
        worker.until_statuses(4)
        check_rhythm(worker, lateness)
        check_quit(slot, worker)
    assert len(days_in_log(slot)) > 1, "the clock has not jumped"
    whole = task(tmp_path / "whole", middle(), checkpoint_period="1")
    whole.check_finished(whole.run(program=JUMPING, **PATIENT))


def test_libfaketime_changes_nothing(tmp_path: Path) -> None:
    """The system's own clock as the program and its libraries see it: days forwards, then more than a year back."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        pytest.skip("libfaketime is not installed")
    offset = tmp_path / "offset"
    offset.write_text("+0\n")
    slot = task(tmp_path, LONG, checkpoint_period="1")
    environment = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with Lateness() as lateness, slot.start(program=PATCHED, **PATIENT, **environment) as worker:
        worker.until_computing()
        for jump in ("+5d", "-400d"):
            offset.write_text(f"{jump}\n")
            worker.until_statuses(len(worker.statuses) + 2)
        worker.until(slot.checkpoint.exists, "a checkpoint")
        check_rhythm(worker, lateness)
        check_quit(slot, worker)
    assert len(days_in_log(slot)) > 1, "the clock has not jumped"


def test_a_process_that_was_stopped_for_seconds_goes_on(tmp_path: Path) -> None:
    """Its client tells by heartbeats that it lives; the last one lies in the memory when the process wakes up."""
    slot = task(tmp_path, middle(), client_pid=0)
    with slot.start(program=PATCHED, **patches(wrapper__liveness__HEARTBEAT_TIMEOUT=2.0)) as worker:
        worker.until_computing()
        worker.beats = True
        worker.process.send_signal(signal.SIGSTOP)
        worker.listen(3.0)
        worker.process.send_signal(signal.SIGCONT)
        before, began = len(worker.statuses), time.monotonic()
        worker.listen(0.5)
        assert len(worker.statuses) - before <= 1 + int(time.monotonic() - began), "messages were made up for"
        slot.check_finished(worker.ended())


def wall_clocks(source: str) -> list[str]:
    """Every use of a clock that can jump: attributes such as time.time, however imported from."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if node.attr in WALL_CLOCKS.get(owner, ()):
                found.append(f"{owner}.{node.attr} in line {node.lineno}")
        elif isinstance(node, ast.ImportFrom) and node.module in ("time", "datetime"):
            found.append(f"from {node.module} in line {node.lineno}: import the module, so that its uses can be seen")
        elif isinstance(node, ast.Import):
            found += [
                f"{name.name} under another name" for name in node.names if name.name in WALL_CLOCKS and name.asname
            ]
    return found


@pytest.mark.parametrize(
    "source",
    ["import time\ntime.time()", "import time\nx = time.time_ns", "import datetime\ndatetime.datetime.now()",
     "import datetime\ndatetime.date.today()", "from time import time", "import time as t"],
)  # fmt: skip
def test_uses_of_the_wall_clock_are_found(source: str) -> None:
    assert len(wall_clocks(source)) == 1


def test_nothing_but_the_log_reads_the_wall_clock() -> None:
    files = [path for room in ("wrapper", "client", "kernels") for path in (ROOT / room).rglob("*.py")]
    assert len(files) > 30
    found = {str(path.relative_to(ROOT)): wall_clocks(path.read_text(encoding="utf-8")) for path in files}
    assert {name: uses for name, uses in found.items() if uses} == {}
