"""Disks that are full or refuse: a task waits for space, goes on from what was saved, and ends with the right cells."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.client.slots import BLOCKS, Slot, Worker, save, task
from tests.kernels.disk import BALLAST, fill, mounted
from tests.support import processes


def make_space(slot: Slot) -> None:
    """What a volunteer does, and what the client does before it starts the task again."""
    for name in (BALLAST, "boinc_temporary_exit"):
        (slot.path / name).unlink(missing_ok=True)


def check_ends(slot: Slot, worker: Worker, then: str) -> None:
    """A worker that waits for space ends in the right way when there is some, or when it is told to quit or abort."""
    if then == "space":
        make_space(slot)
        slot.check_postponed(worker.ended())
    else:
        worker.send(f"<{then}/>".encode())
        slot.check_unfinished(worker.ended(), 194 if then == "abort" else 0)


def until_waiting(worker: Worker) -> None:
    """Until it waits for space, and does not compute."""
    worker.until(lambda: "waiting here" in worker.stderr, "the word that it waits")
    processes.wait_idle(worker.process.pid)


def test_no_space_for_the_checkpoint(tmp_path: Path) -> None:
    slot = task(tmp_path, BLOCKS)
    with mounted(slot.path, pages=200):
        save(slot.checkpoint, slot.unit, 0.5)
        fill(slot.path, pages_left=1)
        ended = slot.run()
        slot.check_postponed(ended)
        (start,) = [line for line in ended.said if "going on from" in line]
        make_space(slot)
        again = slot.run()
        assert again.has_said(start), "the former checkpoint is not what it was"
        slot.check_finished(again)


def test_no_space_for_the_result(tmp_path: Path) -> None:
    """Another disk than the slot's: everything computed is in the checkpoint."""
    slot = task(tmp_path)
    with mounted(slot.project, pages=20):
        fill(slot.project)
        slot.check_postponed(slot.run())
        assert {path.name for path in slot.project.iterdir()} == {"wu_1.json", BALLAST}
        make_space(slot)
        (slot.project / BALLAST).unlink()
        again = slot.run()
        assert again.has_said("going on from the checkpoint at 100.0 %")
        slot.check_finished(again)


@pytest.mark.parametrize("then", ["space", "quit", "abort"])
def test_no_space_even_to_ask_for_a_later_start(tmp_path: Path, then: str) -> None:
    """An exit without a word would be an endless start and stop, one with an error the end of the task."""
    slot = task(tmp_path)
    with mounted(slot.path, pages=20):
        fill(slot.path)
        with slot.start() as worker:
            until_waiting(worker)
            assert slot.extra == {"boinc_lockfile"}
            check_ends(slot, worker, then)
        make_space(slot)
        slot.check_finished(slot.run())


def test_no_space_for_a_single_word(tmp_path: Path) -> None:
    """The log lies on the full disk too: that it cannot be written harms nobody, then or later."""
    slot = task(tmp_path, BLOCKS)
    (slot.path / "stderr.txt").write_bytes(b"")
    with mounted(slot.path, pages=20):
        fill(slot.path)
        with slot.start() as worker:
            worker.until_computing()
            worker.until(lambda: processes.threads(worker.process.pid) == 2, "the end of the threads that compute")
            processes.wait_idle(worker.process.pid)
            assert worker.stderr == ""
            make_space(slot)
            ended = worker.ended()
        assert (slot.path / "boinc_temporary_exit").exists()
        assert ended.code == 0
        make_space(slot)
        slot.check_finished(slot.run())


def test_no_space_to_tell_that_all_is_done(tmp_path: Path) -> None:
    """Room for a lock and a checkpoint, not for a third file: the result is written, boinc_finish_called cannot be."""
    slot = task(tmp_path)
    (slot.path / BALLAST).touch()
    with mounted(slot.path, pages=100, inodes=1 + len(list(slot.path.iterdir())) + 2):
        with slot.start() as worker:
            until_waiting(worker)
            assert slot.uploaded.exists()
            assert slot.checkpoint.exists()
            (slot.path / BALLAST).unlink()
            slot.check_postponed(worker.ended())
        make_space(slot)
        again = slot.run()
        assert again.has_said("the result is there already")
        slot.check_finished(again)


@pytest.mark.parametrize("then", ["space", "quit", "abort"])
def test_no_space_for_the_lock(tmp_path: Path, then: str) -> None:
    """It waits, and hears the client all the same."""
    slot = task(tmp_path)
    (slot.path / BALLAST).touch()
    with mounted(slot.path, pages=100, inodes=1 + len(list(slot.path.iterdir()))), slot.start() as worker:
        until_waiting(worker)
        assert "Cannot write boinc_lockfile: No space left on device." in worker.stderr
        assert slot.extra == set()
        check_ends(slot, worker, then)
    make_space(slot)
    slot.check_finished(slot.run())


def test_a_slot_that_is_read_only_for_a_while(tmp_path: Path) -> None:
    """Not even a lock can be had."""
    slot = task(tmp_path, BLOCKS)
    stderr = slot.path / "stderr.txt"
    stderr.unlink()
    stderr.symlink_to(tmp_path / "stderr.txt")
    (tmp_path / "stderr.txt").touch()
    with mounted(slot.path, pages=200):
        save(slot.checkpoint, slot.unit, 0.5)
        subprocess.run(["mount", "-o", "remount,ro", slot.path], check=True)
        with slot.start() as worker:
            until_waiting(worker)
            assert "Cannot write boinc_lockfile: Read-only file system." in worker.stderr
            subprocess.run(["mount", "-o", "remount,rw", slot.path], check=True)
            slot.check_postponed(worker.ended())
        make_space(slot)
        again = slot.run()
        assert again.has_said("going on from the checkpoint at 5")
        slot.check_finished(again)
