"""Slots of another user: root may do what limits and permissions keep everybody else from."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernels.formats.workunit import WorkUnit
from tests.client.slots import Slot, task

USER = 61613  # whose processes are those of these tests alone


@contextlib.contextmanager
def slot(unit: WorkUnit) -> Iterator[tuple[Slot, list[str]]]:
    """A slot that belongs to USER, and what stands before a command to run it as that one; skipped without root."""
    if os.geteuid():
        pytest.skip("only root can become another user")
    before = ["setpriv", f"--reuid={USER}", "--clear-groups"]
    if subprocess.run([*before, sys.executable, "-c", "import client.commands"], capture_output=True).returncode:
        pytest.skip("another user cannot run the program here")
    with tempfile.TemporaryDirectory() as outside:  # the folders above a test's own are root's
        one = task(Path(outside), unit)
        give(Path(outside))
        yield one, before


def give(path: Path) -> None:
    """Make a file or a folder and all that it holds USER's."""
    for inside in (path, *path.rglob("*")):
        os.chown(inside, USER, -1)
