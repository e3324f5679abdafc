"""A failure of the frozen program is explained by damaged files, and only where there are some."""

from __future__ import annotations

import sys
from pathlib import Path

import entry
import manifest
import pytest

from tests.support.held import Held


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "axiomrt_1"
    for name, content in {"lib/one.so": b"first", "two": b"second", "empty": b""}.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


@pytest.mark.parametrize("content", [b"firsT", b"first and more", None])
def test_damage_is_removed_and_told(folder: Path, content: bytes | None) -> None:
    files = manifest.of_folder(folder)
    (folder / "not ours").write_bytes(b"kept")
    damaged = folder / "lib" / "one.so"
    damaged.unlink()
    if content is not None:
        damaged.write_bytes(content)
    sentence = entry.mend(folder, files)
    assert sentence is not None
    assert "lib/one.so of axiomrt_1 is damaged or missing;" in sentence
    assert "is removed, and BOINC fetches it again" in sentence
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["empty", "not ours", "two"]


def test_of_several_the_first_is_named(folder: Path) -> None:
    files = manifest.of_folder(folder)
    for name in ("two", "empty"):
        (folder / name).unlink()
    assert "and 1 more" in (entry.mend(folder, files) or "")


def test_what_a_link_leads_to_stays(folder: Path, tmp_path: Path) -> None:
    files = manifest.of_folder(folder)
    elsewhere = tmp_path / "elsewhere"
    (folder / "two").rename(elsewhere)
    (folder / "two").symlink_to(elsewhere)
    assert entry.mend(folder, files) is not None
    assert elsewhere.read_bytes() == b"second"
    assert not (folder / "two").is_symlink()


def test_what_cannot_be_removed_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = manifest.of_folder(folder)
    (folder / "two").write_bytes(b"Second")

    def refused(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "unlink", refused)
    assert "reset the project" in (entry.mend(folder, files) or "")


def test_whole_files_stay(folder: Path) -> None:
    files = manifest.of_folder(folder)
    assert entry.mend(folder, files) is None
    assert manifest.of_folder(folder) == files


@pytest.mark.parametrize("code", [0, 2])
def test_nobody_looks_for_damage_where_nothing_failed(code: int) -> None:
    def never() -> str:
        raise AssertionError("looked")

    assert entry.explained(lambda: code, never) == code


@pytest.mark.parametrize(("sentence", "code"), [(None, 31), ("damaged", 206)])
def test_a_failed_program(sentence: str | None, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.explained(lambda: 31, lambda: sentence) == code
    assert capsys.readouterr().err == ("damaged\n" if sentence else "")


def cannot_be_imported() -> int:
    raise ImportError("invalid ELF header")


def test_an_error_stands_where_nothing_is_damaged(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ImportError, match="invalid ELF"):
        entry.explained(cannot_be_imported, lambda: None)
    assert entry.explained(cannot_be_imported, lambda: "damaged") == 206


def test_on_windows_damage_is_told_where_the_client_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)  # as without a console
    entry.hear(tmp_path)
    assert list(tmp_path.iterdir()) == [], "no slot of a client"
    (tmp_path / "init_data.xml").write_bytes(b"")
    (tmp_path / "stderr.txt").write_bytes(b"before\n")
    entry.hear(tmp_path)
    with sys.stderr:
        assert entry.explained(cannot_be_imported, lambda: "damaged") == 206
    assert (tmp_path / "stderr.txt").read_bytes() == b"before\ndamaged\n"


@pytest.mark.parametrize("code", [0, 2])
def test_argparse_leaves_as_it_does(code: int) -> None:
    with pytest.raises(SystemExit) as left:
        entry.explained(lambda: sys.exit(code), lambda: "damaged")
    assert left.value.code == code


@pytest.mark.parametrize("attempts", [3, 100])
def test_a_file_that_a_scanner_holds_for_a_moment_is_not_damaged(
    folder: Path, monkeypatch: pytest.MonkeyPatch, attempts: int
) -> None:
    files = manifest.of_folder(folder)
    held = Held("two", monkeypatch, attempts=attempts, seconds=5.0 if attempts == 3 else 0.1)
    assert (entry.mend(folder, files) is None) is (attempts == 3)
    assert len(held.refused) > 2
    assert (folder / "two").exists()
