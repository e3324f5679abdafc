"""The program's icon, drawn by arithmetic: a tiny network of two inputs, three hidden units and an output, on blue.

    python packaging/windows/icon.py FILE.ico

No binary file is kept, and the same bytes come out wherever zlib is the same.
"""

from __future__ import annotations

import functools
import itertools
import math
import struct
import sys
import zlib
from pathlib import Path

SIZES = (16, 32, 48, 256)  # pixels: lists, desktop, large icons, very large ones
Colour = tuple[int, int, int]
Point = tuple[float, float]

GROUND: Colour = (24, 46, 92)
EDGE: Colour = (150, 172, 214)
INPUT: Colour = (84, 190, 226)
HIDDEN: Colour = (244, 247, 252)
OUTPUT: Colour = (255, 176, 46)
LAYERS: tuple[tuple[Colour, tuple[Point, ...]], ...] = (
    (INPUT, ((0.2, 0.32), (0.2, 0.68))),
    (HIDDEN, ((0.5, 0.18), (0.5, 0.5), (0.5, 0.82))),
    (OUTPUT, ((0.81, 0.5),)),
)
"""Coordinates and radii are parts of the icon's side, from its upper left corner."""

CORNER, NODE, LAST, LINE = 0.2, 0.095, 0.125, 0.022
THINNEST = 0.45  # pixels: half of an edge's width in small icons, where it would vanish


def _segment(x: float, y: float, begin: Point, end: Point) -> float:
    """Distance of a point to a line between two."""
    across, down = end[0] - begin[0], end[1] - begin[1]
    along = ((x - begin[0]) * across + (y - begin[1]) * down) / (across * across + down * down)
    along = min(max(along, 0.0), 1.0)
    return _length(x - begin[0] - along * across, y - begin[1] - along * down)


def _length(x: float, y: float) -> float:
    return math.sqrt(x * x + y * y)  # not hypot, which systems round in their own ways


def _over(below: Colour, colour: Colour, share: float) -> Colour:
    red, green, blue = (round(old + (new - old) * share) for old, new in zip(below, colour, strict=True))
    return red, green, blue


def pixel(size: int, column: int, row: int) -> tuple[int, int, int, int]:
    """Red, green, blue and opacity of one pixel of the icon with `size` pixels a side."""
    x, y = (column + 0.5) / size, (row + 0.5) / size

    def share(distance: float, radius: float) -> float:
        """How much of the pixel lies within `radius` of what it has that distance to."""
        return min(max((radius - distance) * size + 0.5, 0.0), 1.0)

    colour = GROUND
    half = max(LINE, THINNEST / size)
    for (_, here), (_, there) in itertools.pairwise(LAYERS):
        near = min(_segment(x, y, begin, end) for begin in here for end in there)
        colour = _over(colour, EDGE, share(near, half))
    for tint, nodes in LAYERS:
        near = min(_length(x - across, y - down) for across, down in nodes)
        colour = _over(colour, tint, share(near, LAST if tint is OUTPUT else NODE))
    outside = _length(max(abs(x - 0.5) - 0.5 + CORNER, 0.0), max(abs(y - 0.5) - 0.5 + CORNER, 0.0))
    return *colour, round(255 * share(outside, CORNER))


def _bitmap(size: int) -> bytes:
    """An image as icons have had it from the beginning: rows from below, blue first, and a mask that nobody reads."""
    pixels = bytearray()
    for row in reversed(range(size)):
        for column in range(size):
            red, green, blue, opacity = pixel(size, column, row)
            pixels += bytes((blue, green, red, opacity))
    mask = bytes((size + 31) // 32 * 4 * size)
    return (
        struct.pack("<IiiHHIIiiII", 40, size, 2 * size, 1, 32, 0, len(pixels) + len(mask), 0, 0, 0, 0) + pixels + mask
    )


def png(size: int) -> bytes:
    """The icon with `size` pixels a side, as PNG."""
    rows = (b"\0" + bytes(value for column in range(size) for value in pixel(size, column, row)) for row in range(size))
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"".join(rows), 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


@functools.cache
def ico() -> bytes:
    """The .ico file with all sizes; the largest as PNG, as Windows' own are."""
    images = [_bitmap(size) if size < 256 else png(size) for size in SIZES]
    place = 6 + 16 * len(images)
    entries = b""
    for size, image in zip(SIZES, images, strict=True):
        entries += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(image), place)
        place += len(image)
    return struct.pack("<HHH", 0, 1, len(images)) + entries + b"".join(images)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(ico())
