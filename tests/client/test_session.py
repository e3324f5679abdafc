"""A session: the same cells however often it is stopped, and however its blocks are cut."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import pytest

from client import host
from client import session as session_module
from client.engines import Choice
from client.errors import NoDevice
from client.passing import DEVICE, trouble
from client.session import Session
from kernels import plan
from kernels.cells import Cell
from kernels.engine.contract import DeviceAway, EngineName
from kernels.engine.devices import Device
from kernels.formats import checkpoint, result
from kernels.formats.result import Result
from tests.client.sessions import cells, choice, session
from tests.kernels import tiny

UNIT = tiny.unit(1000, 2, depth=[1, 2], learning_rate=[0.01, 0.05])


@pytest.fixture(scope="module")
def true() -> Result:
    return tiny.computed(UNIT, "c")


@pytest.fixture(autouse=True)
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "SLICE_SECONDS", 0.0015)


def on_gpu(number: int) -> Choice:
    """The torch engine as it is on a GPU of that number, but that it computes on the processor."""
    found = choice(engine="torch")
    found.engine.device = Device("cuda", number)
    return found


def test_a_checkpoint_is_taken_up_on_another_gpu(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Which of its GPUs the client assigns is an accident of scheduling."""
    one = Session(UNIT, on_gpu(0), tmp_path / "checkpoint")
    one.slice(one.unfinished()[0])
    one.save()
    again = Session(UNIT, on_gpu(1), tmp_path / "checkpoint")
    assert again.done == one.done > 0
    assert "refused" not in caplog.text


def test_a_gpu_that_is_lost_meanwhile_is_no_fault_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Session(UNIT, on_gpu(0), tmp_path / "checkpoint")
    one.slice(one.unfinished()[0])

    def lost(*_: object) -> None:
        raise DeviceAway("CUDA error: unspecified launch failure")

    monkeypatch.setattr("kernels.engine.torch.engine.TorchEngine.train", lost)
    with pytest.raises(NoDevice, match="cuda:0") as caught:
        one.slice(one.unfinished()[0])
    assert trouble(caught.value) == DEVICE


def test_slices_compute_the_work_unit_and_its_result_answers_it(tmp_path: Path, true: Result) -> None:
    one = session(UNIT, tmp_path)
    assert (one.cells, one.cells_done, one.done) == (8, 0, 0.0)
    fractions, slices = [0.0], 0
    while one.unfinished():
        one.slice(one.unfinished()[0])
        fractions.append(one.done / one.work)
        slices += 1
    assert slices > 20
    assert all(b > a for a, b in itertools.pairwise(fractions))
    assert fractions[-1] == 1.0
    assert one.cells_done == 8
    found = one.result()
    result.check(result.decode(result.encode(found), "r"), UNIT, "r")
    assert cells(found) == cells(true)
    assert list(tmp_path.iterdir()) == [], "a checkpoint nobody asked for"


@pytest.mark.parametrize(("seed", "engine"), [(0, "c"), (1, "c"), (2, "c"), (3, "torch"), (4, "torch")])
def test_stopped_at_random_and_gone_on_from_the_checkpoint_the_cells_are_the_same(
    tmp_path: Path, seed: int, engine: EngineName, caplog: pytest.LogCaptureFixture
) -> None:
    """Blocks are taken up in any order, side by side; some stops come before anything was done."""
    draw = random.Random(seed)
    one, stops = session(UNIT, tmp_path, engine), 0
    while one.unfinished():
        for _ in range(draw.randint(0, 12)):
            if left := one.unfinished():
                one.slice(draw.choice(left))
        one.save()
        if draw.random() < 0.3:
            one.save()
        done, finished = one.done, one.cells_done
        one = session(UNIT, tmp_path, engine)
        stops += 1
        assert one.done == done
        assert one.cells_done == finished
    assert stops > 2
    assert cells(one.result()) == cells(tiny.computed(UNIT, engine))
    assert "refused" not in caplog.text


@pytest.mark.parametrize("seed", range(3))
def test_however_cells_are_cut_into_blocks_the_result_has_the_work_units_order(
    tmp_path: Path, true: Result, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """As many blocks as cells, and wider ones turned round, in any order."""
    draw, real = random.Random(seed), plan.blocks

    def blocks(*words: Any) -> list[list[Cell]]:
        cut = [[cell] for cell in UNIT.cells] if seed else [list(block)[::-1] for block in real(*words)]
        draw.shuffle(cut)
        return cut

    monkeypatch.setattr(plan, "blocks", blocks)
    one = session(UNIT, tmp_path)
    while one.unfinished():
        one.slice(draw.choice(one.unfinished()))
    made = one.result()
    assert made.content == Result(made.header, true.columns, true.digests).content
    assert (made.header.seeds, made.header.axes) == (true.header.seeds, true.header.axes)


def test_what_was_done_after_the_last_checkpoint_is_done_again(tmp_path: Path, true: Result) -> None:
    one = session(UNIT, tmp_path)
    for _ in range(10):
        one.slice(one.unfinished()[0])
    one.save()
    saved = one.done
    for _ in range(10):
        one.slice(one.unfinished()[0])
    again = session(UNIT, tmp_path)
    assert again.done == saved < one.done
    while again.unfinished():
        again.slice(again.unfinished()[0])
    assert cells(again.result()) == cells(true)


def test_blocks_begun_are_finished_first(tmp_path: Path) -> None:
    one = session(UNIT, tmp_path)
    last = one.unfinished()[-1]
    assert last != one.unfinished()[0]
    one.slice(last)
    assert one.unfinished()[0] == last
    one.save()
    assert session(UNIT, tmp_path).unfinished()[0] == last


def test_a_host_with_another_cache_goes_on_from_the_checkpoint(
    tmp_path: Path, true: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = session(UNIT, tmp_path)
    for _ in range(15):
        one.slice(one.unfinished()[0])
    one.save()
    monkeypatch.setattr(host, "cache_bytes", lambda: 1)
    again = session(UNIT, tmp_path)
    assert again.blocks == one.blocks
    assert again.done == one.done
    while again.unfinished():
        again.slice(again.unfinished()[0])
    assert cells(again.result()) == cells(true)


def test_other_block_widths_compute_the_same_cells(
    tmp_path: Path, true: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "cache_bytes", lambda: 1)
    one = session(UNIT, tmp_path)
    assert one.blocks == one.cells == 8
    while one.unfinished():
        one.slice(one.unfinished()[0])
    assert cells(one.result()) == cells(true)


def test_another_work_units_checkpoint_is_refused_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = session(tiny.unit(7), tmp_path)
    one.slice(0)
    one.save()
    assert session(UNIT, tmp_path).done == 0
    assert "is refused: its workunit is" in caplog.text
    assert "starting from the beginning" in caplog.text


def test_another_work_units_checkpoint_is_not_destroyed(tmp_path: Path) -> None:
    mine = session(tiny.unit(7), tmp_path)
    mine.slice(0)
    mine.save()
    session(UNIT, tmp_path)  # the same --out by mistake; or the right work unit with another --device
    assert session(tiny.unit(7), tmp_path).done == mine.done


def test_another_engines_checkpoint_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one = session(UNIT, tmp_path, "torch")
    one.slice(0)
    one.save()
    assert session(UNIT, tmp_path, "c").done == 0
    assert "its engine is torch, not c" in caplog.text


def test_a_torn_checkpoint_is_refused_and_the_work_unit_begun_again(
    tmp_path: Path, true: Result, caplog: pytest.LogCaptureFixture
) -> None:
    one = session(UNIT, tmp_path)
    one.slice(0)
    one.save()
    path = tmp_path / "checkpoint"
    path.write_bytes(path.read_bytes()[:-1])
    again = session(UNIT, tmp_path)
    assert again.done == 0
    assert "cut off or damaged" in caplog.text
    while again.unfinished():
        again.slice(again.unfinished()[0])
    assert cells(again.result()) == cells(true)


def test_times_add_up_over_runs(tmp_path: Path) -> None:
    one = session(UNIT, tmp_path)
    while len(one.unfinished()) > 1:
        one.slice(one.unfinished()[0])
    one.save()
    again = session(UNIT, tmp_path)
    while again.unfinished():
        again.slice(again.unfinished()[0])
    header = checkpoint.decode((tmp_path / "checkpoint").read_bytes()).header
    timings = again.result().header.timings
    assert 0 < header.computing < timings.computing < 60
    assert 0 < header.cpu < timings.cpu < 600


def test_a_finished_work_unit_can_be_taken_up_again(tmp_path: Path, true: Result) -> None:
    """Killed between the last checkpoint and the result."""
    one = session(UNIT, tmp_path)
    while one.unfinished():
        one.slice(one.unfinished()[0])
    one.save()
    again = session(UNIT, tmp_path)
    assert again.unfinished() == []
    assert again.done == again.work
    assert cells(again.result()) == cells(true)


def test_work_is_that_of_all_cells(tmp_path: Path) -> None:
    from kernels.experiments import EXPERIMENTS

    work = EXPERIMENTS["compgen"].course.work
    assert session(UNIT, tmp_path).work == pytest.approx(sum(work(c.condition) for c in UNIT.cells))
