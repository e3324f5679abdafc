"""Disks that are full: a limit on the size of files, and small file systems of their own."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGE = 4096  # bytes; what a tmpfs gives to a file at once
BALLAST = "ballast"


@contextlib.contextmanager
def full_above(size: int) -> Iterator[None]:
    """Writes above `size` bytes of a file fail with OSError in the section; the limit is the operating system's."""
    import resource  # not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextlib.contextmanager
def mounted(folder: Path, pages: int, inodes: int = 1000) -> Iterator[None]:
    """A small file system in place of a folder, with all that lies in it; the test is skipped if that needs root.

    `pages` and `inodes` (files, and the folder itself) are all there is.
    """
    before = {path.relative_to(folder): path for path in sorted(folder.rglob("*"))}
    links = {name: path.readlink() for name, path in before.items() if path.is_symlink()}
    folders = [name for name, path in before.items() if path.is_dir() and name not in links]
    files = {name: path.read_bytes() for name, path in before.items() if name not in (*links, *folders)}
    options = f"size={pages * PAGE},nr_inodes={inodes}"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a file system cannot be mounted here: {done.stderr.strip()}")
    try:
        for name in folders:
            (folder / name).mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        for name, target in links.items():
            (folder / name).symlink_to(target)
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path, pages_left: int = 0) -> None:
    """Take all the space of a small file system but some pages, by one file."""
    space = os.statvfs(folder)
    with (folder / BALLAST).open("wb") as file:
        file.write(bytes(space.f_bavail * space.f_bsize - pages_left * PAGE))
    assert os.statvfs(folder).f_bavail == pages_left
