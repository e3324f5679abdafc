"""How the protocol's little files are written: whole or not at all, since the client acts on their mere presence."""

from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path` in one step. Raises OSError."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)
