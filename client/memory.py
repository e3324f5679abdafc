"""How a lack of memory or descriptors shows, of which the next minutes may have more."""

from __future__ import annotations

import errno
from typing import Final

DELAY: Final = 600.0  # seconds until the client starts the task again
REASON: Final = "Not enough memory; trying again later."

# As the system's loader of libraries tells it, which gives no number.
_NO_ROOM = ("cannot allocate memory", "failed to map segment", "too many open files")


def is_lacking(error: BaseException) -> bool:
    """Whether an error, or what caused it, is of this kind."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError):
            return True
        # What the interpreter says where a library's code had no memory for the error itself.
        if isinstance(cause, SystemError) and "without" in str(cause):
            return True
        if isinstance(cause, OSError) and cause.errno in (errno.ENOMEM, errno.EMFILE, errno.ENFILE):
            return True
        if isinstance(cause, ImportError | OSError) and any(text in str(cause).lower() for text in _NO_ROOM):
            return True
        cause = cause.__cause__
    return False
