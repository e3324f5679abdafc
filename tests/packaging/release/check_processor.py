"""On a processor that the program's libraries are not compiled for, the launcher says so, in place of a crash."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.packaging import progress
from tests.packaging.builds import patient
from tests.packaging.release.program import NAMES

EMULATOR = "qemu-x86_64"
pytestmark = [patient, pytest.mark.skipif(shutil.which(EMULATOR) is None, reason=f"no {EMULATOR}: Debian's qemu-user")]


def started(tree: Path, slot: Path, processor: str) -> tuple[int, str, str]:
    """The main program on a processor; what it becomes runs on this computer's, since the emulator does not follow."""
    command = [EMULATOR, "-cpu", processor, str(tree / NAMES.main), "--version"]
    done = progress.finished(progress.start(command, cwd=slot, env={"PATH": "/usr/bin"}))
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("processor", "lacks"),
    [
        ("qemu64", "SSSE3"),
        ("Conroe", "CMPXCHG16B"),
        ("core2duo", "SSE4.1"),
        ("Penryn", "SSE4.2"),
        ("Nehalem,-popcnt", "POPCNT"),
        ("Nehalem,-lahf_lm", "LAHF"),
    ],
)
def test_a_processor_below_x86_64_v2(tree: Path, slot: Path, processor: str, lacks: str) -> None:
    code, out, err = started(tree, slot, processor)
    assert (code, out) == (31, "")
    assert err == f"axiom: this processor has no {lacks}, which the program needs; use another computer.\n"


@pytest.mark.parametrize("processor", ["Nehalem", "Haswell,-invpcid,-rtm,-hle"])
def test_x86_64_v2_and_newer(tree: Path, slot: Path, processor: str) -> None:
    assert started(tree, slot, processor)[:2] == (0, "axiom-worker 0.1.0\n")
