"""The marks of a plot's lines: each a shape of its own, so that nobody has to see its colour."""

from __future__ import annotations

from server_validator.reporting.html.markup import Markup, element

LINES = 8  # classes of the style sheet; a plot with more lines begins again with dashes
_SIZE = 4.2
_SHAPES = (
    "M-1 0a1 1 0 1 0 2 0a1 1 0 1 0 -2 0Z",  # circle
    "M-.9 -.9H.9V.9H-.9Z",  # square
    "M0 -1.2L1.1 .8H-1.1Z",  # triangle
    "M0 -1.3L1.2 0L0 1.3L-1.2 0Z",  # diamond
    "M0 1.2L1.1 -.8H-1.1Z",  # triangle, upside down
    "M-.4 -1.2H.4V-.4H1.2V.4H.4V1.2H-.4V.4H-1.2V-.4H-.4Z",  # plus
    "M0 -1.3L1.2 -.4L.75 1H-.75L-1.2 -.4Z",  # pentagon
    "M-1.2 -.5H1.2V.5H-1.2Z",  # bar
)


def marker(line: int, x: float, y: float, open_: bool = False) -> Markup:
    """The mark of the plot's line of this number; `open_` for what was published."""
    kind = "mark open" if open_ else "mark"
    place = f"translate({x:.1f} {y:.1f}) scale({_SIZE})"
    return element("path", d=_SHAPES[line % len(_SHAPES)], transform=place, class_=f"{kind} {colour(line)}")


def published(x: float, y: float) -> Markup:
    """The mark of what was published beside a single line."""
    place = f"translate({x:.1f} {y:.1f}) scale({_SIZE})"
    return element("path", d=_SHAPES[1], transform=place, class_="mark open known")


def colour(line: int) -> str:
    """The class of a line's colour."""
    return f"line-{line % LINES}"
