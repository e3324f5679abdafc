"""axiom-worker under BOINC's stock wrapper: the files it leaves, and how it stops, is stopped and dies."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from client import task
from kernels.formats import result, workunit
from kernels.formats.workunit import WorkUnit
from tests.client import stock_wrapper
from tests.client.sessions import cells
from tests.kernels import tiny
from tests.support import commands, pace, processes
from tests.support.waiting import wait_until, wait_while
from tests.wrapper.fake_client import make_slot
from wrapper import stock


@pytest.fixture(scope="module")
def unit() -> WorkUnit:
    """Long enough that the wrapper, which looks once a second, sees it compute."""
    return pace.lasting(5.0, tiny.unit(1000, 1, width=[256], depth=[2]))


@pytest.fixture(scope="module")
def expected(unit: WorkUnit) -> bytes:
    return cells(tiny.computed(unit, "c"))


def slot_with(folder: Path, unit: WorkUnit) -> Path:
    """A slot that the wrapper has taken: it holds the lock."""
    slot = make_slot(folder, checkpoint_period="1")
    (folder / "projects/example.org_axiom/wu_1.json").write_bytes(workunit.encode(unit))
    (slot / "result.msgpack").write_text("<soft_link>../../projects/example.org_axiom/wu_1_0_r1_0</soft_link>\n")
    (slot / "boinc_lockfile").write_bytes(b"")
    return slot


def uploaded(slot: Path) -> bytes:
    return cells(result.read(slot / "../../projects/example.org_axiom/wu_1_0_r1_0"))


def test_the_job_names_what_the_program_writes() -> None:
    names = stock_wrapper.task()
    assert names["fraction_done_filename"] == stock.FRACTION_FILE
    assert names["checkpoint_filename"] == task.CHECKPOINT
    known = {"application", "command_line", "fraction_done_filename", "checkpoint_filename"}
    assert set(names) == known
    assert ElementTree.parse(stock_wrapper.JOB).getroot().tag == "job_desc"


def test_a_whole_life(tmp_path: Path, unit: WorkUnit, expected: bytes) -> None:
    slot = slot_with(tmp_path, unit)
    seen = stock_wrapper.play(slot, threads=2)
    assert seen.code == 0, seen.stderr
    assert uploaded(slot) == expected
    assert seen.fractions == sorted(seen.fractions)
    assert len({fraction for fraction in seen.fractions if 0 < fraction < 1}) >= 2
    assert seen.checkpoints >= 1
    assert "Traceback" not in seen.stderr
    # The lock is the wrapper's, and so is the word to the client that the task is finished.
    assert (slot / "boinc_lockfile").exists()
    assert not (slot / "boinc_finish_called").exists()
    # The client cleans the slot; until then it may start the task again.
    assert (slot / task.CHECKPOINT).exists()


def test_a_stop_of_the_whole_process_is_tolerated(tmp_path: Path, unit: WorkUnit, expected: bytes) -> None:
    slot = slot_with(tmp_path, unit)
    seen = stock_wrapper.play(slot, stop_at=0.01, stopped_for=3.0)
    assert seen.code == 0, seen.stderr
    assert uploaded(slot) == expected


def test_sigterm_is_a_quit_with_a_checkpoint(tmp_path: Path, unit: WorkUnit, expected: bytes) -> None:
    slot = slot_with(tmp_path, unit)
    first = stock_wrapper.play(slot, quit_at=0.01)
    assert first.left_within is not None
    assert first.left_within.at_most(2.0), first
    assert "stopped at" in first.stderr
    assert not (slot / "../../projects/example.org_axiom/wu_1_0_r1_0").exists()
    second = stock_wrapper.play(slot)
    assert second.code == 0, second.stderr
    assert second.fractions[0] >= first.fractions[-1]
    assert "going on from the checkpoint" in second.stderr
    assert uploaded(slot) == expected


def test_a_sigterm_that_is_not_the_wrappers_is_no_end_of_the_work(tmp_path: Path, unit: WorkUnit) -> None:
    slot = slot_with(tmp_path, unit)
    program = stock_wrapper.start(slot)
    wait_for_fraction(slot)
    program.terminate()
    assert commands.wait_ended(program) == 1


def test_it_leaves_when_the_wrapper_is_killed(tmp_path: Path, unit: WorkUnit) -> None:
    slot = slot_with(tmp_path, unit)
    code = "import sys, time; from pathlib import Path; from tests.client import stock_wrapper\n"
    code += "print(stock_wrapper.start(Path(sys.argv[1])).pid, flush=True); time.sleep(3600)"
    command = [sys.executable, "-c", code, str(slot)]
    environment = {**os.environ, "PYTHONPATH": str(stock_wrapper.ROOT)}
    wrapper = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert wrapper.stdout is not None
    pid = int(wrapper.stdout.readline())
    worker = processes.named(pid)
    try:
        wait_for_fraction(slot)
    finally:
        wrapper.kill()
        wrapper.wait()
        wrapper.stdout.close()
    wait_while(lambda: processes.alive({worker}), "the end of the worker", lambda: processes.computed({pid}))
    assert (slot / task.CHECKPOINT).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there the wrapper's exit code is what the client goes by")
def test_a_disk_that_refuses_postpones_the_task(tmp_path: Path) -> None:
    slot = slot_with(tmp_path, tiny.unit(1000, 2))
    (slot / f"{task.CHECKPOINT}.part").mkdir()
    seen = stock_wrapper.play(slot)
    assert seen.code == stock_wrapper.CHILD_FAILED
    delay, reason = (slot / "boinc_temporary_exit").read_text().splitlines()
    assert delay == "3600"
    assert "disk" in reason


def wait_for_fraction(slot: Path) -> None:
    fraction = slot / stock.FRACTION_FILE
    wait_until(lambda: stock_wrapper.fraction_done(fraction), "a fraction done", (slot / "stderr.txt").read_text)
