"""How a task ends under the real client: aborted, killed, without space, refused, too large."""

import re

from tests.boinc.lives.endings import RETRY, Endings
from tests.boinc.real_client import needs_client

pytestmark = needs_client


def test_an_aborted_task_stops_at_once_and_says_why(endings: Endings) -> None:
    assert endings.after.ending("aborted") == (203, 6)
    # The client would wait 60 s before it kills.
    assert endings.abort_took.at_most(3.0)
    assert endings.after.said("aborted").endswith("the client aborts the task")


def test_a_killed_worker_is_started_again_and_goes_on(endings: Endings) -> None:
    assert endings.after_killed != endings.killed
    assert endings.after.ending("killed") == (0, 5)
    (resumed,) = endings.after.resumed("killed")
    assert 0 < resumed < 100


def test_a_refused_checkpoint_postpones_the_task_with_our_reason(endings: Endings) -> None:
    line = f"Task no_space_0 postponed for {RETRY:.0f} seconds: Cannot write to disk; trying again later."
    assert endings.after.client_log.count(line) == 1
    assert len(re.findall("Cannot write .*checkpoint.safetensors", endings.after.said("no_space"))) == 1


def test_the_client_starts_a_postponed_task_again_after_the_delay(endings: Endings) -> None:
    # It counts from its own next look at the process, and in whole seconds.
    assert endings.postponed_for > RETRY - 1
    assert endings.after.ending("no_space") == (0, 5)
    (resumed,) = endings.after.resumed("no_space")
    assert 0 < resumed < 100


def test_a_work_unit_of_another_format_is_an_error_in_one_sentence(endings: Endings) -> None:
    assert endings.after.ending("foreign") == (11, 3)
    (line,) = endings.after.said("foreign").splitlines()
    assert line.endswith(
        "has work-unit format 2, but this program reads format 1. Use the program version it was made for."
    )


def test_too_large_a_result_is_the_clients_error_after_a_whole_run(endings: Endings) -> None:
    assert endings.after.ending("oversize") == (0, 3)
    assert "-131 (file size too big)" in endings.after.reports["oversize"].stderr
    assert "24 cells on" in endings.after.said("oversize")
    assert "oversize" not in endings.after.results


def test_nothing_is_left_in_slots_and_of_results(endings: Endings) -> None:
    assert endings.left == []
