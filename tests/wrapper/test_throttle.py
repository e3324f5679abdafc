"""A client that throttles: suspend and resume for ever, at the worst moments for the messages of full seconds."""

import itertools
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.wrapper.fake_client import FakeClient, Recording, make_slot

SECONDS = 9


def throttled(folder: Path, phase: float, running: float, **options: float) -> Recording:
    """Each second runs only from `phase` for `running` seconds; in the last one it quits."""
    script = []
    for second in range(SECONDS):
        script += [(second + phase, b"<resume/>"), (second + phase + running, b"<suspend/>")]
    return FakeClient(make_slot(folder)).run("work", [*script, (SECONDS + 0.5, b"<quit/>")], saves=False, **options)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Future[Recording]]:
    pool = ThreadPoolExecutor()
    lives = {
        # Suspended at every full second: only patience gets a word in.
        "never at a full second": pool.submit(throttled, tmp_path_factory.mktemp("a"), 0.4, 0.2, STATUS_PATIENCE=2.0),
        "always at a full second": pool.submit(throttled, tmp_path_factory.mktemp("b"), 0.7, 0.6),
    }
    pool.shutdown(wait=False)
    return lives


def test_every_message_is_taken(seen: dict[str, Future[Recording]]) -> None:
    for life in seen.values():
        assert len(life.result().reaction) == 3
        assert all(delay < 0.3 + life.result().slack for delay in life.result().reaction.values())


def test_status_messages_come_at_full_seconds_though_half_of_all_time_is_suspended(
    seen: dict[str, Future[Recording]],
) -> None:
    life = seen["always at a full second"].result()
    times = [at for at, _ in life.statuses]
    assert len(times) >= SECONDS - 2
    assert all(abs(at - round(at)) < 0.35 + life.slack for at in times), times


def test_status_messages_are_not_starved(seen: dict[str, Future[Recording]]) -> None:
    life = seen["never at a full second"].result()
    times = [at for at, _ in life.statuses]
    assert len(times) >= 3
    assert all((at - 0.3) % 1 < 0.6 + life.slack for at in times), "sent while suspended"
    assert all(later - earlier < 3.5 + life.slack for earlier, later in itertools.pairwise(times)), times


def test_a_throttled_program_computes(seen: dict[str, Future[Recording]]) -> None:
    for life in seen.values():
        told = [message.partition(b"<fraction_done>")[2] for _, message in life.result().statuses]
        fractions = [float(text.partition(b"<")[0]) for text in told]
        assert fractions == sorted(set(fractions))
