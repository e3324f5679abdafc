"""Standard error for a person who watches, who may look away: what cannot be written there is no fault of the work."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


class _Forgiving(io.TextIOWrapper):
    """Swallows what it cannot write: to a terminal that was closed, a pipe that nobody reads, a full disk."""

    def write(self, text: str, /) -> int:
        with contextlib.suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            super().flush()


@contextlib.contextmanager
def opened() -> Iterator[TextIO]:
    """Standard error, or where there is none, nowhere."""
    if sys.stderr is None:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            yield nowhere
        return
    shown = _Forgiving(sys.stderr.buffer, sys.stderr.encoding, "backslashreplace", line_buffering=True)
    try:
        yield shown
    finally:
        shown.detach()
