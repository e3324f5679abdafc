"""A task that the real client stops for a while: taken out of memory, or for half of every two seconds."""

from tests.boinc.frozen import needs_build
from tests.boinc.lives.quitter import Quitter
from tests.boinc.lives.throttle import Throttle
from tests.boinc.real_client import needs_client

pytestmark = [needs_client, needs_build]


def test_a_suspended_task_leaves_the_memory(quitter: Quitter) -> None:
    # The client looks once a second, and would wait 60 s before it kills.
    assert quitter.took.at_most(6.0)
    assert quitter.running_while_suspended == set()


def test_the_checkpoint_written_on_quit_counts(quitter: Quitter) -> None:
    """Else the user would not be credited with the time since the one before."""
    current, saved = quitter.counted
    assert 0 < current - 0.05 < saved <= current


def test_a_resumed_task_goes_on_from_its_checkpoint(quitter: Quitter) -> None:
    assert quitter.second.pid != quitter.first.pid
    assert quitter.after.ending("quitter") == (0, 5)
    (resumed,) = quitter.after.resumed("quitter")
    assert 0 < resumed < 100


def test_a_throttled_task_uses_half_of_the_processor(throttle: Throttle) -> None:
    assert throttle.cpu < 0.75
    # On a busy machine that would hold without a limit too; this would not.
    assert throttle.busy < 0.75


def test_a_throttled_task_gets_on_and_writes_checkpoints(throttle: Throttle) -> None:
    assert throttle.fractions[0] < throttle.fractions[1]
    assert throttle.checkpoints[0] < throttle.checkpoints[1]
    assert throttle.after.ending("throttled") == (0, 5)
    assert throttle.after.resumed("throttled") == []
