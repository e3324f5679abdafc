"""Waiting for what another process or thread does, as long as something moves: a slow machine is no failure."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

PATIENCE = 150.0  # seconds without progress; BOINC's client itself may rest for a minute
LIMIT = 1500.0  # seconds in all: what moves for ever and comes to nothing must end too
LOOK = 0.5  # seconds between two looks at the progress, which is dearer to ask for than most conditions


class WaitedInVain(AssertionError):
    """What was awaited did not come; the sentence says what, what was seen of its progress, and when it last moved."""


def wait_until(
    reached: Callable[[], Value | None],
    what: str,
    progress: Callable[[], object],
    *,
    patience: float = PATIENCE,
    limit: float = LIMIT,
    every: float = 0.005,
) -> Value:
    """What `reached` returns, as soon as that is true; it is asked `every` so many seconds.

    WaitedInVain if `progress` has returned the same for `patience` seconds, or after `limit` seconds.
    """
    start = moved = looked = time.monotonic()
    seen = progress()
    while not (value := reached()):
        now = time.monotonic()
        if now - looked >= min(LOOK, patience / 2):
            looked, latest = now, progress()
            if latest != seen:
                seen, moved = latest, now
        if now - moved > patience or now - start > limit:
            raise WaitedInVain(
                f"{what} did not come within {now - start:.1f} s: "
                f"nothing has moved for {now - moved:.1f} s, and its progress was last seen as {seen!r}"
            )
        time.sleep(every)
    return value


def wait_while(busy: Callable[[], object], what: str, progress: Callable[[], object], *, every: float = 0.005) -> None:
    """Until `busy` is no longer true, as `wait_until` waits."""
    wait_until(lambda: not busy(), what, progress, every=every)


def pause(seconds: float, unless: Callable[[], object]) -> bool:
    """Let some time go by, less if a thing happens that may rightly not happen; whether it has."""
    end = time.monotonic() + seconds
    while not (happened := unless()) and time.monotonic() < end:
        time.sleep(0.005)
    return bool(happened)
