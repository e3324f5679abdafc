"""Files that another program holds, as a virus scanner does on Windows: for a moment, and for longer than patience."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from client import passing
from client.passing import Trouble
from tests.client.slots import BLOCKS, LONG, Slot, save, side_by_side, task

HOLDING = str(Path(__file__).with_name("holding.py"))
UPLOADED = "the result behind its soft link, not yet renamed"
MOMENTS = (
    *("wu.json", "init_data.xml", "result.msgpack", UPLOADED, "boinc_finish_called.partial"),
    *(
        "boinc_temporary_exit",
        "boinc_temporary_exit.partial",
        "checkpoint.safetensors",
        "checkpoint.safetensors.part",
        "checkpoint.safetensors.old",
    ),
)
LONGER: dict[str, tuple[Trouble, str]] = {
    "wu.json": (passing.READING, "Cannot read wu.json: Permission denied. End the program that has it open, or give"),
    "init_data.xml": (passing.READING, "init_data.xml cannot be read (Permission denied)"),
    "result.msgpack": (passing.READING, "Cannot read result.msgpack: Permission denied. End the program that has it"),
    "checkpoint.safetensors.part": (passing.HELD, "Cannot write checkpoint.safetensors: The file is in use. End the"),
    UPLOADED: (passing.HELD, "The file is in use. End the program that has it open, or have virus scanners leave"),
    "boinc_finish_called.partial": (
        passing.HELD,
        "Cannot write boinc_finish_called.partial: The file is in use. End the",
    ),
}


def begun(folder: Path) -> Slot:
    slot = task(folder, BLOCKS)
    save(slot.checkpoint, slot.unit, 0.5)
    return slot


def holding(slot: Slot, name: str, attempts: str, seconds: str) -> tuple[str, ...]:
    return (HOLDING, f"{slot.uploaded.name}.part" if name == UPLOADED else name, attempts, seconds)


def test_a_file_that_is_held_for_a_moment_costs_that_moment(tmp_path: Path) -> None:
    slots = {name: begun(tmp_path / str(number)) for number, name in enumerate(MOMENTS)}
    runs = {name: lambda s=slot, n=name: s.run(program=holding(s, n, "3", "60")) for name, slot in slots.items()}
    for name, ended in side_by_side(runs).items():  # type: ignore[arg-type]
        assert ended.said[-1] == "refused 3 times", name
        assert ended.has_said("going on from the checkpoint at 5"), name
        slots[name].check_finished(ended)


@pytest.mark.parametrize("name", LONGER)
def test_one_that_is_held_for_longer_has_the_task_come_back_in_minutes(tmp_path: Path, name: str) -> None:
    slot = begun(tmp_path)
    trouble, sentence = LONGER[name]
    ended = slot.run(program=holding(slot, name, "inf", "0.1"))
    assert int(re.findall(r"refused (\d+) times", slot.stderr)[-1]) > 1
    left = slot.path / name
    if "part" in left.suffix:  # held as it is, it cannot be removed
        left.rename(tmp_path / "left")
    slot.check_postponed(ended, trouble, sentence)
    assert trouble.delay <= 600.0
    if "part" in left.suffix:
        (tmp_path / "left").rename(left)
    (slot.path / "boinc_temporary_exit").unlink()
    again = slot.run()
    assert again.has_said("going on from the checkpoint at") or again.has_said("the result is there already")
    slot.check_finished(again)


def test_an_older_checkpoint_that_stays_held_harms_nobody(tmp_path: Path) -> None:
    """The newer one is proven: it is only that the older cannot be removed."""
    slot = begun(tmp_path)
    ended = slot.run(program=holding(slot, slot.older.name, "inf", "0.1"))
    slot.check_finished(ended)
    assert slot.older.exists()


def test_half_a_result_beside_the_others_of_the_project_goes_with_the_next_start(tmp_path: Path) -> None:
    """The client cleans slots and not the project's folder, and this task may never come to its result again."""
    slot = task(tmp_path, LONG)
    half = slot.uploaded.with_name(f"{slot.uploaded.name}.part")
    half.write_bytes(b"half")
    with slot.start() as worker:
        worker.until_computing()
        assert not half.exists()
        worker.send(b"<abort/>")
        slot.check_unfinished(worker.ended(), 194)
