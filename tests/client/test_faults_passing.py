"""What a computer lacks for a while: memory, threads, permissions. A task waits, and goes on from where it was.

Limits and users are the operating system's.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from client import passing
from client.errors import NoDevice, NoEngine
from client.passing import Trouble, trouble
from kernels.engine.contract import DeviceAway, DeviceUnavailable, EngineUnavailable
from kernels.errors import CannotRead, WorkUnitUnreadable
from tests.client import users
from tests.client.slots import BLOCKS, WORKER, Slot, save, side_by_side, task
from tests.support import commands
from tests.wrapper.fake_client import ROOT

MEGABYTES = (30, 60, 85, 100, 110, 115, 120, 130)  # of address space: from too little for Python to nearly enough


def lifted(slot: Slot) -> Slot:
    """As the client lets the task go on, when the trouble is over."""
    (slot.path / "boinc_temporary_exit").unlink()
    return slot


def starts_within(megabytes: int, slot: Slot) -> tuple[Slot, int]:
    """A task's exit code where it has so much address space."""
    with slot.start(before=["prlimit", f"--as={megabytes * 10**6}"]) as worker:
        return slot, commands.wait_ended(worker.process)


def test_however_little_memory_there_is_the_task_is_not_lost(tmp_path: Path) -> None:
    """The client goes by the file, whatever the exit code; OpenBLAS ends the process by itself."""
    begun = task(tmp_path / "begun", BLOCKS)
    save(begun.checkpoint, begun.unit, 0.5)
    slots = {size: begun.copied(tmp_path / str(size)) for size in MEGABYTES}
    runs = {size: lambda size=size: starts_within(size, slots[size]) for size in MEGABYTES}
    postponed = 0
    for size, (slot, code) in side_by_side(runs).items():  # type: ignore[arg-type]
        assert code >= 0, (size, slot.stderr)
        if not (slot.path / "boinc_finish_called").exists():
            postponed += 1
            delay, reason = (slot.path / "boinc_temporary_exit").read_text().splitlines()
            assert (float(delay), reason) in {(t.delay, t.reason) for t in (passing.MEMORY, passing.THREADS)}, size
            again = lifted(slot).run()
            assert again.has_said("going on from the checkpoint at 5"), size
            slot.check_finished(again)
    assert postponed >= 4, "nearly all of these limits allow the task: the test says nothing"


def test_a_program_that_cannot_be_loaded_for_another_reason_leaves_no_word(tmp_path: Path) -> None:
    """An installation that is damaged does not heal: the failure must reach the project."""
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text("raise ImportError('torn')")
    slot = task(tmp_path)
    with slot.start(PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}") as worker:
        assert commands.wait_ended(worker.process) == 1
    assert slot.extra == set()


@pytest.mark.parametrize("threads", [1, 2])
def test_no_thread_can_be_had(threads: int) -> None:
    """Neither the one that hears the client, or none that computes."""
    with users.slot(BLOCKS) as (slot, before):
        save(slot.checkpoint, slot.unit, 0.5)
        users.give(slot.path)
        ended = slot.run(before=["prlimit", f"--nproc={threads}", *before])
        slot.check_postponed(ended, passing.THREADS, "No thread for the work can be started here")
        again = lifted(slot).run(before=before)
        assert again.has_said("going on from the checkpoint at 5")
        slot.check_finished(again)


def test_fewer_threads_than_asked_for_compute(tmp_path: Path) -> None:
    with users.slot(BLOCKS) as (slot, before):
        command = (*WORKER, "--nthreads", "4")
        ended = slot.run(program=command, before=["prlimit", "--nproc=4", *before])
        assert ended.has_said("this computer starts 2 of 4 threads now")
        slot.check_finished(ended)


def test_a_lock_file_of_another_user() -> None:
    with users.slot(BLOCKS) as (slot, before):
        save(slot.checkpoint, slot.unit, 0.5)
        users.give(slot.path)
        lock = slot.path / "boinc_lockfile"
        lock.touch(0o600)
        os.chown(lock, 0, 0)
        ended = slot.run(before=before)
        assert ended.has_said("Cannot write boinc_lockfile: Permission denied.")
        lock.unlink()
        slot.check_postponed(ended)
        slot.check_finished(lifted(slot).run(before=before))


@pytest.mark.parametrize("name", ["checkpoint.safetensors", "wu.json", "result.msgpack"])
def test_a_file_that_may_not_be_read_for_a_while(name: str) -> None:
    """A checkpoint that was taken for none would be replaced, and a soft link for the result itself."""
    with users.slot(BLOCKS) as (slot, before):
        save(slot.checkpoint, slot.unit, 0.5)
        users.give(slot.path)
        file = slot.path / name
        os.chown(file, 0, 0)
        file.chmod(0o600)
        ended = slot.run(before=before)
        slot.check_postponed(ended, passing.READING, f"Cannot read {name}: Permission denied.")
        users.give(slot.path)
        again = lifted(slot).run(before=before)
        assert again.has_said("going on from the checkpoint at 5")
        slot.check_finished(again)


def test_a_start_file_that_may_not_be_read_for_a_while() -> None:
    """Without it a task knows no GPU that it was given, and hears no client."""
    with users.slot(BLOCKS) as (slot, before):
        init = slot.path / "init_data.xml"
        init.chmod(0)
        ended = slot.run(before=before)
        slot.check_postponed(ended, passing.READING, "init_data.xml cannot be read (Permission denied)")
        init.chmod(0o600)
        slot.check_finished(lifted(slot).run(before=before))


UNMAPPED = OSError("a.so: failed to map segment from shared object")


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), passing.MEMORY),
        (SystemError("error return without exception set"), passing.MEMORY),
        (caused(ImportError("x"), SystemError("<method> returned NULL without setting an exception")), passing.MEMORY),
        (SystemError("Negative size passed to PyTuple_New"), None),
        (caused(NoEngine("c", "x"), caused(EngineUnavailable("x"), UNMAPPED)), passing.MEMORY),
        (caused(NoDevice("cuda:0", "x"), DeviceAway("no driver")), passing.DEVICE),
        (caused(CannotRead("wu.json", "x", "y"), OSError(5, "Input/output error")), passing.READING),
        (caused(CannotRead("wu.json", "x", "y"), OSError(116, "Stale file handle")), passing.READING),
        (caused(CannotRead("wu.json", "x", "y"), FileNotFoundError(2, "No such file or directory")), None),
        (caused(NoDevice("cuda:0", "x"), DeviceUnavailable("wrong bits")), None),
        (NoDevice("quantum", "this program knows NVIDIA GPUs only"), None),
        (caused(NoEngine("torch", "x"), caused(EngineUnavailable("x"), ImportError("no module"))), None),
        (WorkUnitUnreadable("wu.json", "it is not JSON"), None),
        (ZeroDivisionError(), None),
    ],
    ids=str,
)  # fmt: skip
def test_what_passes_and_what_does_not(error: Exception, expected: Trouble | None) -> None:
    assert trouble(error) == expected
