"""Verdicts as people see them: a word and a shape; the colour only helps."""

from __future__ import annotations

from kernels.claims import Verdict
from server_validator.reporting.html.markup import Markup, element, text

_SHAPES: dict[Verdict, str] = {
    "holds": "M3 8.5L6.5 12L13 4.5",
    "refuted": "M4 4L12 12M12 4L4 12",
    "undecided": "M3 6H13M3 10H13",
}
VERDICTS = tuple(_SHAPES)


def shape(verdict: Verdict) -> Markup:
    """The verdict's sign alone."""
    path = element("path", d=_SHAPES[verdict])
    return element("svg", path, viewBox="0 0 16 16", class_="sign", aria_hidden="true")


def chip(verdict: Verdict, number: int | None = None) -> Markup:
    """A verdict; with a number, that of the findings that have it."""
    plural = "hold" if verdict == "holds" and number != 1 else verdict
    said = text(verdict) if number is None else text(element("b", number), f" {plural}")
    return element("span", shape(verdict), said, class_=f"verdict {verdict}")
