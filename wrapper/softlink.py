"""Logical file names: the one-line XML files that stand in a slot for files of the project directory.

The first line is `<soft_link>../../projects/URLDIR/PHYSICAL</soft_link>` (BOINC runtime protocol, "soft links").
"""

from pathlib import Path
from typing import Final

from patience import patiently

FIRST_LINE_LIMIT: Final = 511  # bytes; the reference reads the line into 512 with the NUL, a longer one is data
OPEN, CLOSE = b"<soft_link>", b"</soft_link>"


def link_target(head: bytes) -> str | None:
    """The path in a soft link file, from the file's first bytes; None if that is no soft link. Pure."""
    line = head[:FIRST_LINE_LIMIT].partition(b"\n")[0].partition(b"\0")[0]
    _, opened, rest = line.partition(OPEN)
    target, closed, _ = rest.partition(CLOSE)
    target = target.strip()
    # As paths are decoded on POSIX: on Windows the same bytes are a name that no file has, and no failure of ours.
    return target.decode("utf-8", "surrogateescape") if opened and closed and target else None


def resolve(slot: Path, logical_name: str) -> Path:
    """The file that a logical name of this slot stands for.

    A real symlink, a plain file and a missing file are their own answer: the name inside the slot. OSError where the
    file is there and cannot be read: to write in its place would be to write where nobody looks.
    """
    path = slot / logical_name
    if path.is_symlink() or path.is_dir():
        return path
    try:
        target = link_target(patiently(lambda: _head(path)))
    except (FileNotFoundError, NotADirectoryError):
        return path
    return slot / target if target else path


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(FIRST_LINE_LIMIT)
