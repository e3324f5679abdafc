"""Checkpoints that are torn, foreign or no files at all: refused in a sentence, and the result is right."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from client import session
from tests.client.slots import BLOCKS, Slot, save, task
from tests.kernels import tiny


def cut(part: float) -> Callable[[Path], object]:
    return lambda path: os.truncate(path, int(path.stat().st_size * part))


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


def of_another_work_unit(path: Path) -> None:
    save(path, tiny.unit(7), 0.1)


def of_another_version(path: Path) -> None:
    with mock.patch.object(session, "__version__", "0.0.1"):
        path.unlink()
        save(path, BLOCKS, 0.7)


def of_the_torch_engine(path: Path) -> None:
    path.unlink()
    save(path, BLOCKS, 0.7, "torch")


def replaced_by(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def replace(path: Path) -> None:
        path.unlink()
        make(path)

    return replace


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (cut(0.0), "it is no checkpoint of this program"),
    "cut in its header": (cut(0.01), "it was cut off or damaged"),
    "cut at half": (cut(0.5), "it was cut off or damaged"),
    "flipped": (flip_a_bit, "it was cut off or damaged"),
    "another work unit": (of_another_work_unit, "its workunit is "),
    "another version": (of_another_version, "its app_version is 0.0.1, not "),
    "torch": (of_the_torch_engine, "its engine is torch, not c"),
    "directory": (replaced_by(Path.mkdir), "Cannot read "),
    "fifo": (replaced_by(os.mkfifo), "it is not a regular file"),
}


def begun(folder: Path, fault: str) -> Slot:
    slot = task(folder, BLOCKS)
    save(slot.checkpoint, slot.unit, 0.7)
    FAULTS[fault][0](slot.checkpoint)
    return slot


@pytest.mark.parametrize("fault", FAULTS)
def test_the_older_one_is_used_instead(tmp_path: Path, fault: str) -> None:
    slot = begun(tmp_path, fault)
    save(slot.older, slot.unit, 0.4)
    ended = slot.run()
    assert ended.said[0].startswith(f"checkpoint {slot.checkpoint.name} is refused: ")
    assert FAULTS[fault][1] in ended.said[0]
    assert ended.said[1].startswith("going on from the checkpoint at 4")
    slot.check_finished(ended)


@pytest.mark.parametrize("fault", ["cut at half", "another version", "directory", "fifo"])
def test_without_an_older_one_it_begins_again(tmp_path: Path, fault: str) -> None:
    slot = begun(tmp_path, fault)
    ended = slot.run()
    assert FAULTS[fault][1] in ended.said[0]
    assert ended.said[1] == "no usable checkpoint is left: starting from the beginning"
    slot.check_finished(ended)


def test_with_both_damaged_it_begins_again(tmp_path: Path) -> None:
    slot = begun(tmp_path, "cut at half")
    slot.older.mkdir()
    ended = slot.run()
    assert [line.partition(" is refused")[0] for line in ended.said[:2]] == [
        f"checkpoint {slot.checkpoint.name}",
        f"checkpoint {slot.older.name}",
    ]
    slot.check_finished(ended)
