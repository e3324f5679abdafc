"""Damage after installation is found, removed and told."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packaging import progress
from tests.packaging.builds import patient
from tests.packaging.release.program import NAMES, PROGRAM, libraries, run

pytestmark = patient


def flipped(path: Path) -> None:
    """Damage in the middle, of the same size."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4096] = bytes(255 - byte for byte in content[middle : middle + 4096])
    path.write_bytes(content)


def test_the_launcher_finds_damage_of_every_file(installed: Path, tree: Path, slot: Path) -> None:
    for name in libraries(tree):
        flipped(installed / name)
        code, _, err = run(installed, slot, "--version")
        assert code == 206, name
        assert name in err
        shutil.copy(tree / name, installed / name)


def unlaunched(tree: Path, slot: Path, command: str) -> subprocess.CompletedProcess[str]:
    """The program without the launcher, but by its name: of a large bundle the launcher checks no more than sizes."""
    words = [str(tree / NAMES.main), command]
    return progress.finished(progress.start(words, executable=tree / PROGRAM, cwd=slot, env={}))


@pytest.mark.parametrize("part", ["_multiarray_umath", "msgspec/_core", "_safetensors_rust", "libscipy_openblas"])
def test_the_program_finds_damage_that_keeps_it_from_starting(installed: Path, slot: Path, part: str) -> None:
    (name,) = [name for name in libraries(installed) if part in name]
    content = (installed / name).read_bytes()
    (installed / name).write_bytes(bytes(64) + content[64:])
    own = unlaunched(installed, slot, "experiments")
    assert own.returncode == 206, own.stderr
    (sentence,) = own.stderr.splitlines()
    assert name.partition("/")[2] in sentence
    assert not (installed / name).exists()


def test_a_damaged_engine_is_found_when_it_is_wanted(installed: Path, slot: Path) -> None:
    name = f"{NAMES.bundle(1)}/kernels/engine/exact/_exact.so"
    (installed / name).write_bytes(bytes((installed / name).stat().st_size))
    own = unlaunched(installed, slot, "selftest")
    assert own.returncode == 206
    assert "kernels/engine/exact/_exact.so" in own.stderr.splitlines()[-1]
    assert not (installed / name).exists()
