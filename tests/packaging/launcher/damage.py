"""What can become of an installed file: played on every system that a launcher is tried on."""

from __future__ import annotations

from pathlib import Path


def damaged(project: Path, name: str, kind: str) -> None:
    """Damage a file in the way that a word tells."""
    content = bytearray((project / name).read_bytes())
    (project / name).unlink()
    if kind == "missing":
        return
    if kind == "longer":
        content += b"x"
    elif kind == "shorter":
        del content[-1]
    elif kind == "first byte":
        content[0] ^= 1
    elif kind == "last byte":
        content[-1] ^= 128
    (project / name).write_bytes(content)
