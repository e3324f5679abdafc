"""Text from elsewhere, as sentences, logs and terminals can take it."""

from __future__ import annotations


def one_line(text: object, limit: int = 160) -> str:
    """Text from elsewhere (a library, a file) as it may stand in a sentence: one line, printable, not too long."""
    shown = printable(" ".join(str(text).split()))
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def printable(text: str) -> str:
    """Text as any terminal and log can take it, in one line."""
    return "".join(c if c.isprintable() else "?" for c in text)
