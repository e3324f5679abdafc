"""Stripped libraries are smaller and still load; one that strip would break stays as it was."""

from __future__ import annotations

import ctypes
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from linux import strip

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="strips Linux libraries")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    source, built = tmp_path / "one.c", tmp_path / "tree" / "lib" / "one.so"
    source.write_text("static int hidden(int x) { return x + 1; } int shown(int x) { return 2 * hidden(x); }\n")
    built.parent.mkdir(parents=True)
    subprocess.run(["cc", "-g", "-shared", "-fPIC", "-o", built, source], check=True)
    return built


def first_segment(content: bytes) -> int:
    """Where the first loaded segment's row begins."""
    table, size, count = struct.unpack_from("<32xQ14xHH", content)
    rows = range(table, table + count * size, size)
    return next(row for row in rows if content[row : row + 4] == b"\1\0\0\0")


def test_a_library_is_smaller_and_works(library: Path, tmp_path: Path) -> None:
    (library.parent / "text").write_text("left alone")
    before, mode = library.stat().st_size, library.stat().st_mode
    assert strip.folder(tmp_path / "tree", leave=["axiom"]) == []
    assert library.stat().st_size < before
    assert library.stat().st_mode == mode
    assert ctypes.CDLL(str(library)).shown(20) == 42
    assert (library.parent / "text").read_text() == "left alone"
    assert len(list(library.parent.iterdir())) == 2


def test_segments_off_their_page_do_not_load(library: Path) -> None:
    whole = library.read_bytes()
    assert strip.loads(whole)
    row = first_segment(whole)
    moved = bytearray(whole)
    struct.pack_into("<Q", moved, row + 8, struct.unpack_from("<Q", whole, row + 8)[0] + 16)
    assert not strip.loads(bytes(moved))


def test_what_is_to_be_left_stays(library: Path, tmp_path: Path) -> None:
    before = library.read_bytes()
    assert strip.folder(tmp_path / "tree", leave=["axiom", "lib/one.so"]) == []
    assert library.read_bytes() == before


def test_what_strip_would_break_stays(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = library.read_bytes()
    broken = bytearray(whole)
    struct.pack_into("<Q", broken, first_segment(whole) + 8, 16)

    def breaking(command: list[str | Path], check: bool) -> None:
        shutil.copy(command[3], command[2])
        Path(command[2]).write_bytes(broken)

    monkeypatch.setattr(subprocess, "run", breaking)
    assert strip.folder(tmp_path / "tree", leave=["axiom"]) == ["lib/one.so"]
    assert library.read_bytes() == whole
    assert len(list(library.parent.iterdir())) == 1
