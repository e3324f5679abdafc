"""A task in a slot directory without a client (standalone mode): files in, files out, endings."""

from __future__ import annotations

from pathlib import Path

from kernels.formats import result
from tests.client.sessions import cells
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
    assert found.device.threads == 1


def test_the_engine_of_a_task_is_what_its_arguments_say(tmp_path: Path) -> None:
    """As the work units of the application whose results are near each other ask for."""
    written(tmp_path, UNIT)
    code, _, err = ended(worker(tmp_path, "--engine", "torch"))
    assert code == 0, err
    found = result.read(tmp_path / "result.msgpack")
    result.check(found, UNIT, "r")
    assert (found.engine, found.device.kind) == ("torch", "cpu")
    assert cells(found) == cells(tiny.computed(UNIT, "torch"))
