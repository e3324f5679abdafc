"""A task under a client that kills, suspends and quits it hundreds of times: the very bytes of an uninterrupted run.

All but the timings, which are wall time. The lives are real processes, and so are the signals and messages; see
forking_worker.py for what is made faster in them.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from client.task import CHECKPOINT
from kernels.experiments import EXPERIMENTS
from kernels.formats import checkpoint, result
from kernels.formats.checkpoint import CheckpointRefused
from kernels.formats.result import Timings
from tests.client.interrupter import Interrupter
from tests.client.optimizers import EXPERIMENT, UNIT
from tests.client.sessions import cells
from tests.client.slots import Slot, task
from tests.client.trace import At, Trace
from tests.kernels import tiny

TIMES = 200
OLDER, PART, FINISH = CHECKPOINT + ".old", CHECKPOINT + ".part", "boinc_finish_called"


@pytest.fixture(scope="module")
def interrupter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interrupter]:
    with Interrupter(tmp_path_factory.mktemp("lives")) as one:
        yield one


@pytest.fixture(scope="module")
def uninterrupted(interrupter: Interrupter, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    slot = slot_of(tmp_path_factory.mktemp("uninterrupted"))
    interrupter.start(slot)
    found = ended_well(interrupter, slot)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(EXPERIMENTS, EXPERIMENT.name, EXPERIMENT)
        assert cells(result.decode(found, "r")) == cells(tiny.computed(UNIT, "c"))
    return found


def slot_of(folder: Path) -> Slot:
    """Of a task without a period of the user's own: the program's default holds, which the lives shorten."""
    return task(folder, UNIT, checkpoint_period=0)


def ended_well(interrupter: Interrupter, slot: Slot) -> bytes:
    """Everything of the result but its timings, once the life has ended by itself and left nothing it should not."""
    interrupter.until_ended()
    assert not interrupter.killed
    assert slot.extra - {CHECKPOINT, OLDER} == {FINISH}, slot.stderr
    assert slot.results == {slot.uploaded.name}
    assert "refused" not in slot.stderr
    assert "Traceback" not in slot.stderr
    return without_timings(slot)


def without_timings(slot: Slot) -> bytes:
    found = result.read(slot.uploaded)
    assert 0 < found.header.timings.computing < 600
    assert 0 < found.header.timings.cpu < 600
    header = msgspec.structs.replace(found.header, timings=Timings(0.0, 0.0))
    return result.encode(replace(found, header=header))


def half_written(path: Path) -> bool:
    try:
        data = path.read_bytes()
        checkpoint.decode(data)
    except FileNotFoundError:
        return False
    except CheckpointRefused:
        return data != b""
    return False


class Past:
    """What the lives of one task so far leave to the next: the last finished checkpoint, or one begun after it."""

    def __init__(self) -> None:
        self.work = {0.0}
        self.advanced = 0  # lives that found more done than the one before
        self._last = 0.0

    def extend(self, trace: Trace, slot: Slot) -> None:
        """By a life that has ended."""
        slot.check_checkpoints()
        assert "refused" not in slot.stderr, slot.stderr
        resumed = trace[At.RESUMED]
        if resumed < 0:
            return  # killed before it had read a checkpoint
        assert resumed in self.work, f"resumed at {resumed}, not at one of {self.work}"
        assert trace[At.DONE] >= resumed, "what the checkpoint held was computed anew"
        self.advanced += resumed > self._last
        self._last = resumed
        self.work = {trace[At.SAVED] if trace[At.SAVES] else resumed}
        if trace[At.SAVING] >= 0:
            self.work.add(trace[At.SAVING])
        if FINISH in slot.extra:
            self.work.add(0.0)  # the task is over, and its checkpoint may be gone


def test_killed_at_random_moments(interrupter: Interrupter, uninterrupted: bytes, tmp_path: Path) -> None:
    draw, trace = random.Random(1), interrupter.trace
    kills = advanced = 0
    inside: Counter[frozenset[str]] = Counter()  # a checkpoint being written -> what lay in the slot then

    def enough() -> bool:
        """On a busy machine most kills come before anything new is saved: there it takes more of them."""
        seen = advanced + past.advanced >= TIMES // 10 and inside.total() >= TIMES // 40
        return kills >= (TIMES if seen else 10 * TIMES)

    for number in itertools.count():
        slot, past, over = slot_of(tmp_path / str(number)), Past(), False
        while not over:
            interrupter.start(slot)
            if not enough():
                if draw.random() < 0.9:  # the others hit the start, more often than not
                    interrupter.until_computing()
                interrupter.run(draw.uniform(0, 0.1))
                interrupter.kill()
            interrupter.until_ended()
            past.extend(trace, slot)
            over = not interrupter.killed
            if not over:
                kills += trace[At.SLICES] + trace[At.SLICING] > 0 and FINISH not in slot.extra
                if trace[At.WRITING]:
                    inside[frozenset(slot.extra & {CHECKPOINT, OLDER, PART})] += 1
        assert ended_well(interrupter, slot) == uninterrupted
        done = enough()
        advanced += past.advanced
        if done:
            break
    print(f"{kills} kills in {number + 1} tasks, {advanced} lives advanced, inside a write: {dict(inside)}")
    assert advanced >= TIMES // 10
    assert inside.total() >= TIMES // 40
    assert any(OLDER in left for left in inside), inside


def test_killed_at_every_moment_of_writing_checkpoints(
    interrupter: Interrupter, uninterrupted: bytes, tmp_path: Path
) -> None:
    slot, past, trace = slot_of(tmp_path), Past(), interrupter.trace
    left, torn = set(), 0
    for moment in itertools.count(1):
        interrupter.start(slot, moment)
        interrupter.until_ended()
        assert interrupter.killed, "the work unit was over before the second checkpoint of a life"
        past.extend(trace, slot)
        if trace[At.WRITING]:
            left.add(frozenset(slot.extra & {CHECKPOINT, OLDER, PART}))
        torn += half_written(slot.path / PART)
        if trace[At.SAVES] == 2:
            break
    print(f"{moment} moments; left by kills inside a write: {left}, {torn} torn")
    assert {frozenset(s) for s in ({CHECKPOINT}, {OLDER}, {OLDER, PART}, {CHECKPOINT, OLDER})} <= left
    assert torn
    interrupter.start(slot)
    assert ended_well(interrupter, slot) == uninterrupted


def test_killed_at_every_moment_of_its_ending(interrupter: Interrupter, uninterrupted: bytes, tmp_path: Path) -> None:
    computed, trace = slot_of(tmp_path / "computed"), interrupter.trace
    computed.uploaded.mkdir()  # so that it ends with everything computed and no result
    interrupter.start(computed)
    interrupter.until_ended()
    assert not interrupter.killed
    computed.uploaded.rmdir()
    for moment in itertools.count(1):
        slot = computed.copied(tmp_path / str(moment))
        interrupter.start(slot, moment)
        interrupter.until_ended()
        if not interrupter.killed:
            break
        if FINISH in slot.extra:
            assert without_timings(slot) == uninterrupted
        interrupter.start(slot)
        assert ended_well(interrupter, slot) == uninterrupted
        assert trace[At.SLICES] == 0, "computed twice"
    print(f"{moment - 1} moments")
    assert moment > 30
    assert ended_well(interrupter, slot) == uninterrupted


def test_suspended_and_resumed(interrupter: Interrupter, uninterrupted: bytes, tmp_path: Path) -> None:
    draw, trace = random.Random(2), interrupter.trace
    pairs = 0
    used: list[float] = []  # seconds of processor time in half a second, from half a second after some suspensions
    for number in itertools.count():
        slot = slot_of(tmp_path / str(number))
        interrupter.start(slot)
        interrupter.until_computing()
        while pairs < TIMES and not interrupter.ended:
            interrupter.run(draw.uniform(0, 0.02))
            interrupter.tell(b"<suspend/>")
            if draw.random() < 0.8:  # the others are resumed at once
                if measured := pairs == 20 * len(used):
                    interrupter.run(0.5)
                else:
                    interrupter.until(lambda: trace[At.WAITING] == 1 or interrupter.ended, "the suspension")
                if interrupter.ended:
                    break
                slices, before = trace[At.SLICES], interrupter.cpu_seconds()
                if measured:
                    interrupter.run(0.5)
                    used.append(interrupter.cpu_seconds() - before)
                interrupter.run(draw.uniform(0, 0.02))
                assert (trace[At.SLICES], trace[At.SLICING]) == (slices, 0), "it computed while suspended"
                assert not interrupter.ended
                pairs += 1
            interrupter.tell(b"<resume/>")
            interrupter.until(lambda: trace[At.WAITING] == 0 or interrupter.ended, "the resumption")
        assert ended_well(interrupter, slot) == uninterrupted
        if pairs >= TIMES:
            break
    print(f"{pairs} pairs in {number + 1} tasks; processor time in half a second: {used}")
    assert len(used) == TIMES // 20
    assert max(used) < 0.05


def test_quit_and_started_again(interrupter: Interrupter, uninterrupted: bytes, tmp_path: Path) -> None:
    draw, trace = random.Random(3), interrupter.trace
    quits = 0
    for number in itertools.count():
        slot, done, over = slot_of(tmp_path / str(number)), 0.0, False
        while not over:
            interrupter.start(slot)
            if quits < TIMES:
                if draw.random() < 0.9:
                    interrupter.until_computing()
                interrupter.run(draw.uniform(0, 0.05))
                if draw.random() < 0.2:
                    interrupter.tell(b"<suspend/>")
                    interrupter.run(draw.uniform(0, 0.02))
                interrupter.tell(b"<quit/>")
            interrupter.until_ended()
            assert not interrupter.killed
            if trace[At.RESUMED] >= 0:  # else it stopped before it had read its checkpoint
                assert trace[At.RESUMED] == done, "something was lost"
                assert trace[At.DONE] >= done, "what the checkpoint held was computed anew"
                done = trace[At.DONE]
            over = FINISH in slot.extra
            if not over:
                assert slot.extra == ({CHECKPOINT} if done else slot.extra & {CHECKPOINT})
                quits += trace[At.SLICES] > 0
        assert ended_well(interrupter, slot) == uninterrupted
        if quits >= TIMES:
            break
    print(f"{quits} quits in {number + 1} tasks")
