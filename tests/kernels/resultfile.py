"""Result files as docs/formats.md describes them, read and written with msgpack, zlib and numpy, not by our own code.

A file's structure is a dict in which attacks are easy to write: "header" is what its map says, "columns" has for each
metric an array [cells, measurements] of the column's own numbers, "digests" an array [cells, 8]. Written it may have
bytes in the place of any of them.
"""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Callable
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

CHECKSUM_BYTES, DIGEST_BYTES, LENGTH_BYTES = 16, 8, 4
Top = dict[str, Any]
"""The structure of a result file."""


def content(data: bytes) -> bytes:
    """What a file is deflated from."""
    return zlib.decompress(data)


def inflated(data: bytes) -> bytes:
    """As much as can be inflated of the beginning of a file that may be none."""
    try:
        return zlib.decompressobj().decompress(data, 1 << 20)
    except zlib.error:
        return b""


def sealed(body: bytes) -> bytes:
    """A content whose checksum, its last 16 bytes, is right."""
    return body + hashlib.blake2b(body, digest_size=CHECKSUM_BYTES).digest()


def seal(body: bytes) -> bytes:
    """The file of a content before its checksum, with the right checksum."""
    return zlib.compress(sealed(body))


def resealed(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The file with another content, whose checksum is made right again."""
    return seal(change(content(data)[:-CHECKSUM_BYTES]))


def headed(header: bytes, numbers: bytes = b"", length: int | None = None) -> bytes:
    """A content before its checksum: the header's length, or what is said to be it, the header, the numbers."""
    told = len(header) if length is None else length
    return told.to_bytes(LENGTH_BYTES, "little") + header + numbers


def parts(body: bytes) -> tuple[bytes, bytes]:
    """Header and numbers of a content."""
    end = LENGTH_BYTES + int.from_bytes(body[:LENGTH_BYTES], "little")
    return body[LENGTH_BYTES:end], body[end:]


def reheaded(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The file with other bytes for its header, whose length and checksum are made right again."""

    def exchange(body: bytes) -> bytes:
        header, numbers = parts(body)
        return headed(change(header), numbers)

    return resealed(data, exchange)


def planes(column: NDArray[Any]) -> bytes:
    """A column's bytes: of all numbers the lowest byte, then the next; cells run fastest, then measurements."""
    plain = column.T.astype(column.dtype.newbyteorder("<")).tobytes()
    width = column.dtype.itemsize
    return b"".join(plain[at::width] for at in range(width))


def column(data: bytes, kind: str, cells: int) -> NDArray[Any]:
    """The column [cells, measurements] of such bytes."""
    width = np.dtype(kind).itemsize
    count = len(data) // width
    plain = bytearray(len(data))
    for at in range(width):
        plain[at::width] = data[at * count : (at + 1) * count]
    return np.frombuffer(bytes(plain), kind).reshape(-1, cells).T.copy()


def tree(data: bytes) -> Top:
    """The structure of a file."""
    packed, numbers = parts(content(data)[:-CHECKSUM_BYTES])
    header: dict[str, Any] = msgpack.unpackb(packed)
    cells = cells_of(header)
    columns: dict[str, NDArray[Any]] = {}
    for name, kind in header["columns"].items():
        size = np.dtype(kind).itemsize * cells * len(header["clock"]["ticks"])
        columns[name], numbers = column(numbers[:size], kind, cells), numbers[size:]
    digests = np.frombuffer(numbers, np.uint8).reshape(cells, DIGEST_BYTES).copy()
    return {"header": header, "columns": columns, "digests": digests}


def cells_of(header: dict[str, Any]) -> int:
    """How many cells a header tells of."""
    return int(header["seeds"]["count"]) * math.prod(map(len, header["axes"].values()))


def body(top: Top) -> bytes:
    """A structure's content before its checksum."""
    header, digests = top["header"], top["digests"]
    packed = header if isinstance(header, bytes) else msgpack.packb(header)
    columns = [one if isinstance(one, bytes) else planes(one) for one in top["columns"].values()]
    told = digests if isinstance(digests, bytes) else digests.tobytes()
    return headed(packed, b"".join([*columns, told]))


def forged(top: Top) -> bytes:
    """The file of a structure, with a right checksum."""
    return seal(body(top))
