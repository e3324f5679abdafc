"""The one way a file of ours is written: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from kernels.errors import CannotRead, CannotWrite

_NONBLOCK = getattr(os, "O_NONBLOCK", 0)  # not on Windows, which has no such pipes in its folders


def write(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that a crash leaves the old file or the new one: temporary file, fsync, rename, fsync.

    CannotWrite if the disk is full or the folder refuses; the temporary file is removed then.
    """
    target = Path(os.path.realpath(path)) if path.is_symlink() else path  # a symbolic link stays: its target is written
    # One fixed name per target: what a killed process leaves behind is overwritten, never piled up.
    temporary = target.with_name(target.name + ".part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise CannotWrite(path, error.strerror or error) from error


def read(path: Path, limit: int) -> bytes:
    """The file's bytes, at most limit + 1 of them so that a caller sees an oversized file without loading it.

    CannotRead if it is missing, refused, or no regular file: a pipe or a device could hold a reader for ever.
    """
    try:
        # Without O_NONBLOCK the mere opening of a pipe would wait for its writer.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise CannotRead(path, "it is not a regular file")
            return file.read(limit + 1)
    except OSError as error:
        raise CannotRead(path, error.strerror or error) from error


def _sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows cannot open a folder and does not need it."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
