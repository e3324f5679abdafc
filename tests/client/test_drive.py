"""The loop under a runtime: it stops computing when it is told to, and saves what it did."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from client.drive import drive
from client.session import Session
from kernels.errors import CannotWrite
from kernels.formats import result
from tests.client.sessions import Scripted, cells, choice, session
from tests.kernels import tiny
from tests.kernels.disk import full_above
from tests.support.held import Held
from tests.support.lateness import Lateness
from tests.support.waiting import wait_until, wait_while
from wrapper import Request

LONG = tiny.unit(1000, 1000, width=[256], depth=[2])  # minutes: no test runs it to its end
SHORT = tiny.unit(1000, 2, width=[32, 64])


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def begun(pool: ThreadPoolExecutor, one: Session, runtime: Scripted, threads: int = 1) -> Future[bool]:
    """`drive` running in a thread of its own, already computing."""
    future = pool.submit(drive, one, runtime, threads, choice().prepare_thread)
    wait_until(lambda: one.done > 0 or future.done(), "the first slice", time.process_time)
    assert not future.done() or future.result()
    return future


def has_done_more(one: Session, done: float) -> bool:
    return one.done > done


def result_of(future: Future[bool], one: Session) -> bool:
    """What `drive` returns once it has stopped."""
    wait_until(future.done, "the end of the loop", lambda: one.done)
    return future.result()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_any_number_of_threads_computes_the_same_cells(tmp_path: Path, threads: int) -> None:
    one, runtime = session(SHORT, tmp_path), Scripted()
    assert drive(one, runtime, threads, choice().prepare_thread) is True
    assert cells(one.result()) == cells(tiny.computed(SHORT, "c"))
    assert session(SHORT, tmp_path).unfinished() == [], "a result that finds no space must not be computed twice"


@pytest.mark.parametrize("threads", [1, 2])
def test_fractions_rise_from_above_0_to_below_1(tmp_path: Path, threads: int) -> None:
    one, runtime = session(tiny.unit(1, 8, width=[256], depth=[2]), tmp_path), Scripted()
    drive(one, runtime, threads, choice().prepare_thread)
    seen = [fraction for n, fraction in enumerate(runtime.fractions) if fraction not in runtime.fractions[:n]]
    assert seen == sorted(seen)
    assert len(seen) >= 5
    assert 0 < seen[0] < 0.5
    assert 0.99 < seen[-1] < 1, "the end was told before the result is written"


def test_a_resumed_session_tells_at_once_how_far_it_is(tmp_path: Path) -> None:
    one = session(SHORT, tmp_path)
    one.slice(one.unfinished()[0])
    one.save()
    again, runtime = session(SHORT, tmp_path), Scripted()
    runtime.want(Request.QUIT)
    assert drive(again, runtime, 1, choice().prepare_thread) is False
    assert runtime.fractions == [one.done / one.work]


@pytest.mark.parametrize("threads", [1, 2])
def test_suspended_within_half_a_second_it_computes_nothing_and_goes_on(
    tmp_path: Path, pool: ThreadPoolExecutor, threads: int
) -> None:
    one, runtime = session(LONG, tmp_path), Scripted()
    future = begun(pool, one, runtime, threads)
    for _ in range(2):
        with Lateness() as lateness:
            runtime.want(Request.SUSPEND)
            wait_until(runtime.waiting.is_set, "a wait of the loop", lambda: one.done)
            took = lateness.took()
        assert took.at_most(0.5), took
        done, before = one.done, time.process_time()
        time.sleep(0.5)
        assert time.process_time() - before < 0.1
        assert one.done == done
        runtime.want(Request.RUN)
        wait_until(functools.partial(has_done_more, one, done), "a slice after it", time.process_time)
    runtime.want(Request.QUIT)
    assert result_of(future, one) is False


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("stop", [Request.QUIT, Request.ABORT])
def test_it_stops_at_once_with_a_checkpoint(
    tmp_path: Path, pool: ThreadPoolExecutor, stop: Request, threads: int
) -> None:
    one, runtime = session(LONG, tmp_path), Scripted()
    future = begun(pool, one, runtime, threads)
    with Lateness() as lateness:
        runtime.want(stop)
        assert result_of(future, one) is False
        took = lateness.took()
    assert took.at_most(0.7), took
    assert len(runtime.checkpoints) == 1
    assert session(LONG, tmp_path).done == one.done > 0


def test_it_is_in_the_section_before_the_slices_in_flight_have_ended(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    """They may take as long as a program may stay, where others keep the core busy."""
    go_on = threading.Event()

    class Slow(Session):
        def slice(self, number: int) -> None:
            super().slice(number)
            go_on.wait()

    one, runtime = Slow(LONG, choice(), tmp_path / "checkpoint"), Scripted()
    future = begun(pool, one, runtime)
    try:
        runtime.want(Request.QUIT)
        wait_until(runtime.in_section.is_set, "the section", time.process_time)
        assert not future.done()
    finally:
        go_on.set()
    assert result_of(future, one) is False
    assert session(LONG, tmp_path).done == one.done > 0


def test_an_error_of_a_slice_that_a_quit_meets_is_not_saved(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    fail = threading.Event()

    class Broken(Session):
        def slice(self, number: int) -> None:
            super().slice(number)
            if fail.wait(60.0):
                raise MemoryError

    one, runtime = Broken(LONG, choice(), tmp_path / "checkpoint"), Scripted()
    future = begun(pool, one, runtime)
    runtime.want(Request.QUIT)
    wait_until(runtime.in_section.is_set, "the section", time.process_time)
    fail.set()
    with pytest.raises(MemoryError):
        result_of(future, one)
    assert list(tmp_path.iterdir()) == []


def test_it_stops_while_suspended(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    one, runtime = session(LONG, tmp_path), Scripted()
    future = begun(pool, one, runtime)
    runtime.want(Request.SUSPEND)
    wait_until(runtime.waiting.is_set, "a wait of the loop", lambda: one.done)
    runtime.want(Request.QUIT)
    assert result_of(future, one) is False
    assert session(LONG, tmp_path).done == one.done


def test_it_checkpoints_when_due_while_no_slice_runs_and_goes_on(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    one, runtime = session(LONG, tmp_path), Scripted()
    runtime.progress = lambda: one.done
    future = begun(pool, one, runtime, 2)
    for number in range(1, 4):
        runtime.due = True
        wait_while(lambda: runtime.due, "a checkpoint", lambda: one.done)
        assert len(runtime.checkpoints) == number
    before, after = zip(*runtime.checkpoints, strict=True)
    assert before == after, "something was computed while the checkpoint was written"
    assert before[0] < before[1] < before[2]
    assert not future.done()
    assert session(LONG, tmp_path).done == before[2]
    runtime.want(Request.QUIT)
    assert result_of(future, one) is False


def test_no_checkpoint_is_written_before_it_is_due(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    one, runtime = session(LONG, tmp_path), Scripted()
    future = begun(pool, one, runtime)
    time.sleep(0.3)
    assert list(tmp_path.iterdir()) == []
    runtime.want(Request.QUIT)
    result_of(future, one)


def test_asked_to_stop_before_it_began_it_computes_nothing(tmp_path: Path) -> None:
    one, runtime = session(LONG, tmp_path), Scripted()
    runtime.want(Request.QUIT)
    assert drive(one, runtime, 1, choice().prepare_thread) is False
    assert one.done == 0
    assert session(LONG, tmp_path).done == 0


def test_a_checkpoint_that_cannot_be_written_is_told_and_the_former_one_stays(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    one, runtime = session(LONG, tmp_path), Scripted()
    one.slice(one.unfinished()[0])
    one.save()
    saved = one.done
    one.slice(one.unfinished()[0])
    runtime.due = True
    with full_above(200), pytest.raises(CannotWrite):
        drive(one, runtime, 1, choice().prepare_thread)
    assert session(LONG, tmp_path).done == saved


def test_asked_to_stop_while_a_checkpoint_waits_for_who_holds_it_it_stops_with_that_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, runtime = session(LONG, tmp_path), Scripted()
    one.slice(one.unfinished()[0])
    one.save()
    one.slice(one.unfinished()[0])
    held = Held("checkpoint", monkeypatch)
    held.when_refused = lambda: runtime.want(Request.QUIT)
    runtime.due = True
    assert drive(one, runtime, 1, choice().prepare_thread) is False
    assert held.refused
    assert session(LONG, tmp_path).done == one.done


def test_an_error_in_a_thread_ends_the_loop_with_that_error(tmp_path: Path) -> None:
    class Broken(Session):
        def slice(self, number: int) -> None:
            raise ZeroDivisionError("in a thread")

    one = Broken(SHORT, choice(), tmp_path / "checkpoint")
    with pytest.raises(ZeroDivisionError, match="in a thread"):
        drive(one, Scripted(), 2, choice().prepare_thread)


def test_stopped_at_random_under_two_threads_the_cells_are_the_same(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    unit = tiny.unit(1000, 3, width=[32, 256], depth=[2])
    stops = in_vain = 0
    done = 0.0
    while True:
        one, runtime = session(unit, tmp_path), Scripted()
        assert one.done == done, "what a stopped run did is lost"
        timer = threading.Timer(0.05 + 0.07 * stops % 0.2, runtime.want, [Request.QUIT])
        timer.start()
        finished = drive(one, runtime, 2, choice().prepare_thread)
        timer.cancel()
        if finished:
            break
        stops += 1
        in_vain = 0 if one.done > done else in_vain + 1  # a busy machine may not begin before it is stopped
        done = one.done
        assert in_vain < 50
    assert stops > 1
    found = one.result()
    result.check(found, unit, "r")
    assert cells(found) == cells(tiny.computed(unit, "c"))
