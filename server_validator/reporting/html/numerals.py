"""Numbers as people read them in the report."""

from __future__ import annotations

import datetime

from kernels.claims import Estimate

MINUS = "\N{MINUS SIGN}"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def count(number: int, noun: str | None = None) -> str:
    """A whole number, and what there are so many of: 1 seed, 12,000 seeds."""
    grouped = f"{number:,}"
    return grouped if noun is None else f"{grouped} {noun}" if number == 1 else f"{grouped} {noun}s"


def signed(number: float) -> str:
    """A difference, as +0.0159."""
    return f"{number:+.4f}".replace("-", MINUS)


def plain(number: float) -> str:
    """A quantity, to four digits."""
    return f"{number:.4g}".replace("-", MINUS)


def interval(estimate: Estimate) -> str:
    """The bounds of an estimate of several seeds, as those of a difference."""
    return f"{signed(estimate.low)} to {signed(estimate.high)}"


def power_of_ten(exponent: int) -> str:
    """10⁶; from .01 to 10000 as it is written out."""
    return f"{10.0**exponent:g}" if -2 <= exponent <= 4 else f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def day(iso: str) -> str:
    """28 November 2026, of 2026-11-28."""
    date = datetime.date.fromisoformat(iso)
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
