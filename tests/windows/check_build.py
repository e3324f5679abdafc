"""What is in the tree for Windows, that it is the same again, and what Windows reads in it."""

from __future__ import annotations

import re
from pathlib import Path

import layout
import manifest
import pefile
import pytest

from tests.packaging.builds import built, copied, patient
from tests.windows import NAMES

pytestmark = patient

OF_WINDOWS = re.compile(
    r"(kernel32|advapi32|user32|gdi32|shell32|ole32|oleaut32|ntdll|ws2_32|bcrypt\w*|version|api-ms-win-.*)\.dll"
)


def programs(tree: Path) -> list[Path]:
    """Everything that Windows loads."""
    return [tree / name for name in layout.files(tree) if name.endswith((".exe", ".dll", ".pyd"))]


def test_the_same_bytes_from_another_folder(tree: Path, tmp_path: Path) -> None:
    built(copied(tmp_path / "deeper down" / "é"), tmp_path / "dist", platform=NAMES.platform)
    assert manifest.differences(manifest.of_folder(tree), manifest.of_folder(tmp_path / "dist" / NAMES.folder)) == []


def test_nothing_is_there_by_accident(tree: Path) -> None:
    names = {Path(name).name.lower() for name in layout.files(tree)}
    assert not [name for name in names if name.startswith(("ucrtbase", "api-ms-win"))]
    assert {"python311.dll", "_exact.dll", "vcruntime140.dll", "licences.txt"} <= names


def test_every_library_that_is_asked_for_is_there_or_of_windows(tree: Path) -> None:
    there = {path.name.lower() for path in programs(tree)}
    lacking = set()
    for path in programs(tree):
        asked = pefile.PE(str(path), fast_load=True)
        asked.parse_data_directories([pefile.DIRECTORY_ENTRY["IMAGE_DIRECTORY_ENTRY_IMPORT"]])
        for library in getattr(asked, "DIRECTORY_ENTRY_IMPORT", []):
            name = library.dll.decode().lower()
            if name not in there and not OF_WINDOWS.fullmatch(name):
                lacking.add((path.name, name))
        asked.close()
    assert lacking == set()


@pytest.mark.parametrize("which", ["main", "inner"])
def test_what_windows_reads_of_the_executables(tree: Path, which: str) -> None:
    program = pefile.PE(str(tree / (NAMES.main if which == "main" else NAMES.program(1))))
    assert program.OPTIONAL_HEADER.Subsystem == pefile.SUBSYSTEM_TYPE["IMAGE_SUBSYSTEM_WINDOWS_CUI"]
    protection = program.OPTIONAL_HEADER
    assert protection.IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE, "its addresses are known beforehand"
    assert protection.IMAGE_DLLCHARACTERISTICS_NX_COMPAT, "data may be run"
    assert protection.IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA
    kinds = {entry.id for entry in program.DIRECTORY_ENTRY_RESOURCE.entries}
    assert {pefile.RESOURCE_TYPE[name] for name in ("RT_ICON", "RT_GROUP_ICON", "RT_VERSION", "RT_MANIFEST")} <= kinds
    strings = {
        key.decode(): value.decode()
        for info in program.FileInfo[0]
        if info.Key == b"StringFileInfo"
        for table in info.StringTable
        for key, value in table.entries.items()
    }
    assert strings["ProductName"] == "axiom-worker"
    if which == "main":  # the other one stays as it is from version to version
        assert strings["FileVersion"] == NAMES.version
    program.close()
