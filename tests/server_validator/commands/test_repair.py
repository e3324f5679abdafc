"""repair and rebuild: damaged files go aside, and the rows come back from the archive."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kernels.formats import result
from server_validator.dataset import archive
from server_validator.dataset.query import load
from tests.kernels import tiny
from tests.kernels.disk import fill, mounted
from tests.server_validator.data import Run, issued, one_line
from tests.server_validator.storing import COMPGEN, damage, listed, place, stored

LOST, KEPT = tiny.unit(0, 2), tiny.unit(5, 3)


@pytest.fixture
def data(tmp_path: Path, run: Callable[..., Run]) -> Path:
    """Two work units' results, found valid, assimilated and each in a file; then one bit of LOST's file has turned."""
    data = issued(tmp_path, LOST, KEPT)
    for unit in (LOST, KEPT):
        path = tmp_path / f"{unit.name}_0_r77_0"
        path.write_bytes(result.encode(tiny.computed(unit, "c")))
        assert run("--data", data, "validate", path).code == 0
        assert run("--data", data, "assimilate", 7, path).code == 0
        assert run("--data", data, "findings", "compgen").code == 0
        if unit is LOST:
            (first,) = listed(data)
    damage(first)
    return data


@pytest.fixture
def damaged(data: Path) -> Path:
    return next(path for path in listed(data) if f"{path}" in unsound(data))


def unsound(data: Path) -> list[str]:
    return [str(path) for path, _ in load(data, COMPGEN).left_out.unsound]


def lose(data: Path) -> None:
    """What the archive has of LOST."""
    archive.place(data, tiny.computed(LOST, "c").checksum).unlink()


def seeds(run: Callable[..., Run], data: Path) -> int:
    return int(json.loads(run("--data", data, "findings", "compgen", "--json").out)["seeds"])


@pytest.mark.parametrize("command", ["repair", "rebuild"])
def test_rows_come_back_from_the_archive(data: Path, damaged: Path, run: Callable[..., Run], command: str) -> None:
    torn = damaged.read_bytes()
    assert seeds(run, data) == 3
    found = run("--data", data, "findings").out
    assert "1 file left out as damaged or foreign:" in found
    assert f"no sound file has what is stored of {LOST.name};" in found
    done = run("--data", data, command)
    assert (done.code, done.err) == (0, "")
    assert (place(data) / "_damaged" / f"{damaged.name}.1").read_bytes() == torn, "nothing is deleted"
    if command == "repair":
        assert f"{damaged}: its {len(torn)} bytes do not have the digest in its name; moved to {data}" in done.out
    assert seeds(run, data) == 5
    assert "left out" not in run("--data", data, "findings").out
    assert run("--data", data, "repair").out == (
        "every file of the data set is sound, and has every result that is stored\n"
    )


def test_what_the_archive_lacks_has_to_be_computed_again(data: Path, damaged: Path, run: Callable[..., Run]) -> None:
    lose(data)
    done = run("--data", data, "rebuild")
    assert done.code == 60
    assert f"lacks 1 results that the ledger has as stored: {LOST.name} (Cannot read " in one_line(done)
    assert LOST.name in json.loads(run("--data", data, "status", "--json").out)["without_rows"]
    assert f"neither in the data set nor in the archive: {LOST.name};" in run("--data", data, "status").out
    done = run("--data", data, "repair")
    assert done.code == 49
    assert f"1 work units have to be computed again, as the archive lacks what came back: {LOST.name}." in done.err
    (numbers,) = json.loads(run("--data", data, "status", "--json").out)["experiments"]
    assert (numbers["lost"], numbers["stored"]) == (1, 1)
    assert run("--data", data, "repair").code == 0, "it is known as lost now"
    assert seeds(run, data) == 3


def test_findings_and_compact_go_on_without_what_the_archive_lacks(
    data: Path, damaged: Path, run: Callable[..., Run]
) -> None:
    lose(data)
    damaged.unlink()
    assert seeds(run, data) == 3
    assert json.loads(run("--data", data, "findings", "--json").out)["left_out"]["absent"] == [LOST.name]
    done = run("--data", data, "compact")
    assert done.code == 60
    assert LOST.name in one_line(done)


def test_a_file_that_is_gone_comes_back_by_itself(data: Path, damaged: Path, run: Callable[..., Run]) -> None:
    damaged.unlink()
    assert seeds(run, data) == 5


def test_a_foreign_file_goes_aside_and_nothing_is_missed(data: Path, run: Callable[..., Run]) -> None:
    foreign = place(data) / "other.parquet"
    foreign.write_bytes(b"no table")
    done = run("--data", data, "repair")
    assert (done.code, done.err) == (0, "")
    assert not foreign.exists()
    assert (place(data) / "_damaged" / "other.parquet.1").read_bytes() == b"no table"


def test_damage_of_one_file_twice_keeps_both(data: Path, damaged: Path, run: Callable[..., Run]) -> None:
    for times in (1, 2, 3):
        assert run("--data", data, "repair").code == 0
        assert len(list((place(data) / "_damaged").iterdir())) == times
        damage(damaged)


def test_compact_writes_what_waits_and_joins(data: Path, run: Callable[..., Run]) -> None:
    assert run("--data", data, "repair").code == 0
    done = run("--data", data, "compact")
    assert (done.code, done.out) == (0, "")
    for number in (20, 30, 40):
        stored(data, tiny.unit(number, 1))
    left = [place(data) / "compgen_1.0.parquet.1-2.part", data / "withdrawn.json.1-2.part"]
    left += [data / "archive" / "00" / name for name in ("old.msgpack.1-2.part", "new.msgpack.1-2.part")]
    left[2].parent.mkdir(exist_ok=True)
    for path in left:
        path.write_bytes(b"of a killed command")
    os.utime(left[2], (0, 0))
    done = run("--data", data, "compact")
    assert (done.code, done.out) == (0, "compgen version 1: 3 results written; 3 files became 1\n")
    assert [path.suffix for path in place(data).iterdir() if path.is_file()] == [".parquet"]
    assert [path for path in left if path.exists()] == [left[3]], "which somebody may be writing"
    assert seeds(run, data) == 8


def test_on_a_full_disk_the_repair_is_33_and_can_be_given_again(
    data: Path, damaged: Path, run: Callable[..., Run]
) -> None:
    with mounted(place(data), pages=40):
        fill(place(data))
        done = run("--data", data, "repair")
        assert done.code == 33
        one_line(done)
        (place(data) / "ballast").unlink()
        assert run("--data", data, "repair").code == 0
        assert seeds(run, data) == 5


def test_a_data_directory_that_is_not_there_is_told(tmp_path: Path, run: Callable[..., Run]) -> None:
    for command in ("repair", "rebuild", "compact"):
        done = run("--data", tmp_path / "none", command)
        assert (done.code, done.out) == (42, "")
        one_line(done)
