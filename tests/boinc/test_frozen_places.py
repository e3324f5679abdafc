"""The frozen program computes wherever it is installed and whatever the locale: a task in a slot, without a client."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernels.formats import result, workunit
from tests.boinc import frozen
from tests.boinc.frozen import needs_build
from tests.client.sessions import cells
from tests.kernels import tiny
from tests.packaging import progress

pytestmark = [needs_build, pytest.mark.skipif(sys.platform != "linux", reason="locales and file names are of Linux")]

UNIT = tiny.unit(1000, 1)
LOCALES = {"zh_CN.GBK": "GBK", "ja_JP.EUC-JP": "EUC-JP", "ko_KR.EUC-KR": "EUC-KR", "zh_TW.BIG5": "BIG5"}
LATIN1 = os.fsdecode(b"BOINC donn\xe9es")  # what was written before everything was UTF-8


@functools.cache
def wanted() -> object:
    return cells(tiny.computed(UNIT, "c"))


@pytest.fixture(scope="module")
def installed() -> Iterator[Path]:
    """The main program, below a folder of one's own choice of name."""
    with tempfile.TemporaryDirectory(prefix="axiom-places-") as folder:
        yield frozen.tree(Path(folder))


def task(tree: Path, slot: Path, **environment: str) -> None:
    """Compute a work unit in a slot, and compare."""
    slot.mkdir(parents=True)
    (slot / "wu.json").write_bytes(workunit.encode(UNIT))
    (main,) = tree.glob("axiom_*")
    done = progress.finished(progress.start([main], cwd=slot, env=environment))
    assert done.returncode == 0, done.stderr
    assert cells(result.read(slot / "result.msgpack")) == wanted()


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of compiled locales, for LOCPATH."""
    if shutil.which("localedef") is None or not Path("/usr/share/i18n/charmaps").is_dir():
        pytest.skip("Debian's package locales, which locales are compiled from, is not installed")
    folder = tmp_path_factory.mktemp("locales")
    for name, charmap in LOCALES.items():
        command = ["localedef", "-i", name.partition(".")[0], "-f", charmap, str(folder / name)]
        subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("name", LOCALES)
def test_a_locale_that_is_not_utf_8(installed: Path, locales: Path, tmp_path: Path, name: str) -> None:
    environment = {"LOCPATH": str(locales), "LC_ALL": name}
    asked = subprocess.run(
        ["locale", "charmap"], env=environment | {"PATH": os.defpath}, capture_output=True, check=True
    )
    assert asked.stdout.decode().strip() == LOCALES[name]  # or the program would see the locale C
    task(installed, tmp_path / "slot", **environment)


@pytest.mark.parametrize("environment", [{}, {"LC_ALL": "C.UTF-8"}, {"LC_ALL": "C"}, {"LC_ALL": "de_DE.ISO-8859-1"}])
def test_a_folder_whose_name_is_not_utf_8(installed: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    elsewhere = tmp_path / LATIN1
    task(Path(shutil.copytree(installed, elsewhere / "projects" / "p")), elsewhere / "slots" / "0", **environment)


def test_a_module_that_a_work_unit_brings_into_the_bundle_is_not_imported(installed: Path, tmp_path: Path) -> None:
    """As numpy asks for one of this name. The client makes the folders of an input file's name."""
    tree, slot = Path(shutil.copytree(installed, tmp_path / "project")), tmp_path / "slot"
    (numpy,) = tree.glob("axiomrt_*/numpy")
    foreign = numpy / "_distributor_init_local.py"
    foreign.write_text("open('imported', 'x')\n")
    (main,) = tree.glob("axiom_*")
    slot.mkdir()
    done = progress.finished(progress.start([main], cwd=slot, env={}))
    sentence = f"axiom: {foreign.relative_to(tree)} is not of this version; reset the project.\n"
    assert (done.returncode, done.stderr) == (206, sentence)
    assert list(slot.iterdir()) == []
    # Without the launcher it would be.
    progress.finished(progress.start([main], executable=numpy.parent / "axiom", cwd=slot, env={}))
    assert (slot / "imported").exists()
    foreign.unlink()
    (slot / "imported").unlink()
    task(tree, tmp_path / "another")


def test_both_at_once(installed: Path, locales: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / LATIN1
    tree = Path(shutil.copytree(installed, elsewhere / "projects" / "p"))
    task(tree, elsewhere / "slots" / "0", LOCPATH=str(locales), LC_ALL="zh_CN.GBK")
