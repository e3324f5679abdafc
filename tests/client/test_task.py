"""A task in a slot directory without a client (standalone mode): files in, files out, endings."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kernels import result
from tests.client.runs import cells, ended, worker, written
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
    assert cells(found) == cells(tiny.computed(UNIT, "exact"))
    assert found.device.threads == 1


def test_soft_links_are_followed(tmp_path: Path) -> None:
    slot, project = tmp_path / "slot", tmp_path / "project"
    slot.mkdir()
    project.mkdir()
    written(project, UNIT, "compgen_1_1000_2.json")
    (slot / "wu.json").write_text("<soft_link>../project/compgen_1_1000_2.json</soft_link>\n")
    link = "<soft_link>../project/compgen_1_1000_2_r0</soft_link>\n"
    (slot / "result.msgpack").write_text(link)
    code, _, err = ended(worker(slot))
    assert code == 0, err
    assert names(project) == {"compgen_1_1000_2.json", "compgen_1_1000_2_r0"}
    assert (slot / "result.msgpack").read_text() == link
    result.check(result.read(project / "compgen_1_1000_2_r0"), UNIT, "r")


@pytest.mark.parametrize(
    ("content", "want"), [(b"{", 10), (b'{"format": 9}', 11), (None, 32)], ids=["not JSON", "format", "missing"]
)
def test_a_bad_work_unit_is_the_tasks_error_before_computing(tmp_path: Path, content: bytes | None, want: int) -> None:
    if content is not None:
        (tmp_path / "wu.json").write_bytes(content)
    code, out, err = ended(worker(tmp_path))
    assert (code, out) == (want, "")
    assert "Traceback" not in err
    assert len([line for line in err.splitlines() if "standalone" not in line]) == 1, err
    assert names(tmp_path) <= {"wu.json"}


def test_a_result_that_cannot_be_written_asks_to_be_started_later(tmp_path: Path) -> None:
    written(tmp_path, UNIT)
    (tmp_path / "result.msgpack").mkdir()
    start = time.monotonic()
    code, _, err = ended(worker(tmp_path))
    assert code == 0
    assert time.monotonic() - start < 30
    assert "Cannot write" in err
    assert (tmp_path / "boinc_temporary_exit").read_text().startswith("3600\n")
    assert not (tmp_path / "boinc_finish_called").exists()
    assert "boinc_lockfile" not in names(tmp_path)
