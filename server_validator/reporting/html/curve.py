"""A plot with its legend, and its numbers as a table."""

from __future__ import annotations

from collections.abc import Sequence

from kernels.claims import Estimate
from server_validator.reporting.findings import Drawn
from server_validator.reporting.html import markers, plot
from server_validator.reporting.html.markup import Markup, element, text
from server_validator.reporting.html.numerals import plain
from server_validator.reporting.words import position


def figure(title: str, lines: Sequence[Drawn]) -> Markup:
    """Curves of one title."""
    return element(
        "figure",
        element("figcaption", title),
        plot.plot(lines),
        element("ul", _legend(lines), class_="legend"),
        element("details", element("summary", "The numbers", _of(title)), table(title, lines)),
    )


def _of(title: str) -> Markup:
    """For who hears the page, and does not see what the numbers belong to."""
    return element("span", f" of: {title}", class_="heard")


def _legend(lines: Sequence[Drawn]) -> list[Markup]:
    single = len(lines) == 1
    seeds = max((estimate.seeds for drawn in lines for estimate in drawn.estimates.values()), default=0)
    measured = f"measured, with 95 % interval ({seeds} seeds)" if seeds > 1 else "measured (one seed)"
    entries = []
    for number, drawn in enumerate(lines):
        name = drawn.curve.line or measured
        entries.append(_entry(markers.marker(number, 12.0, 8.0), markers.colour(number), name))
        if set(drawn.curve.published) & set(drawn.estimates):
            mark = markers.published(12.0, 8.0) if single else markers.marker(number, 12.0, 8.0, open_=True)
            kind = "dashed known" if single else f"dashed {markers.colour(number)}"
            entries.append(_entry(mark, kind, "published" if single else f"published, {name}"))
    if not single:
        entries.append(element("li", measured[0].upper() + measured[1:], class_="note"))
    return entries


def _entry(mark: Markup, kind: str, name: str) -> Markup:
    stroke = element("path", d="M1 8H23", class_=f"through {kind}")
    return element("li", element("svg", stroke, mark, viewBox="0 0 24 16", class_="key", aria_hidden="true"), name)


def table(title: str, lines: Sequence[Drawn]) -> Markup:
    """The numbers of a plot, in a box that scrolls by itself where the page is narrow."""
    several = any(drawn.curve.line for drawn in lines)
    headings = ["line"] * several + [lines[0].curve.axis, "estimate", "95 % interval", "seeds", "published"]
    rows = [
        element("tr", _cells(drawn.curve.line if several else None, position(value), estimate, known))
        for drawn in lines
        for value, estimate in drawn.estimates.items()
        for known in [drawn.curve.published.get(value)]
    ]
    return element(
        "div",
        element(
            "table",
            element("thead", element("tr", [element("th", heading, scope="col") for heading in headings])),
            element("tbody", rows),
        ),
        class_="scrolls", tabindex=0, role="region", aria_label=f"Numbers of: {title}",
    )  # fmt: skip


def _cells(line: str | None, at: str, estimate: Estimate, known: float | None) -> Markup:
    between = f"{plain(estimate.low)} to {plain(estimate.high)}" if estimate.seeds > 1 else ""
    mean = plain(estimate.mean) if estimate.seeds else ""
    return text(
        element("td", line) if line is not None else None,
        element("th", at, scope="row"),
        [element("td", word) for word in (mean, between, str(estimate.seeds), "" if known is None else plain(known))],
    )
