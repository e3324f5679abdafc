"""repair: damaged files go aside, and their rows come back from uploads that were found valid."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kernels.formats import result
from server_validator.dataset import files
from tests.kernels import tiny
from tests.kernels.disk import fill, mounted
from tests.server_validator.data import Run, issued, one_line

LOST, KEPT = tiny.unit(0, 2), tiny.unit(5, 3)
COMPGEN = LOST.experiment


def uploaded(folder: Path, unit: object) -> Path:
    """Where BOINC's upload folder has the work unit's result."""
    return folder / "upload" / "3f" / f"{unit.name}_0_r77_0"  # type: ignore[attr-defined]


@pytest.fixture
def data(tmp_path: Path, run: Callable[..., Run]) -> Path:
    """Two work units' results, found valid and assimilated; then one bit of LOST's file has turned."""
    data = issued(tmp_path, LOST, KEPT)
    for unit in (LOST, KEPT):
        path = uploaded(tmp_path, unit)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(result.encode(tiny.computed(unit, "c")))
        assert run("--data", data, "validate", path).code == 0
        assert run("--data", data, "assimilate", 7, path).code == 0
    damage(data)
    return data


def file_of(data: Path) -> Path:
    (path,) = files.of_unit(files.folder(data, COMPGEN), LOST.name)
    return path


def damage(data: Path) -> None:
    path = file_of(data)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)


def seeds(run: Callable[..., Run], data: Path) -> int:
    return int(json.loads(run("--data", data, "findings", "compgen", "--json").out)["seeds"])


@pytest.mark.parametrize("folder", [True, False], ids=["by its folder", "by its path"])
def test_rows_come_back_from_an_upload_at_hand(
    tmp_path: Path, data: Path, run: Callable[..., Run], folder: bool
) -> None:
    damaged = file_of(data)
    torn = damaged.read_bytes()
    assert seeds(run, data) == 3
    done = run("--data", data, "repair", tmp_path / "upload" if folder else uploaded(tmp_path, LOST))
    assert (done.code, done.err) == (0, "")
    assert f"{damaged}: its {len(torn)} bytes do not have the digest" in done.out
    assert f"{LOST.name}: stored anew from {uploaded(tmp_path, LOST)}" in done.out
    assert (damaged.parent / "damaged" / damaged.name).read_bytes() == torn, "nothing is deleted"
    assert seeds(run, data) == 5
    assert "left out" not in run("--data", data, "findings").out
    again = run("--data", data, "repair")
    assert (again.code, again.out) == (0, "every file of the data set is sound\n")


def test_without_the_upload_the_work_unit_is_named_until_it_comes(
    tmp_path: Path, data: Path, run: Callable[..., Run]
) -> None:
    for _ in range(2):
        done = run("--data", data, "repair", uploaded(tmp_path, KEPT))
        assert done.code == 49
        assert (
            f"1 work units have to be computed again, as no valid upload of theirs is at hand: {LOST.name}."
            in one_line(done)
        )
    found = run("--data", data, "findings")
    assert "1 file left out as damaged or foreign, with 2 cells of 2 seeds" in found.out
    assert "a repair found it damaged, and nothing has its rows" in found.out
    assert run("--data", data, "repair", tmp_path / "upload").code == 0
    assert seeds(run, data) == 5


def test_an_upload_that_changed_since_it_was_found_valid_restores_nothing(
    tmp_path: Path, data: Path, run: Callable[..., Run]
) -> None:
    other = tiny.computed(LOST)  # a sound result, of another engine: not the bytes that were found valid
    uploaded(tmp_path, LOST).write_bytes(result.encode(other))
    assert run("--data", data, "repair", tmp_path / "upload").code == 49
    uploaded(tmp_path, LOST).write_bytes(b"torn as well")
    assert run("--data", data, "repair", tmp_path / "upload").code == 49
    assert seeds(run, data) == 3


def test_a_file_that_is_gone_is_missed_and_comes_back(tmp_path: Path, data: Path, run: Callable[..., Run]) -> None:
    file_of(data).unlink()
    assert f"no file is there any more of {LOST.name}" in run("--data", data, "findings").out
    assert json.loads(run("--data", data, "findings", "--json").out)["left_out"]["absent"] == [LOST.name]
    assert json.loads(run("--data", data, "status", "--json").out)["without_rows"] == [LOST.name]
    assert f"stored, and damaged or gone: {LOST.name};" in run("--data", data, "status").out
    assert run("--data", data, "repair", tmp_path / "upload").code == 0
    assert seeds(run, data) == 5
    assert json.loads(run("--data", data, "findings", "--json").out)["left_out"]["absent"] == []
    file_of(data).unlink()
    assert run("--data", data, "repair").code == 49
    (numbers,) = json.loads(run("--data", data, "status", "--json").out)["experiments"]
    assert numbers["lost"] == 1


def test_a_foreign_file_goes_aside_and_nothing_is_missed(data: Path, run: Callable[..., Run], tmp_path: Path) -> None:
    foreign = file_of(data).with_name("other.parquet")
    foreign.write_bytes(b"no table")
    done = run("--data", data, "repair", tmp_path / "upload")
    assert (done.code, done.err) == (0, "")
    assert not foreign.exists()
    assert (foreign.parent / "damaged" / "other.parquet").read_bytes() == b"no table"


def test_damage_of_one_file_twice_keeps_both(data: Path, run: Callable[..., Run], tmp_path: Path) -> None:
    place = files.folder(data, COMPGEN) / "damaged"
    for times in (1, 2, 3):
        assert run("--data", data, "repair", tmp_path / "upload").code == 0
        assert len(list(place.iterdir())) == times
        damage(data)


def test_on_a_full_disk_the_repair_is_33_and_can_be_given_again(
    tmp_path: Path, data: Path, run: Callable[..., Run]
) -> None:
    place = files.folder(data, COMPGEN)
    with mounted(place, pages=40):
        fill(place)
        done = run("--data", data, "repair", tmp_path / "upload")
        assert done.code == 33
        one_line(done)
        (place / "ballast").unlink()
        assert run("--data", data, "repair", tmp_path / "upload").code == 0
        assert seeds(run, data) == 5


def test_what_does_not_exist_is_said(tmp_path: Path, data: Path, run: Callable[..., Run]) -> None:
    assert run("--data", data, "repair", tmp_path / "none").code == 32
    assert run("--data", tmp_path / "none", "repair").code == 42
    assert file_of(data).exists(), "nothing was moved"
