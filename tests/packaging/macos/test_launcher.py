"""For macOS, where nothing of this runs here: what its loader will read in the launcher."""

from __future__ import annotations

import importlib.util
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import layout
import manifest
import pytest
from launcher import making

LACKING = "" if importlib.util.find_spec("ziglang") else "no module ziglang: pip install '.[release]'"
pytestmark = pytest.mark.skipif(bool(LACKING), reason=LACKING)

CODE = b"PK and more"
MAGIC, EXECUTABLE = 0xFEEDFACF, 2
SEGMENT, LIBRARY, LOADER, SIGNATURE, BUILT_FOR = 0x19, 0xC, 0xE, 0x1D, 0x32  # commands to the loader
PROCESSORS = {"x86_64-apple-darwin": 0x01000007, "arm64-apple-darwin": 0x0100000C}
OLDEST = {"x86_64-apple-darwin": (10, 15), "arm64-apple-darwin": (11, 0)}


@pytest.fixture(scope="module", params=PROCESSORS)
def names(request: pytest.FixtureRequest) -> layout.Names:
    return layout.Names("0.01", request.param, "cpu")


@pytest.fixture(scope="module")
def project(names: layout.Names, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    made(folder, names)
    return folder


def made(folder: Path, names: layout.Names) -> None:
    program = names.program(1)
    (folder / program).parent.mkdir(parents=True)
    (folder / program).write_bytes(b"a program")
    making.make(folder, names, program, [program], CODE)


def loaded(program: bytes) -> Iterator[tuple[int, bytes]]:
    """The loader's commands: kinds and contents."""
    magic, processor, _, kind, count = struct.unpack_from("<IIIII", program)
    assert (magic, kind) == (MAGIC, EXECUTABLE)
    assert processor in PROCESSORS.values()
    place = 32
    for _ in range(count):
        command, size = struct.unpack_from("<II", program, place)
        yield command & 0xFFFF, program[place : place + size]
        place += size


def text(content: bytes) -> str:
    return content.split(b"\0", 1)[0].decode("ascii")


def test_it_is_for_the_processor_and_for_old_systems(project: Path, names: layout.Names) -> None:
    program = (project / names.main).read_bytes()
    assert struct.unpack_from("<I", program, 4) == (PROCESSORS[names.platform],)
    (built_for,) = [content for command, content in loaded(program) if command == BUILT_FOR]
    (oldest,) = struct.unpack_from("<I", built_for, 12)
    assert (oldest >> 16, oldest >> 8 & 255) == OLDEST[names.platform]


def test_it_loads_nothing_but_the_systems_library(project: Path, names: layout.Names) -> None:
    """And obeys no variable that would load more: the loader looks for a segment of this name and section."""
    commands = list(loaded((project / names.main).read_bytes()))
    libraries = [text(content[24:]) for command, content in commands if command == LIBRARY]
    assert libraries == ["/usr/lib/libSystem.B.dylib"]
    assert [text(content[12:]) for command, content in commands if command == LOADER] == ["/usr/lib/dyld"]
    sections = [
        (text(content[88:104]), text(content[72:88]))
        for command, content in commands
        if command == SEGMENT and text(content[8:24]) == "__RESTRICT"
    ]
    assert sections == [("__RESTRICT", "__restrict")]


def test_nothing_follows_the_signature(project: Path, names: layout.Names) -> None:
    """ARM starts nothing unsigned; on Intel there is none."""
    program = (project / names.main).read_bytes()
    signatures = [struct.unpack_from("<II", content, 8) for command, content in loaded(program) if command == SIGNATURE]
    assert [begin + size for begin, size in signatures] == [len(program)] * (names.platform == "arm64-apple-darwin")
    assert CODE not in program


def test_the_archive_lies_beside_it_and_is_checked(project: Path, names: layout.Names) -> None:
    assert (project / names.archive).read_bytes() == CODE
    files = [names.program(1), names.archive]
    source = making.source(project, names, names.program(1), files, CODE)
    assert f'{{"{names.archive}", {len(CODE)}, 1, UINT64_C({manifest.checksum(CODE):#018x})}},' in source
    assert f'const char CODE[] = "{names.archive}";' in source
    assert "CODE_SIZE = 0;" in source
    assert names.archive.encode() in (project / names.main).read_bytes()


REPORT = r"""
#include <stdio.h>
int main(int count, char **words) { return count < 1 || puts(words[0]) < 0; }
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's half of the launcher stands for macOS's")
def test_what_becomes_of_an_archive_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program is called by the archive's path; one that is damaged is removed."""
    for table in (making.OWN, making.LINKED):
        monkeypatch.setitem(table, "darwin", table["linux"])
    names = layout.Names("0.01", "arm64-apple-darwin", "cpu")
    program = names.program(1)
    (tmp_path / program).parent.mkdir()
    subprocess.run(["cc", "-x", "c", "-", "-o", tmp_path / program], input=REPORT, text=True, check=True)
    making.make(tmp_path, names, program, [program], CODE, ["cc"])
    done = subprocess.run([tmp_path / names.main], capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path / names.archive}\n"
    (tmp_path / names.archive).write_bytes(CODE[:-1] + b"E")
    done = subprocess.run([tmp_path / names.main], capture_output=True, text=True, check=False)
    assert done.returncode == 206
    sentence = f"axiom: {names.archive} is damaged; 1 of 2 files are bad, and BOINC fetches them again.\n"
    assert done.stderr == sentence
    assert not (tmp_path / names.archive).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's half of the launcher stands for macOS's")
def test_names_that_differ_by_case_are_of_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There a bundle's folder may be called otherwise, where a work unit's file was in it first."""
    sources, project = shutil.copytree(making.HERE, tmp_path / "launcher"), tmp_path / "project"
    text = (sources / "linux.c").read_text()
    (sources / "linux.c").write_text(text.replace("ANY_CASE = 0", "ANY_CASE = 1"))
    assert "ANY_CASE = 1" in (sources / "macos.c").read_text()
    monkeypatch.setattr(making, "HERE", sources)
    names = layout.Names("0.01", "x86_64-pc-linux-gnu", "cpu")
    program, library = names.program(1), f"{names.bundle(1)}/lib/one.so"
    for name in (program, library):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("#!/bin/sh\nexit 7\n")
        (project / name).chmod(0o755)
    making.make(project, names, program, [program, library], CODE, ["cc"])
    (project / names.bundle(1) / "LIB").mkdir()
    (project / names.bundle(1) / "LIB" / "One.so").touch()
    assert subprocess.run([project / names.main], check=False).returncode == 7
    (project / names.bundle(1) / "LIB" / "Two.so").touch()
    assert subprocess.run([project / names.main], capture_output=True, check=False).returncode == 206


def test_the_same_bytes_again(project: Path, names: layout.Names, tmp_path: Path) -> None:
    made(tmp_path, names)
    assert (tmp_path / names.main).read_bytes() == (project / names.main).read_bytes()
