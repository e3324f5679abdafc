"""How the protocol's little files are written: whole or not at all, since the client acts on their mere presence."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from patience import patiently


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path` in one step. Raises OSError and leaves nothing then."""
    put(prepare(path, content), path)


def write_at_once(path: Path, content: bytes) -> None:
    """The same without patience, for the thread that has to hear the client."""
    partial = _partial(path)
    with _or_nothing(partial):
        partial.write_bytes(content)
        partial.replace(path)


def prepare(path: Path, content: bytes) -> Path:
    """Write `content` to a file beside `path` that only needs to be `put`. Raises OSError and leaves nothing then."""
    partial = _partial(path)
    with _or_nothing(partial):
        patiently(lambda: partial.write_bytes(content))
    return partial


def put(partial: Path, path: Path) -> None:
    """Give a prepared file its name. Raises OSError and leaves nothing then."""
    with _or_nothing(partial):
        patiently(lambda: partial.replace(path))


def _partial(path: Path) -> Path:
    return path.with_name(path.name + ".partial")


@contextlib.contextmanager
def _or_nothing(partial: Path) -> Iterator[None]:
    try:
        yield
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
