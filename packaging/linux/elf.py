"""What the build must know of programs and libraries of Linux: ELF files of 64 bits, little-endian."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

MAGIC = b"\x7fELF\x02\x01"
LOAD, INTERPRETER = 1, 3  # kinds of segments
_HEADER, _SEGMENT = struct.Struct("<16x16xQ14xHH6x"), struct.Struct("<II6Q")


class Segment(NamedTuple):
    """One row of the table of segments; offset and stored size are of the file, address and size of memory."""

    kind: int
    flags: int
    offset: int
    address: int
    physical: int
    stored: int
    size: int
    align: int


def segments(content: bytes) -> Iterator[Segment]:
    """The table of segments of an ELF file."""
    table, size, count = _HEADER.unpack_from(content)
    for number in range(count):
        yield Segment(*_SEGMENT.unpack_from(content, table + number * size))


def interpreter(content: bytes) -> str:
    """The path of the loader that the kernel starts a program with; empty where it needs none, or is no ELF file."""
    if content[: len(MAGIC)] == MAGIC:
        for segment in segments(content):
            if segment.kind == INTERPRETER:
                return content[segment.offset : segment.offset + segment.stored].rstrip(b"\0").decode("ascii")
    return ""
