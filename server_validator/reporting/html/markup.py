"""Elements of HTML and SVG, in which every text is escaped: names of files and hosts are anybody's."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TypeAlias

Child: TypeAlias = "str | int | Iterable[Child] | None"
"""What stands in an element: text, other elements, nothing, or several of these."""

_VOID = frozenset({"meta", "link", "br"})
# What stands on lines of its own, so that two reports can be compared line by line: a blank changes nothing there.
_BLOCKS = frozenset({
    "head", "body", "header", "main", "nav", "section", "article", "footer", "div", "figure", "details",
    "h1", "h2", "h3", "h4", "p", "ul", "li", "dl", "dd", "table", "tr", "meta", "link", "title", "style",
})  # fmt: skip
_SPACES = "\n\N{NARROW NO-BREAK SPACE}\N{NO-BREAK SPACE}"


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, /, *children: Child, **attributes: str | float | None) -> Markup:
    """An element. An attribute `class_` is class, `aria_label` aria-label; one that is None is left out."""
    words = [
        f' {key.rstrip("_").replace("_", "-")}="{_number(value) if isinstance(value, float) else _escaped(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    ]
    opened = f"<{name}{''.join(words)}>"
    end = "\n" if name in _BLOCKS else ""
    return Markup(f"{opened}{end}" if name in _VOID else f"{opened}{text(children)}</{name}>{end}")


def text(*children: Child) -> Markup:
    """Children one after the other, without an element around them."""
    parts: list[str] = []
    for child in children:
        if isinstance(child, Markup):
            parts.append(child)
        elif isinstance(child, (str, int)):
            parts.append(_escaped(str(child)))
        elif child is not None:
            parts.extend(text(inner) for inner in child)
    return Markup("".join(parts))


def _escaped(words: str) -> str:
    """Text in which nothing is an element, and nothing hides or turns other text around."""
    return html.escape("".join(c if c.isprintable() or c in _SPACES else "?" for c in words))


def _number(value: float) -> str:
    """A coordinate, as short as a tenth of a unit allows."""
    return f"{value:.1f}".removesuffix(".0")
