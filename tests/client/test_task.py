"""A task in a slot directory without a client (standalone mode): files in, files out, endings."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from kernels.formats import result
from tests.client.sessions import cells
from tests.client.slots import BLOCKS, SMALL, Slot, task
from tests.client.standalone import ended, worker, written
from tests.kernels import tiny

UNIT = tiny.unit()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_standalone_task_writes_its_result_and_finishes(tmp_path: Path) -> None:
    slot = tmp_path / "slot 0"
    slot.mkdir()
    written(slot, UNIT)
    code, out, err = ended(worker(slot))
    assert code == 0, err
    assert out == ""
    assert "Traceback" not in err
    assert names(slot) == {"wu.json", "result.msgpack", "boinc_finish_called"}
    assert (slot / "boinc_finish_called").read_bytes() == b"0\n"
    found = result.read(slot / "result.msgpack")
    result.check(found, UNIT, "r")
    assert cells(found) == cells(tiny.computed(UNIT, "c"))
    assert found.header.device.threads == 1


def test_without_a_client_nobody_would_come_back_so_it_is_an_error(tmp_path: Path) -> None:
    written(tmp_path, UNIT)
    (tmp_path / "checkpoint.safetensors.part").mkdir()
    code, _, err = ended(worker(tmp_path))
    assert code == 33, err
    assert not (tmp_path / "boinc_temporary_exit").exists()
    if not torch.cuda.is_available():
        code, _, err = ended(worker(tmp_path, "--device", "0"))
        assert code == 30, err


def test_the_engine_of_a_task_is_what_its_arguments_say(tmp_path: Path) -> None:
    """As the work units of the application whose results are near each other ask for."""
    written(tmp_path, UNIT)
    code, _, err = ended(worker(tmp_path, "--engine", "torch"))
    assert code == 0, err
    found = result.read(tmp_path / "result.msgpack")
    result.check(found, UNIT, "r")
    assert (found.header.engine, found.header.device.kind) == ("torch", "cpu")
    assert cells(found) == cells(tiny.computed(UNIT, "torch"))


def whole_result(slot: Slot) -> bytes:
    """What a start that nobody disturbed leaves; then the slot is as when the client did not see the end."""
    slot.check_finished(slot.run())
    return slot.uploaded.read_bytes()


@pytest.mark.parametrize("finish_file", [True, False])
@pytest.mark.parametrize("saved", [True, False])
def test_a_start_that_finds_the_whole_result_finishes_at_once(tmp_path: Path, finish_file: bool, saved: bool) -> None:
    """The client tells a task to leave that is about to finish, hears of no end, and starts it again one day."""
    slot = task(tmp_path, BLOCKS)
    before = whole_result(slot)
    if not finish_file:
        (slot.path / "boinc_finish_called").unlink()
    if not saved:
        slot.checkpoint.unlink()
    again = slot.run()
    assert again.said == [f"{slot.unit.name}: the result is there already"]
    assert again.statuses[-1][1].endswith(b"<fraction_done>1.000000e+00</fraction_done>\n")
    slot.check_finished(again)
    assert slot.uploaded.read_bytes() == before


def test_what_was_computed_is_there_until_the_client_has_the_result(tmp_path: Path) -> None:
    """The checkpoint stays beside the finish file: what the client lost in between would else be computed again."""
    slot = task(tmp_path, BLOCKS)
    whole_result(slot)
    slot.uploaded.unlink()
    again = slot.run()
    assert again.has_said("going on from the checkpoint at 100.0 %")
    slot.check_finished(again)


@pytest.mark.parametrize("fault", ["torn", "of another work unit", "empty"])
def test_a_result_that_is_not_this_tasks_own_is_computed(tmp_path: Path, fault: str) -> None:
    slot = task(tmp_path, BLOCKS)
    whole = whole_result(slot)
    if fault == "torn":
        slot.uploaded.write_bytes(whole[:-1])
    elif fault == "empty":
        slot.uploaded.write_bytes(b"")
    else:
        slot.uploaded.write_bytes(result.encode(tiny.computed(SMALL, "c")))
    again = slot.run()
    assert not again.has_said("the result is there already")
    slot.check_finished(again)
