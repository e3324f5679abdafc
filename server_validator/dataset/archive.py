"""The archive: every result that was found valid, byte for byte as it came, named by its checksum.

Results are deflated already, so nothing is compressed again. Two commands that keep one result at once write the same
bytes, each to a temporary file of its own.
"""

from __future__ import annotations

from pathlib import Path

from kernels import limits
from kernels.formats import atomic
from kernels.refusals import cannot_write

FOLDER = "archive"


def place(data: Path, checksum: bytes) -> Path:
    """Where the result of this checksum lies in a data directory: 256 folders, as a folder of millions is slow."""
    name = checksum.hex()
    return data / FOLDER / name[:2] / f"{name}.msgpack"


def keep(data: Path, checksum: bytes, content: bytes) -> None:
    """Keep a result's bytes; once more changes nothing. CannotWrite."""
    path = place(data, checksum)
    if path.is_file() and path.stat().st_size == len(content):
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path.parent, error) from error
    atomic.write_beside_others(path, content)


def read(data: Path, checksum: bytes) -> bytes:
    """The bytes of a result that was kept, which tell themselves whether they are whole. CannotRead."""
    return atomic.read(place(data, checksum), limits.RESULT_BYTES)
