"""Plots of curves as SVG: drawn for a telephone's width, so that letters stay legible there.

Numbers lie on an axis from left to right. Names lie below each other, since nothing lies between them and there is more
room to write them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kernels.claims import Estimate, Position
from server_validator.reporting.findings import Drawn
from server_validator.reporting.html import axes
from server_validator.reporting.html.axes import Scale, Tick
from server_validator.reporting.html.markers import colour, marker, published
from server_validator.reporting.html.markup import Markup, element
from server_validator.reporting.words import position

WIDTH = 360.0
HEIGHT = 240.0
TOP, RIGHT, BOTTOM = 24.0, 12.0, 40.0
ROW = 30.0  # of a name
_LETTERS = 3.2  # a letter's height over its middle
_CAP = 3.0  # half of the stroke at the end of an interval


@dataclass(frozen=True)
class _Spot:
    """An estimate of a line of the plot, and its coordinate among the positions."""

    line: int
    at: float
    estimate: Estimate
    known: float | None  # what was published
    single: bool  # whether the plot has this line alone


def plot(lines: Sequence[Drawn]) -> Markup:
    """A picture of curves that share title and axis; the numbers have to stand beside it for who does not see it."""
    curve = lines[0].curve
    values = positions(lines)
    named = any(isinstance(value, str) for value in values)
    draw = _names if named else _numbers
    height, parts = draw(lines, values)
    said = f"{curve.title}: {curve.label} by {curve.axis}; the numbers are in the table below"
    return element(
        "svg", *parts, viewBox=f"0 0 {WIDTH:g} {height:g}", role="img", aria_label=said, class_="plot"
    )  # fmt: skip


def positions(lines: Sequence[Drawn]) -> list[Position]:
    """The places of all lines on their axis: numbers in rising order, names as they come."""
    values = list(dict.fromkeys(value for drawn in lines for value in drawn.estimates))
    return values if any(isinstance(value, str) for value in values) else sorted(values)


def _numbers(lines: Sequence[Drawn], values: Sequence[Position]) -> tuple[float, list[Markup]]:
    """From left to right: evenly, or by their logarithms where a power law is a straight line."""
    curve, bottom = lines[0].curve, HEIGHT - BOTTOM
    up = axes.around(_drawn(lines), bottom, TOP, curve.log)
    left = 14 + axes.WIDTH_OF_LETTER * max((len(tick.label) for tick in up.ticks), default=0)
    if curve.log:
        along = axes.around((float(value) for value in values), left, WIDTH - RIGHT, log=True)
        ticks, step = along.ticks, 0.0
        place: Callable[[Position], float] = lambda value: along.at(float(value))  # noqa: E731
    else:
        step = (WIDTH - RIGHT - left) / len(values)
        middles = {value: left + step * (number + 0.5) for number, value in enumerate(values)}
        labels = axes.thinned([position(value) for value in values], step)
        ticks = [Tick(middles[value], label) for value, label in zip(values, labels, strict=True)]
        place = middles.__getitem__
    parts = [_label(0, 11, curve.label, "start"), _label((left + WIDTH - RIGHT) / 2, HEIGHT - 4, curve.axis, "middle")]
    for tick in up.ticks:
        y = up.at(tick.at)
        parts += [_line(left, y, WIDTH - RIGHT, y, "grid"), _tick(left - 5, y + _LETTERS + 0.8, tick.label, "end")]
    for tick in ticks:
        x = along.at(tick.at) if curve.log else tick.at
        parts += [_line(x, bottom, x, bottom + 4, "axis"), _tick(x, bottom + 16, tick.label, "middle")]
    parts.append(_line(left, bottom, WIDTH - RIGHT, bottom, "axis"))
    spread = min(5.0, 0.6 * step / len(lines))
    spots = list(_spots(lines, place, spread))
    return HEIGHT, [*parts, *_paths(spots, up), *_marks(spots, up, upright=True)]


def _names(lines: Sequence[Drawn], values: Sequence[Position]) -> tuple[float, list[Markup]]:
    """Names below each other, their estimates from left to right."""
    curve = lines[0].curve
    height = 12 + ROW * len(values) + BOTTOM
    bottom = height - BOTTOM
    left = 12 + axes.WIDTH_OF_LETTER * max(len(position(value)) for value in values)
    along = axes.around(_drawn(lines), left, WIDTH - RIGHT, curve.log)
    middles = {value: 12 + ROW * (number + 0.5) for number, value in enumerate(values)}
    shown = axes.thinned([tick.label for tick in along.ticks], (WIDTH - left) / max(1, len(along.ticks)))
    parts = [_label(WIDTH - RIGHT, height - 4, curve.label, "end")]
    for tick, label in zip(along.ticks, shown, strict=True):
        x = along.at(tick.at)
        parts += [_line(x, 8, x, bottom, "grid"), _tick(x, bottom + 16, label, "middle")]
    for value, y in middles.items():
        parts += [_line(left, y, WIDTH - RIGHT, y, "row"), _tick(left - 8, y + _LETTERS + 0.8, position(value), "end")]
    parts.append(_line(left, bottom, WIDTH - RIGHT, bottom, "axis"))
    spots = list(_spots(lines, middles.__getitem__, min(6.0, 0.6 * ROW / len(lines))))
    return height, [*parts, *_marks(spots, along, upright=False)]


def _drawn(lines: Sequence[Drawn]) -> Iterator[float]:
    """All values that have to have room."""
    for drawn in lines:
        for value, estimate in drawn.estimates.items():
            yield from (estimate.mean, estimate.low, estimate.high)
            if value in drawn.curve.published:
                yield drawn.curve.published[value]


def _spots(lines: Sequence[Drawn], place: Callable[[Position], float], spread: float) -> Iterator[_Spot]:
    """Every estimate that there is, lines beside each other so that no interval covers another."""
    for number, drawn in enumerate(lines):
        beside = spread * (number - (len(lines) - 1) / 2)
        for value, estimate in drawn.estimates.items():
            if math.isfinite(estimate.mean):
                known = drawn.curve.published.get(value)
                yield _Spot(number, place(value) + beside, estimate, known, len(lines) == 1)


def _paths(spots: Sequence[_Spot], up: Scale) -> Iterator[Markup]:
    """The lines through estimates, and those through what was published."""
    for number in sorted({spot.line for spot in spots}):
        of_line = [spot for spot in spots if spot.line == number]
        known = [(spot.at, spot.known) for spot in of_line if spot.known is not None]
        yield _path([(spot.at, up.at(spot.estimate.mean)) for spot in of_line], f"through {colour(number)}")
        if len(known) > 1:
            single = "known" if of_line[0].single else colour(number)
            yield _path([(at, up.at(value)) for at, value in known], f"through dashed {single}")


def _marks(spots: Sequence[_Spot], scale: Scale, upright: bool) -> Iterator[Markup]:
    """Intervals, and over them the marks: of what was published first, since it may lie where an estimate is."""
    for spot in spots:
        low, high = spot.estimate.low, spot.estimate.high
        if math.isfinite(low) and math.isfinite(high):
            yield _interval(spot, scale.at(low), scale.at(high), upright)
    for spot in spots:
        if spot.known is not None:
            at = (spot.at, scale.at(spot.known)) if upright else (scale.at(spot.known), spot.at)
            yield published(*at) if spot.single else marker(spot.line, *at, open_=True)
    for spot in spots:
        mean = scale.at(spot.estimate.mean)
        yield marker(spot.line, *((spot.at, mean) if upright else (mean, spot.at)))


def _interval(spot: _Spot, low: float, high: float, upright: bool) -> Markup:
    at, before, after = spot.at, spot.at - _CAP, spot.at + _CAP
    ways = (
        f"M{before:.1f} {low:.1f}H{after:.1f}M{at:.1f} {low:.1f}V{high:.1f}M{before:.1f} {high:.1f}H{after:.1f}"
        if upright
        else f"M{low:.1f} {before:.1f}V{after:.1f}M{low:.1f} {at:.1f}H{high:.1f}M{high:.1f} {before:.1f}V{after:.1f}"
    )
    return element("path", d=ways, class_=f"bar {colour(spot.line)}")


def _path(points: Sequence[tuple[float, float]], kind: str) -> Markup:
    return element("path", d="M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points), class_=kind)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return element("path", d=f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}", class_=kind)


def _tick(x: float, y: float, words: str, anchor: str) -> Markup:
    return element("text", words, x=float(x), y=float(y), text_anchor=anchor)


def _label(x: float, y: float, words: str, anchor: str) -> Markup:
    return element("text", words, x=float(x), y=float(y), text_anchor=anchor, class_="label")
