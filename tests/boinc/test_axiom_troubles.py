"""What keeps a task from going on under the real client and is over after a while: nothing computed is lost."""

import re

from tests.boinc.lives.crowded import RETRY, Crowded
from tests.boinc.lives.finishing import Finishing
from tests.boinc.lives.starved import Starved
from tests.boinc.lives.unsynced import Unsynced
from tests.boinc.real_client import needs_client

pytestmark = needs_client


def test_a_task_preempted_while_it_finishes_is_not_computed_again(finishing: Finishing) -> None:
    assert finishing.name, "the client saw the end of every task: the test says nothing"
    assert finishing.after.ending(finishing.name) == (0, 5)
    said = finishing.after.said(finishing.name)
    assert len(re.findall(" cells on ", said)) == 1, said
    assert said.endswith("the result is there already")
    assert finishing.after.results[finishing.name]


def test_a_quit_on_a_busy_core_keeps_what_was_computed(starved: Starved) -> None:
    assert starved.counted > starved.known
    (resumed,) = re.findall(r"going on from the checkpoint at (\S+) %", starved.said)
    assert 0 < float(resumed) < 100


def test_a_task_waits_for_threads_and_goes_on(crowded: Crowded) -> None:
    line = f"Task crowded_0 postponed for {RETRY:.0f} seconds: The computer starts no more threads; trying again later."
    assert line in crowded.after.client_log
    assert "No thread for the work can be started here" in crowded.after.said("crowded")
    assert crowded.after.ending("crowded") == (0, 5)
    assert 0 < crowded.after.resumed("crowded")[-1] < 100


def test_a_slot_without_sync_and_locks_is_a_slot(unsynced: Unsynced) -> None:
    assert unsynced.after.ending("unsynced") == (0, 5)
    assert "postponed" not in unsynced.after.client_log
    assert "held by another process" not in unsynced.after.said("unsynced")
    (resumed,) = unsynced.after.resumed("unsynced")
    assert 0 < resumed < 100
