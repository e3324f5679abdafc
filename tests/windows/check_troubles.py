"""What goes wrong on a volunteer's Windows: files that others hold, full disks, odd places, damage."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from wine.windows import path

from client import passing
from tests.client.slots import BLOCKS, SMALL, Slot, save
from tests.kernels.disk import fill, mounted
from tests.windows import NAMES
from tests.windows.check_lives import finish
from tests.windows.conftest import Start
from tests.windows.worker import task

READ, WRITE, DELETE = 1, 2, 4  # what another process lets others do with a file that it has open
DAMAGED = 206
SOME = 1.5  # seconds; a scanner looks at a file for less, and the program has patience for 5


def half_done(folder: Path, **fields: object) -> Slot:
    """A task of two blocks, stopped in the middle."""
    slot = task(folder, BLOCKS, **fields)
    save(slot.checkpoint, slot.unit, 0.5)
    return slot


@pytest.mark.parametrize("share", [0, READ | WRITE, READ | WRITE | DELETE], ids=["nothing", "no delete", "all"])
def test_a_scanner_at_the_checkpoint(tmp_path: Path, start: Start, share: int) -> None:
    slot = half_done(tmp_path)
    with start(slot, hold=[path(slot.checkpoint), share]) as worker:
        time.sleep(SOME)
        worker.do("release")
        ended = worker.ended()
    assert ended.said[0].startswith("going on from the checkpoint at"), ended
    slot.check_finished(ended)


@pytest.mark.parametrize("name", ["init_data.xml", "wu.json", "result.msgpack", "wu_1.json"])
def test_a_scanner_at_what_the_client_laid_out(tmp_path: Path, start: Start, name: str) -> None:
    slot = task(tmp_path)
    folder = slot.project if name == "wu_1.json" else slot.path
    with start(slot, hold=[path(folder / name), 0]) as worker:
        time.sleep(SOME)
        worker.do("release")
        ended = worker.ended()
    slot.check_finished(ended)
    assert ended.statuses, "it did not hear its client"


def test_a_scanner_at_the_result_of_an_earlier_start(tmp_path: Path, start: Start) -> None:
    slot = task(tmp_path)
    slot.uploaded.write_bytes(b"torn")
    with start(slot, hold=[path(slot.uploaded), READ | WRITE]) as worker:
        worker.until_statuses(1)
        worker.do("release")
        ended = worker.ended()
    slot.check_finished(ended)


def test_a_checkpoint_that_is_held_for_long_costs_some_minutes_and_no_work(tmp_path: Path, start: Start) -> None:
    slot = half_done(tmp_path, checkpoint_period="1")
    with start(slot, hold=[path(slot.checkpoint), READ | WRITE]) as worker:
        ended = worker.ended()
    assert ended.code == 0, ended
    slot.check_postponed(ended, passing.HELD, "checkpoint.safetensors")
    assert not ended.has_said("free some space")
    finish(slot, start)


@pytest.mark.parametrize("name", ["wu_1.json", "init_data.xml"])
def test_files_that_may_only_be_read(tmp_path: Path, start: Start, name: str) -> None:
    slot = task(tmp_path)
    (slot.project if name == "wu_1.json" else slot.path).joinpath(name).chmod(0o444)
    with start(slot, client=False) as worker:
        worker.beats = True
        slot.check_finished(worker.ended())


def test_a_full_disk(tmp_path: Path, start: Start) -> None:
    slot = half_done(tmp_path)
    with mounted(slot.project, pages=20):
        fill(slot.project)
        with start(slot) as worker:
            ended = worker.ended()
        slot.check_postponed(ended, passing.WRITING, "Cannot write ")
        (slot.project / "ballast").unlink()
        finish(slot, start)


@pytest.mark.parametrize("name", ["BOINC projets", "é", "中文"])
def test_places(tmp_path: Path, tree: Path, start: Start, name: str) -> None:
    folder = tmp_path / name
    main = Path(shutil.copytree(tree, folder / "installed")) / NAMES.main
    slot = task(folder, SMALL)
    with start(slot, main=main) as worker:
        slot.check_finished(worker.ended())


def test_a_place_so_deep_that_paths_are_longer_than_windows_once_took(tmp_path: Path, tree: Path, start: Start) -> None:
    """Those of libraries: Windows lets no process work in a folder, and Wine starts no program, beyond 260."""
    folder = tmp_path / ("a" * (190 - len(str(tmp_path))))
    main = Path(shutil.copytree(tree, folder / "projects" / "installed")) / NAMES.main
    assert len(str(main.parent / NAMES.bundle(1) / "kernels/engine/exact/_exact.dll")) > 260
    slot = task(folder, SMALL)
    with start(slot, main=main) as worker:
        slot.check_finished(worker.ended())


@pytest.mark.parametrize(
    "name", ["python311.dll", "base_library.zip", "_decimal.pyd", "kernels/engine/exact/_exact.dll", "axiom.exe"]
)
@pytest.mark.parametrize("damage", ["missing", "short", "zeroed"])
def test_damage_is_named_and_removed(tmp_path: Path, installed: Path, start: Start, name: str, damage: str) -> None:
    slot = task(tmp_path)
    file = installed / NAMES.bundle(1) / name
    whole = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(whole[: len(whole) // 2] if damage == "short" else whole[:-4096] + bytes(4096))
    with start(slot, main=installed / NAMES.main) as worker:
        code = worker.wait_gone()
        said = worker.stderr
    assert code == DAMAGED, said
    assert name in said
    assert "BOINC fetches" in said
    assert not file.exists()
    file.write_bytes(whole)
    with start(slot, main=installed / NAMES.main) as worker:
        assert worker.wait_gone() == 0
