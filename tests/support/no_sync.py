"""A folder on a file system of the system's own kind, FUSE, that can neither sync nor lock: no_sync.c."""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

_SOURCE = Path(__file__).with_suffix(".c")
_FOLDER = tempfile.TemporaryDirectory(prefix="axiom-no-sync-")


@functools.cache
def lacking() -> str:
    """Why no such file system can be had here; empty if it can."""
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        return f"/dev/fuse cannot be opened ({error.strerror})"
    if os.geteuid():
        return "a file system can be mounted by root alone"
    found = subprocess.run(["pkg-config", "--exists", "fuse3"], capture_output=True)
    return "libfuse3-dev is not installed" if found.returncode else ""


@contextlib.contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """Show a folder in its own place through that file system. The test is skipped where that cannot be."""
    if lacking():
        pytest.skip(lacking())
    before = folder.stat().st_dev
    server = subprocess.Popen([_program(), folder, folder, "-f", "-s"])
    try:
        wait_until(lambda: folder.stat().st_dev != before or server.poll() is not None, "the mount", lambda: 0)
        assert server.poll() is None
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], capture_output=True)
        server.terminate()
        server.wait()


@functools.cache
def _program() -> Path:
    path = Path(_FOLDER.name) / "no_sync"
    library = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], capture_output=True, text=True, check=True)
    subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-o", path, _SOURCE, *library.stdout.split()], check=True)
    return path
