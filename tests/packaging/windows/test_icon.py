"""The icon as its readers take it apart."""

from __future__ import annotations

import struct
import zlib

from windows import icon


def test_every_size_is_in_the_file() -> None:
    content = icon.ico()
    _, kind, count = struct.unpack_from("<HHH", content)
    assert (kind, count) == (1, len(icon.SIZES))
    for number, size in enumerate(icon.SIZES):
        wide, high, _, _, _, bits, length, place = struct.unpack_from("<BBBBHHII", content, 6 + 16 * number)
        assert (wide or 256, high or 256, bits) == (size, size, 32)
        image = content[place : place + length]
        assert len(image) == length
        if size == 256:
            assert image == icon.png(size)
        else:
            header, across, down = struct.unpack_from("<Iii", image)
            assert (header, across, down) == (40, size, 2 * size)  # twice as high as it looks: the mask counts
            assert length == 40 + 4 * size * size + (size + 31) // 32 * 4 * size
    assert place + length == len(content)


def test_a_png_of_rows_of_pixels() -> None:
    image = icon.png(8)
    start = image.index(b"IDAT")
    (length,) = struct.unpack_from(">I", image, start - 4)
    rows = zlib.decompress(image[start + 4 : start + 4 + length])
    assert len(rows) == 8 * (1 + 4 * 8)
    assert tuple(rows[1 + 4 * 3 : 5 + 4 * 3]) == icon.pixel(8, 3, 0)


def test_what_is_to_be_seen() -> None:
    """The corners are round; ground, units and edges have their colours."""
    assert [icon.pixel(48, column, row)[3] for column, row in ((0, 0), (47, 0), (24, 24), (0, 24))] == [0, 0, 255, 255]
    for tint, nodes in icon.LAYERS:
        for x, y in nodes:
            assert icon.pixel(256, int(256 * x), int(256 * y)) == (*tint, 255)
    assert icon.pixel(256, 20, 128) == (*icon.GROUND, 255)
    assert icon.pixel(256, 168, 128) == (*icon.EDGE, 255)
