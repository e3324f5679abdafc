"""A new folder comes whole or not at all, and never in the place of something else."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from kernels.errors import CannotWrite
from server_validator.dataset import new_folder
from server_validator.errors import FolderInTheWay

NAMES = ("data", "README.md")


def write(target: Path, content: str = "new") -> None:
    with new_folder.written(target, NAMES) as place:
        (place / "data").mkdir()
        (place / "data" / "rows").write_text(content)
        (place / "README.md").write_text(content)


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


WHOLE = {"data/rows": "new", "README.md": "new"}


@pytest.mark.parametrize("there", [False, True], ids=["new", "empty"])
def test_a_new_or_empty_folder_gets_all_at_once(tmp_path: Path, there: bool) -> None:
    target = tmp_path / "out"
    if there:
        target.mkdir()
    with new_folder.written(target, NAMES) as place:
        (place / "README.md").write_text("new")
        assert not target.exists() or not list(target.iterdir())
    assert files(target) == {"README.md": "new"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_link_to_an_empty_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert files(tmp_path / "real") == WHOLE


def test_what_is_there_already_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("old")
    (tmp_path / "file").write_text("old")
    for name in ("out", "file"):
        with pytest.raises(FolderInTheWay, match="there is something"):  # before anything is written
            write(tmp_path / name)
    assert files(tmp_path) == {"out/mine": "old", "file": "old"}


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with new_folder.written(tmp_path / "out", NAMES) as place:
            (place / "README.md").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_what_comes_there_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    def late() -> None:
        with new_folder.written(tmp_path / "out", NAMES):
            (tmp_path / "out").mkdir()
            (tmp_path / "out" / "mine").write_text("theirs")

    with pytest.raises(FolderInTheWay, match="meanwhile"):
        late()
    assert files(tmp_path) == {"out/mine": "theirs"}


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "out.part" / "data" / "deep").mkdir(parents=True)
    (tmp_path / "out.part" / "data" / "old").write_text("half")
    (tmp_path / "out.part" / "README.md.part").write_text("half")
    write(tmp_path / "out")
    assert files(tmp_path) == {f"out/{name}": text for name, text in WHOLE.items()}


def test_a_folder_of_that_name_that_is_no_exports_stays(tmp_path: Path) -> None:
    (tmp_path / "out.part").mkdir()
    (tmp_path / "out.part" / "data").write_text("old")
    (tmp_path / "out.part" / "thesis").write_text("old")
    with pytest.raises(FolderInTheWay, match="thesis"):
        write(tmp_path / "out")
    assert files(tmp_path) == {"out.part/data": "old", "out.part/thesis": "old"}


def test_of_two_at_once_the_second_is_refused(tmp_path: Path) -> None:
    with new_folder.written(tmp_path / "out", NAMES) as place:
        (place / "README.md").write_text("first")
        with pytest.raises(FolderInTheWay, match="another command"):
            write(tmp_path / "out")
        assert files(place) == {"README.md": "first"}
    assert files(tmp_path / "out") == {"README.md": "first"}


def test_who_waited_at_the_door_while_another_ended_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock is on a folder that is the other's export by now."""
    real = fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", real)
        (tmp_path / "out.part").rename(tmp_path / "out")
        (tmp_path / "out" / "README.md").write_text("other")
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(FolderInTheWay, match="another command"):
        write(tmp_path / "out")
    assert files(tmp_path) == {"out/README.md": "other"}


def test_without_a_folder_around_it_it_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="Make its folder"):
        write(tmp_path / "none" / "out")


def test_a_link_in_the_place_of_what_is_written_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "data").write_text("old")
    (tmp_path / "out.part").symlink_to("elsewhere")
    with pytest.raises(CannotWrite):
        write(tmp_path / "out")
    assert files(tmp_path / "elsewhere") == {"data": "old"}
