"""The Windows under Wine in which tests run programs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import freezer
from wine.windows import Windows


@contextlib.contextmanager
def running() -> Iterator[Windows]:
    """The one that `make test` and `make windows` make; where there is none, whatever needs it fails and says so."""
    windows = Windows(freezer.WINDOWS)
    assert windows.ready.exists(), f"there is no Windows in {windows.folder}: make it by packaging/wine/make.py"
    with windows.running():
        yield windows
