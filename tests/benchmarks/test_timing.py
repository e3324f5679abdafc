"""Works take turns, and every value is kept."""

from __future__ import annotations

import time
from functools import partial

from benchmarks.timing import take_turns, timed


def count_to(number: int) -> int:
    """By steps of one, which takes a while."""
    return sum(1 for _ in range(number))


def test_one_call() -> None:
    begun = time.perf_counter()
    seconds, value = timed(partial(count_to, 100_000))
    assert value == 100_000
    assert 0 < seconds <= time.perf_counter() - begun


def test_works_take_turns() -> None:
    calls: list[str] = []
    turns = take_turns({name: partial(calls.append, name) for name in "ab"}, 3)
    assert calls == [*"aabb", *"ababab"]  # a call to warm up and one to see what it takes
    assert [len(turn.seconds) for turn in turns.values()] == [3, 3]
    assert [turn.calls for turn in turns.values()] == [1, 1]


def test_a_short_work_is_called_again_until_its_round_is_long_enough() -> None:
    turns = take_turns({"short": lambda: time.sleep(0.004), "long": lambda: time.sleep(0.03)}, 2, least=0.02)
    assert 2 <= turns["short"].calls <= 5
    assert turns["long"].calls == 1
    assert min(turns["short"].seconds) >= 0.004 * turns["short"].calls
