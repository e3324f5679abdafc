"""The real client dies: its workers leave by themselves, and the slot of one that hangs is respected."""

import re
from datetime import datetime

from tests.boinc.frozen import needs_build
from tests.boinc.lives.orphans import STUCK, WOKEN, Orphans
from tests.boinc.real_client import needs_client

pytestmark = [needs_client, needs_build]


def said_at(text: str, words: str) -> datetime:
    """When the first line with these words was written."""
    found = re.search(rf"^(\S+ \S+) \(\d+\): .*{words}", text, re.MULTILINE)
    assert found, text
    return datetime.strptime(found.group(1), "%Y-%m-%d %H:%M:%S")


def test_a_worker_whose_client_died_leaves_and_unlocks_its_slot(orphans: Orphans) -> None:
    assert orphans.free_left_after.at_most(12.0)
    assert not orphans.free_lock_left


def test_its_task_goes_on_under_the_next_client(orphans: Orphans) -> None:
    assert orphans.after.ending("free") == (0, 5)
    (resumed,) = orphans.after.resumed("free")
    assert 0 < resumed < 100


def test_an_orphan_that_wakes_up_leaves(orphans: Orphans) -> None:
    assert orphans.woken_left_after.at_most(12.0)


def test_a_worker_tries_a_held_lock_again_after_35_seconds(orphans: Orphans) -> None:
    before, now = orphans.slots[WOKEN]
    assert now == before
    said = orphans.after.said("woken")
    assert said.count("is held by another process; trying once more") == 1
    waited = said_at(said, "going on from the checkpoint") - said_at(said, "is held by another process")
    # The log tells whole seconds. A second wait would make it 70.
    assert 34 <= waited.total_seconds() < 69
    assert orphans.after.ending("woken") == (0, 5)
    assert len(orphans.after.resumed("woken")) == 1


def test_a_lock_that_stays_held_postpones_the_task(orphans: Orphans) -> None:
    before, now = orphans.slots[STUCK]
    assert now == before
    line = f"Task {STUCK} postponed for 600 seconds: Waiting to acquire slot directory lock."
    assert orphans.after.client_log.count(line) == 1
    assert "going on from the checkpoint" not in orphans.stuck_stderr
    assert "Traceback" not in orphans.stuck_stderr


def test_an_orphan_that_hangs_is_left_alone(orphans: Orphans) -> None:
    assert orphans.stuck_orphan_stands
