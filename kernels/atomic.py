"""The one way a file of ours is written: whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from kernels.errors import CannotRead, CannotWrite


def write(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that a crash leaves the old file or the new one: temporary file, fsync, rename, fsync.

    CannotWrite if the disk is full or the folder refuses; the temporary file is removed then.
    """
    # One fixed name per target: what a killed process leaves behind is overwritten, never piled up.
    temporary = path.with_name(path.name + ".part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise CannotWrite(path, error.strerror or error) from error


def read(path: Path, limit: int) -> bytes:
    """The file's bytes, at most limit + 1 of them so that a caller sees an oversized file without loading it."""
    try:
        with path.open("rb") as file:
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
