"""Axes of plots: where a value lies on them, and which values are written beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from server_validator.reporting.html.numerals import MINUS, power_of_ten

WIDTH_OF_LETTER = 6.4  # of the plots' letters at their size, in units of the drawing: no more than an estimate
_FEW = 1.5  # decades: with fewer, steps between powers of ten are written too
_MOST_TICKS = 6


@dataclass(frozen=True)
class Tick:
    """A place on an axis and what is written there."""

    at: float
    label: str


@dataclass(frozen=True)
class Scale:
    """A range of values on a range of coordinates."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The coordinate of a value; of one beyond the range, or that has no logarithm, the nearest end."""
        if self.log:
            share = 0.0 if value <= 0 else math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    @property
    def ticks(self) -> list[Tick]:
        """Round values within the range, as many as can be told apart."""
        return _log_ticks(self.low, self.high) if self.log else _linear_ticks(self.low, self.high)


def around(values: Iterable[float], start: float, end: float, log: bool = False) -> Scale:
    """A scale with some room around all of the values that are finite and, where that is asked, have a logarithm."""
    known = [value for value in values if math.isfinite(value) and not (log and value <= 0)] or [1.0]
    low, high = min(known), max(known)
    if log:
        room = max((high / low) ** 0.05, 1.05)
        return Scale(low / room, high * room, start, end, log)
    largest = max(abs(low), abs(high))
    room = 0.06 * (high - low) if high - low > 1e-9 * largest else 0.1 * largest or 1.0
    return Scale(low - room, high + room, start, end)


def thinned(labels: Sequence[str], step: float) -> list[str]:
    """Labels that are `step` apart, with enough of them left out that none covers another."""
    widest = max((len(label) for label in labels), default=0) * WIDTH_OF_LETTER + 4
    every = max(1, math.ceil(widest / step))
    return [label if number % every == 0 else "" for number, label in enumerate(labels)]


def _linear_ticks(low: float, high: float) -> list[Tick]:
    rough = (high - low) / (_MOST_TICKS - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * power for nice in (1, 2, 5, 10) if nice * power >= rough)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    numbers = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    return [Tick(number * step, f"{number * step:.{digits}f}".replace("-", MINUS)) for number in numbers]


def _log_ticks(low: float, high: float) -> list[Tick]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    if math.log10(high / low) < _FEW:
        values = [nice * 10.0**power for power in range(first, last + 1) for nice in (1, 2, 5)]
        return [Tick(value, f"{value:g}") for value in values if low <= value <= high]
    every = math.ceil((last - first) / _MOST_TICKS)
    powers = [power for power in range(first, last + 1) if low <= 10.0**power <= high]
    return [Tick(10.0**power, power_of_ten(power)) for power in powers[::every]]
