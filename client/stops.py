"""What asks the program to stop: Ctrl-C, a shutdown, a terminal that is closed. On Windows most of it is no signal."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

from wrapper import console_ends

# Not SIGBREAK, which Windows' C library makes of any user's log-off too, and among services that is nobody's wish.
_STOPS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextlib.contextmanager
def handled_by(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Call `handler` for each signal in the section. Those that are ignored, as by nohup, stay so."""
    former = {number: found for number in _STOPS if (found := signal.getsignal(number)) is not signal.SIG_IGN}
    for number in former:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, found in former.items():
            signal.signal(number, found)


@contextlib.contextmanager
def told_to(ask: Callable[[], object]) -> Iterator[None]:
    """Call `ask`, which only leaves word and may come from any thread, for whatever wants the program to leave."""
    with handled_by(lambda *_: ask()), console_ends(ask):
        yield
