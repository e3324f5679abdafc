"""The life of a task under Windows' protocol: what the client says, and what becomes of the program and its work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.client import slots
from tests.client.slots import LONG, Slot, middle
from tests.support.lateness import Lateness
from tests.support.waiting import pause
from tests.windows.conftest import Start
from tests.windows.worker import task

DETACHED, CREATE_NEW_CONSOLE = 0x8, 0x10
ABORTED = 194


def fraction(message: bytes) -> float:
    found = re.search(rb"<fraction_done>(.*)</fraction_done>", message)
    return float(found[1]) if found else 0.0


def finish(slot: Slot, start: Start) -> slots.Ended:
    """Let the task end undisturbed: with the right cells, whatever was done to it before."""
    (slot.path / "boinc_temporary_exit").unlink(missing_ok=True)
    with start(slot) as worker:
        ended = worker.ended()
    slot.check_finished(ended)
    return ended


def test_suspend_resume_quit_and_the_end(tmp_path: Path, start: Start) -> None:
    slot = task(tmp_path, middle())
    with start(slot) as worker:
        worker.until_computing()
        worker.send(b"<suspend/>")
        worker.listen(1.0)
        before = len(worker.statuses)
        worker.listen(2.0)
        assert len(worker.statuses) == before, "it tells its progress while it is suspended"
        worker.send(b"<resume/>")
        worker.until_statuses(before + 1)
        worker.send(b"<quit/>")
        stopped = worker.ended()
    slot.check_unfinished(stopped, 0)
    assert slot.checkpoint.exists()
    share = float(re.search(r"stopped at ([\d.]+) %", stopped.sentence)[1])  # type: ignore[index]
    ended = finish(slot, start)
    assert ended.said[0] == f"going on from the checkpoint at {share:.1f} %"
    assert fraction(ended.statuses[-1][1]) == 1.0
    assert [fraction(said) for _, said in ended.statuses] == sorted(fraction(said) for _, said in ended.statuses)


def test_abort_while_suspended(tmp_path: Path, start: Start) -> None:
    slot = task(tmp_path, LONG)
    with start(slot) as worker:
        worker.until_computing()
        worker.send(b"<suspend/>")
        worker.listen(0.5)
        worker.send(b"<abort/>")
        ended = worker.ended()
    slot.check_unfinished(ended, ABORTED)


def test_a_second_instance_waits_for_the_lock_and_asks_to_come_later(tmp_path: Path, start: Start) -> None:
    slot = task(tmp_path, LONG)
    with start(slot) as first:
        first.until_computing()
        with start(slot, memory=False) as second:
            ended = second.ended()
        assert ended.code == 0, ended
        assert ended.has_said("is held by another process; trying once more in 35 s")
        asked = (slot.path / "boinc_temporary_exit").read_text()
        assert asked == "600\nWaiting to acquire slot directory lock.\n"
        first.listen(1.0)  # it lives


def test_a_successor_takes_over_when_the_first_has_gone(tmp_path: Path, start: Start) -> None:
    slot = task(tmp_path, middle(), checkpoint_period="1")
    with start(slot) as first:
        first.until(slot.checkpoint.exists, "a checkpoint")
        with start(slot, memory=False) as second:
            second.until_said("trying once more")
            first.do("kill")
            ended = second.ended()
    slot.check_finished(ended)


def test_without_heartbeats_it_leaves(tmp_path: Path, start: Start) -> None:
    slot = task(tmp_path, LONG, client_pid=0)
    with start(slot, client=False) as worker:
        worker.beats = True
        worker.until_computing()
        worker.beats = False
        ended = worker.ended()
    slot.check_unfinished(ended, 0)
    assert ended.has_said("the client has gone (no heartbeat for 30 s): stopping")
    assert slot.checkpoint.exists()


@pytest.mark.parametrize("event", ["client dies", "log off"])
def test_it_saves_before_it_leaves(tmp_path: Path, start: Start, event: str) -> None:
    """A log-off as the launcher passes it on; that Windows tells the launcher, Wine cannot show."""
    slot = task(tmp_path, LONG)
    with start(slot) as worker:
        worker.until_computing()
        worker.do(event)
        ended = worker.ended()
    slot.check_unfinished(ended, 0)
    assert ended.has_said("the client has gone") == (event == "client dies")
    assert ended.sentence.startswith("stopped at")
    assert slot.checkpoint.exists()


@pytest.mark.parametrize("lacks", ["memory", "init_data.xml"])
def test_standalone(tmp_path: Path, start: Start, lacks: str) -> None:
    slot = task(tmp_path)
    if lacks == "init_data.xml":
        (slot.path / lacks).unlink()
    with start(slot, memory=False, client=False) as worker:
        code = worker.wait_gone()
    assert code == 0
    slot.check_finished(slots.Ended(code, [], []))


def test_without_a_console(tmp_path: Path, start: Start) -> None:
    slot = task(tmp_path)
    with start(slot, flags=DETACHED) as worker:
        slot.check_finished(worker.ended())


def test_a_bad_work_unit_ends_with_its_code_and_one_sentence(tmp_path: Path, start: Start) -> None:
    slot = task(tmp_path)
    (slot.project / "wu_1.json").write_text("{")
    with start(slot) as worker:
        ended = worker.ended()
    assert ended.code == 10, ended
    assert len(ended.said) == 1, ended
    assert "wu_1.json is not a work unit" in ended.sentence


def test_a_quit_is_answered_at_once(tmp_path: Path, start: Start) -> None:
    slot = task(tmp_path, LONG)
    with start(slot) as worker:
        worker.until_computing()
        with Lateness() as lateness:
            worker.send(b"<quit/>")
            worker.wait_gone()
            took = lateness.took()
    print(f"quit to gone: {took}")
    assert slot.checkpoint.exists()
    assert not pause(0.1, unless=(slot.path / "boinc_lockfile").exists)
