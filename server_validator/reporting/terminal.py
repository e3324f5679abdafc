"""Where people read: the terminal."""

from __future__ import annotations

from rich.console import Console


def console() -> Console:
    """Standard output, as wide as it is."""
    return Console()
