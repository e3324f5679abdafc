"""Words and numbers as people read them, alike in tables and plots."""

from __future__ import annotations

from kernels.claims import Position


def position(value: Position) -> str:
    """A curve's place on its axis."""
    return value if isinstance(value, str) else f"{value:g}"
