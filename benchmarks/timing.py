"""How benchmarks take time: one call, or several works that take turns so that a disturbance meets all of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass
class Turns:
    """What one work took: how often it was called in each round, and the seconds of each round."""

    calls: int
    seconds: list[float] = field(default_factory=list)


def timed(work: Callable[[], Value]) -> tuple[float, Value]:
    """Seconds that one call takes, and what it returns."""
    begun = time.perf_counter()
    value = work()
    return time.perf_counter() - begun, value


def take_turns(works: Mapping[Key, Callable[[], object]], rounds: int, least: float = 0.0) -> dict[Key, Turns]:
    """Time all works `rounds` times, each once a round, so that values of the same round belong together.

    Before that every work is called once to warm up and once to see how many calls last `least` seconds.
    """
    turns = {}
    for key, work in works.items():
        work()
        seconds, _ = timed(work)
        turns[key] = Turns(max(1, math.ceil(least / seconds)))
    for _ in range(rounds):
        for key, work in works.items():
            begun = time.perf_counter()
            for _ in range(turns[key].calls):
                work()
            turns[key].seconds.append(time.perf_counter() - begun)
    return turns
