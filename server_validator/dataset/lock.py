"""One command at a time changes the data set's files; readers need no lock."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from kernels.refusals import cannot_write
from server_validator.errors import DataDirectory

FILE = "results.lock"


@contextlib.contextmanager
def changing(data: Path) -> Iterator[None]:
    """Wait until no other command changes the data set, and keep others waiting. CannotWrite, DataDirectory.

    The system takes the lock from a process that ends, however it ends.
    """
    if not data.is_dir():
        raise DataDirectory(data, "there is no such folder")
    path = data / FILE
    try:
        file = path.open("ab")
    except OSError as error:
        raise cannot_write(path, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:  # a file system without locks
            raise cannot_write(path, error) from error
        yield
