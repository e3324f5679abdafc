"""Patience with a file that another program holds for a moment: a virus scanner, an indexer, a backup. Windows only.

There a file that somebody has opened without sharing it can be neither opened, replaced nor removed, and whoever looks
at files looks at new ones first. Elsewhere a refusal means what it says, and nothing here waits.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

# Not Final: tests change them.
FILES_ARE_HELD = sys.platform == "win32"
PATIENCE = 5.0  # seconds, as BOINC's own library has

_FIRST_PAUSE: Final = 0.01  # seconds
_LONGEST_PAUSE: Final = 0.2
ACCESS_DENIED: Final = 5  # also of a file whose deletion waits for its last holder
SHARING_VIOLATION: Final = 32
LOCK_VIOLATION: Final = 33
_NO_NUMBER: Final = None  # the C library's `open` tells only errno

_Answer = TypeVar("_Answer")


def patiently(call: Callable[[], _Answer]) -> _Answer:
    """What `call` returns, called again for up to 5 s while the file it wants may be held; then its error as it was.

    What it does to a file has to be such that it can be done again.
    """
    end = time.perf_counter() + PATIENCE
    pause = _FIRST_PAUSE
    while True:
        try:
            return call()
        except PermissionError as error:
            if not may_be_held(error) or time.perf_counter() >= end:
                raise
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def may_be_held(error: BaseException | None) -> bool:
    """Whether another program's hold may be the reason; a permission that lacks often looks the same.

    So does a folder where a file should be, but nobody holds that.
    """
    if not FILES_ARE_HELD or not isinstance(error, PermissionError):
        return False
    if any(Path(os.fsdecode(name)).is_dir() for name in (error.filename, error.filename2) if name is not None):
        return False
    return number_of(error) in (ACCESS_DENIED, SHARING_VIOLATION, LOCK_VIOLATION, _NO_NUMBER)


def number_of(error: OSError) -> int | None:
    """Windows' own number of an error, where it is told."""
    number: int | None = getattr(error, "winerror", None)
    return number
