"""Files that another program holds, as they are on Windows: what opens, replaces or removes them is refused.

Python's own doors are what refuses here, since nothing else than Windows does.
"""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import patience

SHARING_VIOLATION = 32


def refusal(path: object, number: int | None = SHARING_VIOLATION) -> PermissionError:
    """Windows' error; without a number as `open` has it, which asks the C library."""
    error = PermissionError(errno.EACCES, "Permission denied" if number is None else "The file is in use", str(path))
    error.winerror = number  # type: ignore[attr-defined]
    return error


class Held:
    """A file of this name, wherever, that is held for so many attempts, in a process of so many seconds' patience."""

    def __init__(self, name: str, monkeypatch: pytest.MonkeyPatch, attempts: float = 3, seconds: float = 5.0) -> None:
        self.name = name
        self.refused: list[str] = []
        self.attempts = attempts
        self.when_refused: Callable[[], object] = lambda: None
        monkeypatch.setattr(patience, "FILES_ARE_HELD", True)
        monkeypatch.setattr(patience, "PATIENCE", seconds)
        doors = (os, "replace", 32), (os, "unlink", 32), (os, "utime", 5), (os, "open", None), (io, "open", None)
        for module, name, number in doors:
            monkeypatch.setattr(module, name, self._door(name, getattr(module, name), number))

    def _door(self, name: str, real: Callable[..., object], number: int | None) -> Callable[..., object]:
        def door(*arguments: Any, **keywords: Any) -> object:
            paths = [Path(os.fsdecode(path)) for path in arguments[:2] if isinstance(path, str | bytes | Path)]
            is_held = any(path.name == self.name and path.exists() for path in paths)
            if is_held and len(self.refused) < self.attempts:
                self.refused.append(name)
                self.when_refused()
                raise refusal(paths[0], number)
            return real(*arguments, **keywords)

        return door
