"""Signals that ask the program to stop: Ctrl-C, a shutdown, a terminal that is closed (not so on Windows)."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

_STOPS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextlib.contextmanager
def handled_by(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Call `handler` for each of them in the section. Those that are ignored, as by nohup, stay so."""
    former = {number: found for number in _STOPS if (found := signal.getsignal(number)) is not signal.SIG_IGN}
    for number in former:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, found in former.items():
            signal.signal(number, found)
