"""Python imports our code from the archive behind the launcher, and the same sources give the same bytes."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import licences
import pytest
from launcher import archive

from tests.test_unused import SHIPPED

SOURCES = {
    "kernels": ("kernels/__init__.py", '"""A package."""\n__version__ = "9.9.9"\n'),
    "kernels.deep": ("kernels/deep/__init__.py", "from kernels.deep.value import VALUE\n"),
    "kernels.deep.value": (
        "kernels/deep/value.py",
        "VALUE = {'a': 1}\ndef fail():\n    'Its sentence.'\n    assert 0\n",
    ),
    "entry": ("entry.py", "from kernels.deep import VALUE\n"),
}


def modules(folder: Path) -> list[tuple[str, Path]]:
    for path, text in SOURCES.values():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return [(name, folder / path) for name, (path, _) in SOURCES.items()]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """An archive behind something else."""
    path = tmp_path / "program"
    path.write_bytes(b"\x7fELF" + bytes(10_000) + archive.of_modules(modules(tmp_path / "sources")))
    return path


def python(program: Path, code: str) -> str:
    command = [sys.executable, "-ISB", "-c", f"import sys; sys.path.insert(0, {str(program)!r}); {code}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_modules_and_packages_are_imported(program: Path) -> None:
    said = python(program, "import entry, kernels; print(entry.VALUE, kernels.__version__, kernels.__doc__)")
    assert said == "{'a': 1} 9.9.9 A package.\n"


def test_every_room_that_ships_is_in_it_and_under_our_licence() -> None:
    assert set(SHIPPED) == set(archive.PACKAGES) - {"entry", "axiom_manifest"}
    assert set(SHIPPED) == set(licences.OURS) - {"packaging", "build"}


def test_docstrings_and_assertions_stay(program: Path) -> None:
    """Sentences that users read are docstrings."""
    assert python(program, "from kernels.deep.value import fail; print(fail.__doc__)") == "Its sentence.\n"
    with pytest.raises(subprocess.CalledProcessError):
        python(program, "from kernels.deep.value import fail; fail()")


def test_the_same_bytes_wherever_the_sources_lie_in_whatever_order(tmp_path: Path) -> None:
    content = archive.of_modules(modules(tmp_path / "one"))
    assert archive.of_modules(reversed(modules(tmp_path / "another" / "place"))) == content
    assert str(tmp_path).encode() not in content


def test_every_file_is_there_once_and_uncompressed(program: Path) -> None:
    with zipfile.ZipFile(program) as code:
        names = [entry.filename for entry in code.infolist()]
        assert {entry.compress_type for entry in code.infolist()} == {zipfile.ZIP_STORED}
    assert names == ["entry.pyc", "kernels/__init__.pyc", "kernels/deep/__init__.pyc", "kernels/deep/value.pyc"]


@pytest.mark.parametrize(
    ("module", "ours"),
    [("kernels", True), ("client.cli", True), ("entry", True), ("numpy", False), ("entrypoints", False)],
)
def test_what_is_ours(module: str, ours: bool) -> None:
    assert archive.ours(module) is ours
