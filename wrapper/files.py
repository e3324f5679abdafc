"""How the protocol's little files are written: whole or not at all, since the client acts on their mere presence."""

import contextlib
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path` in one step. Raises OSError and leaves nothing then."""
    prepare(path, content).replace(path)


def prepare(path: Path, content: bytes) -> Path:
    """Write `content` to a file beside `path` that only needs to be renamed. Raises OSError and leaves nothing then."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(content)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    return partial
