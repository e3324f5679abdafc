"""Waiting: what comes is returned, what stands still fails with a sentence, and what moves is waited for."""

import itertools

import pytest

from tests.support.waiting import WaitedInVain, pause, wait_until, wait_while


def test_what_comes_is_returned() -> None:
    answers = iter([None, "", "here"])
    assert wait_until(lambda: next(answers), "an answer", lambda: 0) == "here"


def test_what_stands_still_fails_with_what_was_seen_of_it() -> None:
    with pytest.raises(WaitedInVain, match=r"the report did not come .* nothing has moved for 0\..* seen as 'a log'"):
        wait_until(lambda: None, "the report", lambda: "a log", patience=0.2)


def test_what_moves_is_waited_for_beyond_the_patience() -> None:
    steps, answers = itertools.count(), iter([False] * 40 + [True])
    assert wait_until(lambda: next(answers), "the last answer", lambda: next(steps), patience=0.1, every=0.01)


def test_what_moves_for_ever_ends_too() -> None:
    steps = itertools.count()
    with pytest.raises(WaitedInVain, match="the end did not come"):
        wait_until(lambda: None, "the end", lambda: next(steps), patience=0.2, limit=0.5)


def test_the_opposite() -> None:
    answers = iter([1, 1, 0])
    wait_while(lambda: next(answers), "the end of the ones", lambda: 0)


def test_a_pause_ends_early_where_the_thing_happens() -> None:
    assert pause(60.0, unless=lambda: True)
    assert not pause(0.05, unless=lambda: False)
