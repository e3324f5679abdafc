"""Attacks on the validator: each a named maker of what is uploaded, with the exit code it must meet; docs/attacks.md.

A maker is a function from honest results to a file's bytes, or one that puts something else at the upload's path. Its
docstring says what the attack hopes for; `why` says of a valid one why that is right.
"""

from __future__ import annotations

import gzip
import itertools
import os
import socket
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack
import numpy as np

from kernels import limits
from tests.kernels import tiny
from tests.kernels.resultfile import (
    CHECKSUM_BYTES,
    Top,
    body,
    cells_of,
    content,
    headed,
    parts,
    planes,
    reheaded,
    resealed,
    seal,
    sealed,
    tree,
)  # fmt: skip
from tests.server_validator.forging import changed, curve, put, says_exact, says_near

FIRST = 1116
RATES: list[int | float | str] = [0.02, 0.05]
UNIT, OTHER = tiny.unit(FIRST, 2, learning_rate=RATES), tiny.unit(2000, 2, learning_rate=RATES)  # four cells each
MINE, THEIRS = f"{UNIT.name}_0_r77_0", f"{UNIT.name}_1_r88_0"
MEASUREMENTS = 12


@dataclass(frozen=True)
class Honest:
    """True results: my own, another host's of the same work unit (uploaded before), of other seeds, a near one."""

    own: bytes
    theirs: bytes
    other: bytes
    torch: bytes


@dataclass(frozen=True)
class Attack:
    """What is put at the upload's path, and how `axiom-server validate --project` must answer."""

    name: str
    group: str
    hope: str
    code: int
    says: str  # words of the one line that is printed
    put: Callable[[Path, Honest], None]
    why: str = ""  # of a valid one
    torch: bool = False  # asked with --torch
    upload: str = MINE  # its file name
    later: Callable[[Path, Honest], None] | None = None  # done as soon as the file has been read


ATTACKS: list[Attack] = []
_group = ""


def group(name: str) -> None:
    global _group
    _group = name


def place(code: int, says: str, **more: Any) -> Callable[[Callable[[Path, Honest], None]], None]:
    """Enter a maker that puts something at a path."""

    def enter(make: Callable[[Path, Honest], None]) -> None:
        hope = " ".join((make.__doc__ or "").split())
        ATTACKS.append(Attack(make.__name__, _group, hope, code, says, make, **more))

    return enter


def file(code: int, says: str, **more: Any) -> Callable[[Callable[[Honest], bytes]], None]:
    """Enter a maker of a file's bytes."""

    def enter(make: Callable[[Honest], bytes]) -> None:
        _enter(make.__name__, make.__doc__ or "", code, says, make, more)

    return enter


def change(code: int, says: str, **more: Any) -> Callable[[Callable[[Top], object]], None]:
    """Enter a change of my own true result, whose checksum is made right again."""

    def enter(make: Callable[[Top], object]) -> None:
        _enter(make.__name__, make.__doc__ or "", code, says, lambda honest: changed(honest.own, make), more)

    return enter


def _enter(name: str, hope: str, code: int, says: str, make: Callable[[Honest], bytes], more: dict[str, Any]) -> None:
    def put_file(path: Path, honest: Honest) -> None:
        path.write_bytes(make(honest))

    ATTACKS.append(Attack(name, _group, " ".join(hope.split()), code, says, put_file, **more))


def fields(rows: dict[str, tuple[str, tuple[Any, ...], Any]], code: int, says: str, **more: Any) -> None:
    """Enter changes of one field each: name -> what it hopes for, where, value."""

    def at(spot: tuple[Any, ...], value: Any) -> Callable[[Honest], bytes]:
        return lambda honest: changed(honest.own, lambda top: _set(top, spot, value))

    for name, (hope, spot, value) in rows.items():
        _enter(name, hope, code, says, at(spot, value), more)


def rewritten(rows: dict[str, tuple[str, bytes, bytes]]) -> None:
    """Enter other encodings of the same values: name -> what it hopes for, canonical bytes, bytes in their place."""

    def instead(short: bytes, long: bytes) -> Callable[[Honest], bytes]:
        def exchange(header: bytes) -> bytes:
            assert short in header
            return header.replace(short, long, 1)

        return lambda honest: reheaded(honest.own, exchange)

    for name, (hope, short, long) in rows.items():
        _enter(name, hope, 20, "is no whole result", instead(short, long), {})


def _set(top: Any, spot: tuple[Any, ...], value: Any) -> None:
    top = top["header"]
    for step in spot[:-1]:
        top = top[step]
    top[spot[-1]] = value


def reordered(top: Top) -> Top:
    return dict(reversed(top.items()))


def filled(top: Top, value: float, cell: int = 0, metric: str = "train_loss") -> None:
    put(top, cell, metric, np.full(MEASUREMENTS, value))


def counted(top: Top, count: int, cell: int = 0, metric: str = "train_accuracy") -> None:
    """Another count of samples in the place of every one."""
    top["columns"][metric][cell] = count


def of_cells(top: Top, cells: list[int]) -> None:
    """Only some rows, or some twice, in this order."""
    top["columns"] = {name: column[cells] for name, column in top["columns"].items()}
    top["digests"] = top["digests"][cells]


def invented(top: Top, *cells: int) -> None:
    """Cells whose numbers fit together and whose digests look like any, but which nobody trained."""
    for cell in cells:
        accuracy = np.linspace(0.5, 0.75, MEASUREMENTS)
        for metric in ("train_accuracy", "id_accuracy"):
            put(top, cell, metric, accuracy)
        put(top, cell, "ood_accuracy", accuracy / 2)
        put(top, cell, "train_loss", np.linspace(1.4, 0.2, MEASUREMENTS))
        top["digests"][cell] = np.frombuffer(os.urandom(8), np.uint8)


def large(top: Top, seeds: int, ticks: int, columns: int, fill: Callable[[int], bytes]) -> None:
    """A well-formed result of so many seeds, measurements and columns of floats; `fill` makes the bytes of each."""
    header = top["header"]
    header["seeds"]["count"], header["clock"]["ticks"] = seeds, list(range(ticks))
    header["columns"] = {f"m{number}": "<f4" for number in range(columns)}
    cells = cells_of(header)
    top["columns"] = {name: fill(4 * cells * ticks) for name in header["columns"]}
    top["digests"] = fill(8 * cells)


def as_long_as(data: bytes, size: int, fill: Callable[[int], bytes]) -> bytes:
    """A well-formed content of that many bytes, its checksum among them; `fill` makes the bytes of columns.

    Axes of one value each, a text of a letter or more, make up for what whole cells leave.
    """
    top = tree(data)
    for seeds in itertools.count((size - 300) // 256, -1):
        top["header"]["axes"] = {f"a{number}": ["x"] for number in range(20)}
        large(top, seeds, 31, 2, fill)
        missing = size - CHECKSUM_BYTES - len(body(top))
        if missing >= 0:
            break
    for value in top["header"]["axes"].values():
        letters = min(30, missing)
        value[0] += "x" * letters  # up to 31 letters a text's head is one byte
        missing -= letters
    whole = sealed(body(top))
    assert len(whole) == size
    return whole


# --- deflated in ways of one's own


def in_blocks(data: bytes, empty: int = 0) -> bytes:
    """A zlib stream that stores bytes as they are, in blocks, after some empty ones."""
    blocks = [data[at : at + 65535] for at in range(0, len(data), 65535)]
    plain = b"".join(
        bytes([number == len(blocks)]) + struct.pack("<HH", len(block), len(block) ^ 0xFFFF) + block
        for number, block in enumerate(blocks, 1)
    )
    nothing = b"\x00\x00\x00\xff\xff" * empty
    return b"\x78\x01" + nothing + plain + zlib.adler32(data).to_bytes(4, "big")


def endless(size: int) -> bytes:
    """The beginning of a zlib stream of that size, of zeros without end: a thousand times as many."""
    deflater = zlib.compressobj(9)
    start = deflater.compress(bytes(1 << 20)) + deflater.flush(zlib.Z_FULL_FLUSH)
    again = deflater.compress(bytes(1 << 20)) + deflater.flush(zlib.Z_FULL_FLUSH)
    return (start + again * (size // len(again)))[:size]


SPOT = ("seeds", "first")
AXES = ("axes",)
CAP, MOST = limits.RESULT_BYTES, limits.CONTENT_BYTES
NEXT_RATE = float(np.nextafter(0.05, 1))


group("Damage")


@file(20, "has no end")
def nothing_at_all(honest: Honest) -> bytes:
    """An empty file is a result without faults."""
    return b""


@file(20, "has no end")
def one_byte(honest: Honest) -> bytes:
    """Whoever cuts a checksum off the end of one byte reads before its beginning."""
    return honest.own[:1]


@file(20, "checksum does not fit")
def one_byte_deflated(honest: Honest) -> bytes:
    """As above, of what is inflated."""
    return zlib.compress(b"x")


@file(20, "no header")
def only_a_checksum(honest: Honest) -> bytes:
    """Nothing, sealed rightly, decodes to nothing that could be wrong."""
    return seal(b"")


@file(20, "has no end")
def truncated(honest: Honest) -> bytes:
    """A result whose upload was cut off passes for whole."""
    return honest.own[: len(honest.own) // 2]


@file(20, "has no end")
def truncated_by_one_byte(honest: Honest) -> bytes:
    """As above, where it shows least."""
    return honest.own[:-1]


@file(20, "has no end")
def truncated_before_the_sum_of_zlib(honest: Honest) -> bytes:
    """As above: all of the content is there, its checksum too, but for zlib's own four bytes."""
    return honest.own[:-4]


@file(20, "its columns have")
def truncated_and_sealed(honest: Honest) -> bytes:
    """The content cut off, with a right checksum of what is left."""
    return resealed(honest.own, lambda whole: whole[: len(whole) * 3 // 4])


@file(20, "is no whole result")
def bit_flipped(honest: Honest) -> bytes:
    """A disk's or network's error in a metric passes for science."""
    return _flipped(honest.own, len(honest.own) // 2)


@file(20, "nothing deflated")
def bit_flipped_in_the_sum_of_zlib(honest: Honest) -> bytes:
    """Zlib's own sum is not looked at, and many files are one result."""
    return _flipped(honest.own, -1)


@file(20, "checksum does not fit")
def bit_flipped_in_the_content(honest: Honest) -> bytes:
    """As above, before it is deflated: zlib's sum is right."""
    whole = content(honest.own)
    return zlib.compress(_flipped(whole, len(whole) // 2))


@file(20, "checksum does not fit")
def bit_flipped_in_the_checksum(honest: Honest) -> bytes:
    """Only the beginning of the checksum is looked at."""
    return zlib.compress(_flipped(content(honest.own), -1))


def _flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


@change(25, "differs in train_loss")
def bit_flipped_and_sealed(top: Top) -> None:
    """As a bit flipped by faulty memory before the result was written; every cell is recomputed here."""
    top["columns"]["train_loss"].view(np.uint32)[1, 5] ^= 1


@file(20, "checksum does not fit")
def checksum_of_other_bytes(honest: Honest) -> bytes:
    """Any checksum that is right of something will do."""
    other = content(changed(honest.own, lambda top: invented(top, 0)))
    return zlib.compress(other[:-16] + content(honest.own)[-16:])


@file(20, "checksum does not fit")
def checksum_of_zeros(honest: Honest) -> bytes:
    """The checksum as it is before it is filled in means unchecked."""
    return zlib.compress(content(honest.own)[:-16] + bytes(16))


@file(20, "something follows its end")
def trailing_bytes(honest: Honest) -> bytes:
    """What comes after a whole result is not looked at."""
    return honest.own + b"more"


@file(20, "its columns have")
def trailing_bytes_sealed(honest: Honest) -> bytes:
    """As above, in the content, before a right checksum of everything."""
    return resealed(honest.own, lambda whole: whole + b"more")


@file(20, "something follows its end")
def two_results_in_one_file(honest: Honest) -> bytes:
    """One reader takes the first, another the last: checked is one, stored the other."""
    return changed(honest.own, lambda top: invented(top, 0)) + honest.own


@file(20, "its columns have")
def two_results_sealed(honest: Honest) -> bytes:
    """As above, in one content with a right checksum of both together."""
    return resealed(honest.own, lambda whole: sealed(whole) + whole)


@file(20, "is no whole result")
def own_and_invented_halves(honest: Honest) -> bytes:
    """What a reader sees of a file that is written while it reads: half of one, half of the other."""
    half = len(honest.own) // 2
    return honest.own[:half] + changed(honest.own, lambda top: invented(top, 0, 3))[half:]


group("Something else")


@file(20, "nothing deflated")
def random_bytes(honest: Honest) -> bytes:
    """A reader of binary data trips over something."""
    return b"\xff" + os.urandom(5000)


@file(20, "nothing deflated")
def soft_link_of_boinc(honest: Honest) -> bytes:
    """A text that BOINC's own programs take for a link to another file is followed."""
    return b"<soft_link>../../projects/axiom/other_0_r1_0</soft_link>\n"


@file(20, "nothing deflated")
def gzip_bomb(honest: Honest) -> bytes:
    """Something unpacks 100 MB of zeros from 100 kB."""
    return gzip.compress(bytes(100_000_000), 1)


@file(20, "no header")
def pickle_that_runs_a_command(honest: Honest) -> bytes:
    """Something unpickles it."""
    return seal(b"cos\nsystem\n(S'echo was here'\ntR.")


@file(20, "is no whole result")
def json_of_the_same_values(honest: Honest) -> bytes:
    """A reader that guesses formats skips the checks of this one."""
    return seal(headed(b'{"format": 3, "experiment": "compgen", "version": 1}'))


@file(20, "nothing deflated")
def result_of_the_format_before(honest: Honest) -> bytes:
    """A bare MessagePack map with its checksum at the end, as results once were, is still taken."""
    return sealed(msgpack.packb({"format": 2, "experiment": "compgen", "version": 1, "cells": []}))


@change(21, "format 4")
def another_format(top: Top) -> None:
    """A format of the future is read without the checks of this one."""
    top["header"]["format"] = 4


@file(20, "is no whole result")
def only_nil(honest: Honest) -> bytes:
    """No result is taken for no fault."""
    return seal(headed(b"\xc0"))


group("How it is deflated")


@file(20, f"more than {MOST} bytes")
def bomb_of_one_byte_too_many(honest: Honest) -> bytes:
    """16 kB that inflate to just more than the limit, sealed rightly."""
    return seal(bytes(MOST + 1 - CHECKSUM_BYTES))


@file(20, f"more than {MOST} bytes")
def bomb_of_a_gigabyte(honest: Honest) -> bytes:
    """A megabyte, of zeros without end: memory ends before they do."""
    return endless(1 << 20)


@file(20, "checksum does not fit")
def deflated_twice(honest: Honest) -> bytes:
    """Something inflates until nothing is left to inflate, a bomb in the bomb among it."""
    return zlib.compress(zlib.compress(content(honest.own)))


@file(20, "nothing deflated")
def not_deflated(honest: Honest) -> bytes:
    """A reader that takes both looks at one of them less."""
    return content(honest.own)


@file(20, "nothing deflated")
def as_gzip(honest: Honest) -> bytes:
    """Zlib can detect gzip's head, which holds a file name and a comment of any length."""
    return gzip.compress(content(honest.own))


@file(20, "nothing deflated")
def without_head_and_sum(honest: Honest) -> bytes:
    """Raw deflate: what zlib's sum would find is not found."""
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(content(honest.own)) + deflater.flush()


@file(20, "nothing deflated")
def with_a_dictionary(honest: Honest) -> bytes:
    """A stream that refers to a dictionary of its maker's: the reader has none, or makes one up."""
    deflater = zlib.compressobj(zdict=content(honest.own))
    return deflater.compress(content(honest.own)) + deflater.flush()


@file(20, "nothing deflated")
def wrong_sum_of_zlib(honest: Honest) -> bytes:
    """As a bit flipped in it: a sum of zeros means unchecked."""
    return honest.own[:-4] + bytes(4)


@file(20, "nothing deflated")
def block_of_no_kind(honest: Honest) -> bytes:
    """Deflate's fourth kind of block, which there is not."""
    return b"\x78\x9c\x07" + bytes(100)


@file(20, "nothing deflated")
def reference_before_the_beginning(honest: Honest) -> bytes:
    """A repetition of bytes from before the content: what lies in the checker's memory there becomes a result."""
    return b"\x78\x9c\x03\x02\x04\x02" + bytes(20)


@file(20, "checksum does not fit")
def nothing_deflated_rightly(honest: Honest) -> bytes:
    """A whole stream of no bytes: its last 16 are before its beginning."""
    return zlib.compress(b"")


OTHER_COAT = (
    "one content is a result, and its checksum is the content's, by which verdicts, copies and the archive go; in "
    "which of many ways it was deflated says nothing"
)


@file(0, "valid", why=OTHER_COAT)
def stored_in_blocks(honest: Honest) -> bytes:
    """The same content, not compressed at all, is another file."""
    return in_blocks(content(honest.own))


@file(20, "longer than what it is deflated from")
def deflated_with_empty_blocks(honest: Honest) -> bytes:
    """1.7 million blocks without contents come before a true content: 8 MB of the archive's disk for each result."""
    return in_blocks(content(honest.own), (CAP - 5_000) // 5)


@file(26, "uploaded before")
def copy_in_another_coat(honest: Honest) -> bytes:
    """Another host's result deflated anew is no copy."""
    return in_blocks(content(honest.theirs))


group("Lengths and nesting")


@file(20, "no header of 4294967295 bytes")
def header_of_four_gigabytes(honest: Honest) -> bytes:
    """Room for as long a header as is claimed is made before it is seen."""
    return resealed(honest.own, lambda whole: headed(*parts(whole), length=2**32 - 1))


@file(20, "no header")
def header_beyond_the_end(honest: Honest) -> bytes:
    """As above, one byte longer than all that there is: it ends in the checksum."""
    return resealed(honest.own, lambda whole: headed(*parts(whole), length=len(whole) - 4 + 1))


@file(20, "is no whole result")
def header_that_is_everything(honest: Honest) -> bytes:
    """All columns belong to the header, and there is nothing left to check."""
    return resealed(honest.own, lambda whole: headed(*parts(whole), length=len(whole) - 4))


@file(20, "is no whole result")
def header_of_no_length(honest: Honest) -> bytes:
    """No header, no faults."""
    return resealed(honest.own, lambda whole: headed(*parts(whole), length=0))


@file(20, "is no whole result")
def header_one_byte_longer(honest: Honest) -> bytes:
    """The first byte of the columns belongs to it too."""
    return resealed(honest.own, lambda whole: headed(*parts(whole), length=len(parts(whole)[0]) + 1))


@file(20, "is no whole result")
def header_one_byte_shorter(honest: Honest) -> bytes:
    """Its last byte is the first of the columns."""
    return resealed(honest.own, lambda whole: headed(*parts(whole), length=len(parts(whole)[0]) - 1))


@file(20, "is no whole result")
def header_padded(honest: Honest) -> bytes:
    """Zeros after the map, within the header: something to hide a message in."""
    return reheaded(honest.own, lambda header: header + bytes(8))


@file(20, "or that is too long")
def header_above_its_limit(honest: Honest) -> bytes:
    """A header of 64 KiB and one byte, well formed, of an axis's values and ticks without end."""
    return changed(honest.own, lambda top: _long_header(top, limits.HEADER_BYTES + 1))


@file(20, "of length <= 4096")
def header_at_its_limit(honest: Honest) -> bytes:
    """As above, a byte less: it is read, with as many axes and names as can be, and more ticks."""
    return changed(honest.own, lambda top: _long_header(top, limits.HEADER_BYTES))


def _long_header(top: Top, size: int) -> None:
    header = top["header"]
    header["axes"] = {f"{number:02}".ljust(64, "x"): ["v" * 64] for number in range(63)} | {"last": ["v" * 64]}
    header["columns"] = {f"{number:02}".ljust(64, "x"): "<f4" for number in range(64)}
    missing = size - len(msgpack.packb(header)) - 2  # a long list's head has two bytes more
    header["clock"]["ticks"] += [2**63] * (missing // 9)
    header["clock"]["unit"] += "x" * (missing % 9)
    assert len(msgpack.packb(header)) == size
    numbers = bytes(4 * header["seeds"]["count"] * len(header["clock"]["ticks"]))
    top["columns"] = dict.fromkeys(header["columns"], numbers)
    top["digests"] = bytes(8 * header["seeds"]["count"])


@file(20, "is no whole result")
def sixty_thousand_nested_arrays(honest: Honest) -> bytes:
    """The decoder's stack ends before they do, and the checker dies."""
    return seal(headed(b"\x91" * 60_000 + b"\xc0"))


@file(20, "is no whole result")
def nested_arrays_in_a_field(honest: Honest) -> bytes:
    """As above, where a map is expected."""
    return seal(headed(b"\x82\xa6format\x03\xa4axes" + b"\x91" * 60_000 + b"\xc0"))


@file(20, "is no whole result")
def nested_arrays_in_an_unknown_field(honest: Honest) -> bytes:
    """As above, in something that is skipped, where no type ends the descent."""
    return seal(headed(b"\x82\xa4more" + b"\x91" * 60_000 + b"\xc0\xa6format\x03"))


@file(20, "is no whole result")
def nested_maps(honest: Honest) -> bytes:
    """As above, with maps, as many as the header's size allows."""
    return seal(headed(b"\x81\xa1x" * ((limits.HEADER_BYTES - 100) // 3) + b"\xc0"))


@file(20, "or that is too long")
def four_million_nested_maps(honest: Honest) -> bytes:
    """As above, as many as the content's size allows."""
    return seal(headed(b"\x81\xa1x" * ((MOST - 100) // 3) + b"\xc0"))


def _more(short: bytes, long: bytes) -> Callable[[Honest], bytes]:
    def exchange(header: bytes) -> bytes:
        assert short in header
        return header.replace(short, long, 1)

    return lambda honest: reheaded(honest.own, exchange)


@file(20, "is no whole result")
def four_billion_entries(honest: Honest) -> bytes:
    """Room for as many fields as are claimed is made before they are seen."""
    return reheaded(honest.own, lambda header: b"\xdf\xff\xff\xff\xff" + header[1:])


@file(20, "is no whole result")
def four_billion_axes(honest: Honest) -> bytes:
    """As above, axes of the grid."""
    return _more(b"\xa4axes\x83", b"\xa4axes\xdf\xff\xff\xff\xff")(honest)


@file(20, "is no whole result")
def four_billion_values(honest: Honest) -> bytes:
    """As above, values of an axis."""
    return _more(b"\xa5width\x91", b"\xa5width\xdd\xff\xff\xff\xff")(honest)


@file(20, "is no whole result")
def four_billion_ticks(honest: Honest) -> bytes:
    """As above, ticks of the clock."""
    return _more(b"\xa5ticks\x9c", b"\xa5ticks\xdd\xff\xff\xff\xff")(honest)


@file(20, "is no whole result")
def four_billion_columns(honest: Honest) -> bytes:
    """As above, columns."""
    return _more(b"\xa7columns\x85", b"\xa7columns\xdf\xff\xff\xff\xff")(honest)


@file(20, "is no whole result")
def four_gigabytes_of_digest(honest: Honest) -> bytes:
    """As above, bytes."""
    return _more(b"\xa8workunit\xc4\x10", b"\xa8workunit\xc6\xff\xff\xff\xff")(honest)


@file(20, "is no whole result")
def four_gigabytes_of_text(honest: Honest) -> bytes:
    """As above, a text."""
    return _more(b"\xa9agreement\xa5exact", b"\xa9agreement\xdb\xff\xff\xff\xffexact")(honest)


@change(20, "is no whole result")
def more_seeds_than_any_work_unit(top: Top) -> None:
    """65,537 seeds: one more than the limit of cells, and columns of that size."""
    large(top, limits.CELLS + 1, 1, 1, bytes)


@change(20, "cells, but results have at most 65536")
def more_cells_than_any_work_unit(top: Top) -> None:
    """As above, of seeds and conditions that are each within their limits."""
    large(top, limits.CELLS // 2 + 1, 1, 1, bytes)


@change(20, "cells, but results have at most 65536")
def cells_of_384_bits(top: Top) -> None:
    """64 axes of 64 values, all of their combinations: room is made for them, or their number is no integer of C."""
    top["header"]["axes"] = {f"a{number}": list(range(64)) for number in range(64)}


@change(20, "cells, but results have at most 65536")
def cells_that_are_none_in_64_bits(top: Top) -> None:
    """2 to the 64 cells, which an integer of C takes for none: nothing to compare, nothing differs."""
    top["header"]["seeds"]["count"] = 1
    top["header"]["axes"] = {f"a{number}": list(range(64)) for number in range(10)} | {"last": list(range(16))}
    top["columns"], top["digests"] = {}, b""


@change(23, "has other cells")
def as_many_cells_as_allowed(top: Top) -> None:
    """65,536 cells of zeros keep the checker busy."""
    large(top, limits.CELLS // 2, 12, 4, bytes)


@file(23, "has other cells")
def exactly_at_the_contents_limit(honest: Honest) -> bytes:
    """16 kB that inflate to the longest content that is read at all, well formed to the last byte."""
    return zlib.compress(as_long_as(honest.own, MOST, bytes))


@file(23, "has other cells")
def exactly_at_the_size_cap(honest: Honest) -> bytes:
    """The largest file that is read at all, well formed to the last byte."""
    blocks = -(-CAP // 65540)
    largest = in_blocks(as_long_as(honest.own, CAP - 6 - 5 * blocks, os.urandom))
    assert len(largest) == CAP
    return largest


@file(20, f"more than {CAP} bytes")
def one_byte_above_the_size_cap(honest: Honest) -> bytes:
    """The limit is off by one."""
    return honest.own + bytes(CAP + 1 - len(honest.own))


group("Other bytes for the same values")


rewritten(
    {
        "integer_of_two_bytes": ("Two files of one content have two sums.", b"\xa6format\x03", b"\xa6format\xcc\x03"),
        "integer_of_nine_bytes": (
            "As above.", b"\xa6format\x03", b"\xa6format\xcf" + bytes(7) + b"\x03",
        ),
        "integer_with_a_sign": ("As above.", b"\xa7version\x01", b"\xa7version\xd0\x01"),
        "seed_of_five_bytes": ("As above.", b"\xa5first\xcd\x04\x5c", b"\xa5first\xce\x00\x00\x04\x5c"),
        "text_with_a_longer_head": ("As above.", b"\xa9agreement\xa5exact", b"\xa9agreement\xd9\x05exact"),
        "bytes_with_a_longer_head": ("As above.", b"\xa8workunit\xc4\x10", b"\xa8workunit\xc5\x00\x10"),
        "list_with_a_longer_head": ("As above.", b"\xa5ticks\x9c", b"\xa5ticks\xdc\x00\x0c"),
        "map_with_a_longer_head": ("As above.", b"\xa4axes\x83", b"\xa4axes\xde\x00\x03"),
        "time_of_four_bytes": (
            "As above.", b"\xa3cpu\xcb" + struct.pack(">d", 1.25), b"\xa3cpu\xca" + struct.pack(">f", 1.25),
        ),
        "rate_of_four_bytes": (
            "As above, a value that is only nearly the same.",
            b"\xcb" + struct.pack(">d", 0.05), b"\xca" + struct.pack(">f", 0.05),
        ),
        "bytes_where_a_text_belongs": (
            "Comparing both fails.", b"\xa9agreement\xa5exact", b"\xa9agreement\xc4\x05exact",
        ),
        "text_where_bytes_belong": ("As above.", b"\xa8workunit\xc4\x10", b"\xa8workunit\xd9\x10"),
        "extension_type": ("A type of its own runs code of its own.", b"\xa6format\x03", b"\xa6format\xd4\x05\x03"),
        "time_stamp_type": (
            "The extension that libraries know is a number.", b"\xa6format\x03", b"\xa6format\xd6\xff\x00\x00\x00\x03",
        ),
        "reserved_byte": ("The byte that no type has confuses the decoder.", b"\xa6format\x03", b"\xa6format\xc1"),
        "text_that_is_no_utf8": ("Printing it fails.", b"processor", b"\xff\xfecessor"),
        "axis_twice": (
            "The check takes the first, the data set the last.", b"\xa4axes\x83", b"\xa4axes\x84\xa5width\x91\x20",
        ),
        "column_twice": (
            "As above: one reader finds six columns, another five.",
            b"\xa7columns\x85", b"\xa7columns\x86" + msgpack.packb("train_loss") + msgpack.packb("<f4"),
        ),
        "number_for_a_key": ("A key that is no text is taken for a field.", b"\xa6format\x03", b"\x06\x03"),
        "bytes_for_a_key": ("As above.", b"\xa6format\x03", b"\xc4\x06format\x03"),
        "nil_for_a_key": ("As above.", b"\xa6format\x03", b"\xc0\x03"),
        "list_for_a_key": ("A key that cannot be one fails.", b"\xa6format\x03", b"\x91\x01\x03"),
    }
)  # fmt: skip


@file(20, "is no whole result")
def field_twice(honest: Honest) -> bytes:
    """The check sees an exact result, a later reader a near one."""
    return reheaded(honest.own, lambda header: bytes([header[0] + 1]) + b"\xa6engine\xa5torch" + header[1:])


@change(20, "is no whole result")
def fields_reordered(top: Top) -> None:
    """Two files of one content have two checksums."""
    top["header"]["device"] = reordered(top["header"]["device"])


@change(23, "has other cells")
def axes_reordered(top: Top) -> None:
    """As above: with one value each the cells are the same in the same order."""
    top["header"]["axes"] = reordered(top["header"]["axes"])


@change(23, "exactly the columns")
def columns_reordered(top: Top) -> None:
    """Columns and their numbers in another order: a reader that goes by place takes a count for a loss."""
    top["header"]["columns"], top["columns"] = reordered(top["header"]["columns"]), reordered(top["columns"])


@change(25, "differs in train_loss")
def columns_exchanged(top: Top) -> None:
    """As above, the numbers only: a loss and a rank, each within the bounds of the other."""
    one, other = (top["columns"][name] for name in ("train_loss", "effective_rank"))
    top["columns"] |= {"train_loss": other, "effective_rank": one}


@change(24, "is not in")
def planes_exchanged(top: Top) -> None:
    """The highest bytes of all numbers first, as a host of the other byte order might."""
    column = planes(top["columns"]["train_loss"])
    quarter = len(column) // 4
    top["columns"]["train_loss"] = b"".join(column[at : at + quarter] for at in range(3 * quarter, -1, -quarter))


@change(24, "is not in")
def numbers_in_no_planes(top: Top) -> None:
    """Number after number, as memory has them: as long, and other values."""
    top["columns"]["train_loss"] = top["columns"]["train_loss"].T.tobytes()


@change(25, "differs in train_loss")
def cells_before_measurements(top: Top) -> None:
    """Each cell's curve in one piece, as memory has them: as long, and other cells."""
    loss = top["columns"]["train_loss"]
    top["columns"]["train_loss"] = planes(np.ascontiguousarray(loss.reshape(MEASUREMENTS, -1).T))


@change(20, "is no whole result")
def unknown_field(top: Top) -> None:
    """Something to hide a message in, or to be read by a later version."""
    top["header"]["seeds"]["note"] = "x"


@change(20, "is no whole result")
def field_missing(top: Top) -> None:
    """What is not there cannot be wrong."""
    del top["header"]["columns"]


@change(20, "is no whole result")
def list_instead_of_a_map(top: Top) -> None:
    """The fields without their names, as some libraries write them."""
    top["header"] = msgpack.packb(list(top["header"].values()))


group("Wrong types and numbers")


fields(
    {
        "format_true": ("True equals 1.", ("format",), True),
        "format_a_float": ("3.0 equals 3.", ("format",), 3.0),
        "format_a_text": ("'3' becomes 3.", ("format",), "3"),
        "version_negative": ("Below every known version.", ("version",), -1),
        "seed_true": ("True equals 1 and is an integer in Python.", SPOT, True),
        "seed_a_float": ("1116.0 equals 1116.", SPOT, float(FIRST)),
        "seed_negative": ("Counted from the end.", SPOT, -1),
        "seed_nil": ("No seed is every seed.", SPOT, None),
        "count_true": ("As above, of how many there are.", ("seeds", "count"), True),
        "count_a_float": ("2.0 equals 2, and is no size of an array.", ("seeds", "count"), 2.0),
        "count_negative": ("numpy takes -1 for whatever fits.", ("seeds", "count"), -1),
        "width_true": ("A condition's value without a type of its own.", (*AXES, "width"), [True]),
        "width_a_list": ("What cannot be hashed fails.", (*AXES, "width"), [[32]]),
        "width_nil": ("As above.", (*AXES, "width"), [None]),
        "width_not_in_a_list": ("One value is a list of one, or of its bits.", (*AXES, "width"), 32),
        "width_of_no_values": ("No values, no conditions, no cells, no faults.", (*AXES, "width"), []),
        "width_of_65_values": ("One above the limit.", (*AXES, "width"), list(range(65))),
        "axes_a_list": ("Values without names fit any axes.", ("axes",), [[32], [1], [0.05]]),
        "threads_zero": ("Something divides by it.", ("device", "threads"), 0),
        "threads_a_million": ("Something multiplies by it.", ("device", "threads"), 10**6),
        "engine_unknown": ("What is of no class is not checked by any.", ("engine",), "magic"),
        "kind_unknown": ("As above.", ("device", "kind"), "tpu"),
        "time_an_integer": ("The same number, another file.", ("timings", "cpu"), 1),
        "time_true": ("True is a number.", ("timings", "cpu"), True),
        "time_negative": ("Credit for less than no time.", ("timings", "cpu"), -1.0),
        "time_nan": ("NaN passes every comparison that asks for what is wrong.", ("timings", "cpu"), float("nan")),
        "time_infinite": ("Credit without end.", ("timings", "computing"), float("inf")),
        "time_huge": ("As above, finite.", ("timings", "computing"), 1e300),
        "ticks_of_floats": ("0.0 equals 0.", ("clock", "ticks"), [float(at) for at in range(12)]),
        "tick_negative": ("Measured before anything was.", ("clock", "ticks"), [-1, *range(11)]),
        "no_ticks": ("No measurements, no values, no faults.", ("clock", "ticks"), []),
        "ticks_above_their_limit": ("More measurements than anything has.", ("clock", "ticks"), [0] * 4097),
        "column_of_objects": ("numpy makes Python objects of the bytes.", ("columns", "train_loss"), "|O"),
        "column_of_doubles": ("Half as many numbers in the same bytes.", ("columns", "train_loss"), "<f8"),
        "column_big_endian": ("Other numbers from the same bytes.", ("columns", "train_loss"), ">f4"),
        "column_of_signed_counts": ("Counts below none.", ("columns", "train_accuracy"), "<i2"),
        "column_of_no_kind": ("No kind is any.", ("columns", "train_loss"), None),
        "columns_a_list": ("Names without kinds.", ("columns",), ["train_loss"]),
    },
    20,
    "is no whole result",
)  # fmt: skip
fields(
    {
        "count_larger_than_its_columns": ("The last cells end in the digests.", ("seeds", "count"), 3),
        "count_smaller_than_its_columns": ("What comes after the last cell is not looked at.", ("seeds", "count"), 1),
        "tick_too_many": ("A measurement that ends in what comes next.", ("clock", "ticks"), list(range(13))),
        "tick_too_few": ("The last measurements are not looked at.", ("clock", "ticks"), list(range(11))),
        "counts_of_four_bytes_in_two": ("As if there were more bytes.", ("columns", "train_accuracy"), "<u4"),
        "floats_said_to_be_counts_of_two_bytes": ("As if there were fewer.", ("columns", "train_loss"), "<u2"),
    },
    20,
    "its columns have",
)  # fmt: skip
fields(
    {
        "seed_beyond_63_bits": ("Negative in a signed integer.", SPOT, 2**63),
        "seed_of_64_bits": ("As above, -1.", SPOT, 2**64 - 1),
        "width_a_float": ("32.0 equals 32, and a column of floats is made of it.", (*AXES, "width"), [32.0]),
        "width_a_text": ("'32' becomes 32.", (*AXES, "width"), ["32"]),
        "learning_rate_nan": ("NaN differs from nothing.", (*AXES, "learning_rate"), [0.02, float("nan")]),
        "learning_rate_next_to_it": ("Printed it looks the same.", (*AXES, "learning_rate"), [0.02, NEXT_RATE]),
    },
    23,
    "has other cells",
)  # fmt: skip
fields(
    {
        "ticks_of_another_clock": ("Trained for less, and said of the whole.", ("clock", "ticks"), list(range(12))),
        "ticks_of_another_unit": ("As above.", ("clock", "unit"), "sample"),
    },
    23,
    "was not measured when",
)  # fmt: skip
fields(
    {"floats_said_to_be_counts": ("Of the bits of a float a count is made.", ("columns", "train_loss"), "<u4")},
    23,
    "exactly the columns",
)


@change(20, "its columns have")
def column_short_by_a_byte(top: Top) -> None:
    """The last value ends in what comes next."""
    top["columns"]["effective_rank"] = planes(top["columns"]["effective_rank"])[:-1]


@change(20, "its columns have")
def column_long_by_a_byte(top: Top) -> None:
    """All that follows is moved by a byte."""
    top["columns"]["train_loss"] = planes(top["columns"]["train_loss"]) + b"\0"


@change(20, "its columns have")
def column_of_two_curves(top: Top) -> None:
    """The second one is not looked at."""
    top["columns"]["train_loss"] = 2 * planes(top["columns"]["train_loss"])


@change(20, "its columns have")
def column_without_its_numbers(top: Top) -> None:
    """No values, no faults."""
    top["columns"]["train_loss"] = b""


@change(20, "its columns have")
def digests_short(top: Top) -> None:
    """Compared as far as they go."""
    top["digests"] = top["digests"].tobytes()[:-1]


@change(20, "its columns have")
def digest_missing(top: Top) -> None:
    """As above, by a whole one."""
    top["digests"] = top["digests"][:-1]


@change(20, "its columns have")
def no_digests(top: Top) -> None:
    """Nothing to compare, nothing differs."""
    top["digests"] = b""


@change(20, "its columns have")
def digest_too_many(top: Top) -> None:
    """What comes after the last is not looked at."""
    top["digests"] = top["digests"].tobytes() + bytes(8)


@change(23, "exactly the columns")
def counts_of_four_bytes(top: Top) -> None:
    """The same counts, larger: two files of one content."""
    top["header"]["columns"]["train_accuracy"] = "<u4"
    top["columns"]["train_accuracy"] = top["columns"]["train_accuracy"].astype("<u4")


@change(23, "exactly the columns")
def counts_as_shares(top: Top) -> None:
    """The same values as floats, of which any can be told, counts or not."""
    top["header"]["columns"]["train_accuracy"] = "<f4"
    top["columns"]["train_accuracy"] = np.float32(top["columns"]["train_accuracy"] / 2000)


@change(23, "was not measured when")
def one_measurement_less(top: Top) -> None:
    """Trained to nearly the end, and clock and columns agree."""
    top["header"]["clock"]["ticks"].pop()
    top["columns"] = {name: column[:, :-1] for name, column in top["columns"].items()}


@change(23, "exactly the columns")
def no_columns(top: Top) -> None:
    """No values, no faults: right digests and nothing else."""
    top["header"]["columns"], top["columns"] = {}, {}


group("Names that reach terminals, queries and paths")


fields(
    {
        "device_with_an_escape": ("The screen of who looks at it is cleared.", ("device", "name"), "\x1b[2J\x1b[1;1H"),
        "device_with_a_line_break": ("A line of its own in the log.", ("device", "name"), "x\nvalid"),
        "device_with_a_zero": ("Cut off where C ends a text.", ("device", "name"), "cpu\0x"),
        "device_written_backwards": ("Unicode's override turns what follows.", ("device", "name"), "a\u202eb"),
        "device_of_65_letters": ("One above the limit.", ("device", "name"), "x" * 65),
        "device_of_sixty_thousand_letters": ("Every line that tells it is as long.", ("device", "name"), "x" * 60_000),
        "device_without_a_name": ("What prints it fails.", ("device", "name"), ""),
        "platform_with_a_path": ("A file of that name is opened.", ("device", "platform"), "../../etc/passwd"),
        "app_version_with_a_line_break": ("A pattern that ends before the last one.", ("app_version",), "0.1.0\n"),
        "app_version_with_an_escape": ("It is printed with the verdict.", ("app_version",), "\x1b]0;x\x07"),
        "app_version_with_markup": ("As above: [bold]", ("app_version",), "[bold]0.1.0"),
        "experiment_with_a_path": ("The data set's file lies elsewhere.", ("experiment",), "../../tmp/x"),
        "experiment_with_a_quote": ("It ends a query's text.", ("experiment",), "compgen'; DROP TABLE issued; --"),
        "axis_with_an_escape": (
            "The sentence that refuses the axis carries it to the terminal.", (*AXES, "\x1b[2J\nvalid"), [1],
        ),
        "value_with_an_escape": ("As above, as a condition's value.", (*AXES, "width"), ["\x1b[2J"]),
        "value_of_65_letters": (
            "The sentence that refuses the cells is as long as a header.", (*AXES, "width"), ["x" * 65],
        ),
        "clock_with_a_line_break": ("A verdict of its own below the clock's unit.", ("clock", "unit"), "epoch\nvalid"),
    },
    20,
    "is no whole result",
)  # fmt: skip
fields(
    {
        "experiment_of_two_dots": ("As a folder it is the one above.", ("experiment",), ".."),
        "experiment_of_others": ("Checked by the rules of another.", ("experiment",), "featcomp"),
        "version_of_the_future": ("Checked by no rules yet.", ("version",), 2),
        "version_of_64_bits": ("Above what a column holds.", ("version",), 2**64 - 1),
    },
    23,
    "names another work unit",
)  # fmt: skip


@change(20, "is no whole result")
def column_with_a_line_break(top: Top) -> None:
    """The sentence that refuses the column carries it to the log, and with it a verdict of its own."""
    top["header"]["columns"]["x\n/upload/x: valid"] = "<f4"
    top["columns"]["more"] = top["columns"]["train_loss"]


@change(
    0, "valid",
    why="a name is any printable ASCII; it is stored as a value, and shown escaped",
)  # fmt: skip
def device_with_markup_and_quotes(top: Top) -> None:
    """Markup of the terminal library, a query's quote, a spreadsheet's formula."""
    top["header"]["device"]["name"] = "[red]=cmd()'; DROP TABLE issued; --"


group("Cells")


@change(20, "is no whole result")
def no_cells(top: Top) -> None:
    """Nothing was computed, and nothing of it is wrong."""
    top["header"]["seeds"]["count"] = 0
    of_cells(top, [])


@change(20, "its columns have")
def cell_missing(top: Top) -> None:
    """Credit for one cell that was not computed."""
    of_cells(top, [0, 1, 3])


@change(23, "has other cells")
def seed_missing(top: Top) -> None:
    """As above, a seed, and the header says so."""
    top["header"]["seeds"]["count"] = 1
    of_cells(top, [0, 2])


@change(23, "has other cells")
def condition_missing(top: Top) -> None:
    """As above, a condition."""
    top["header"]["axes"]["learning_rate"] = [0.02]
    of_cells(top, [0, 1])


@change(23, "has other cells")
def value_twice(top: Top) -> None:
    """One condition is computed and sent twice."""
    top["header"]["axes"]["learning_rate"] = [0.02, 0.02]
    of_cells(top, [0, 1, 0, 1])


@change(23, "has other cells")
def seed_too_many(top: Top) -> None:
    """The data set gets a seed that was never given out."""
    top["header"]["seeds"]["count"] = 3
    of_cells(top, [0, 1, 1, 2, 3, 3])


@change(23, "has other cells")
def seeds_of_another_work_unit(top: Top) -> None:
    """One seed further: half of the cells are true."""
    top["header"]["seeds"]["first"] += 1


@change(23, "has other cells")
def conditions_in_another_order(top: Top) -> None:
    """Checked by place, stored by name."""
    top["header"]["axes"]["learning_rate"].reverse()
    of_cells(top, [2, 3, 0, 1])


@change(25, "the digest of its state")
def cells_in_another_order(top: Top) -> None:
    """As above, while the header tells the right order."""
    of_cells(top, [3, 2, 1, 0])


@change(23, "has other cells")
def cells_of_another_width(top: Top) -> None:
    """The smallest network in the place of the largest."""
    top["header"]["axes"]["width"] = [64]


@change(23, "has other cells")
def axis_missing(top: Top) -> None:
    """A condition that fits several cells."""
    del top["header"]["axes"]["depth"]


@change(23, "has other cells")
def axis_too_many(top: Top) -> None:
    """An axis of one value more: as many cells, and a column of my own in the data set."""
    top["header"]["axes"]["more"] = ["x"]


@change(23, "exactly the columns")
def column_missing(top: Top) -> None:
    """Only what is easily invented."""
    del top["header"]["columns"]["effective_rank"], top["columns"]["effective_rank"]


@change(23, "exactly the columns")
def column_too_many(top: Top) -> None:
    """A column of my own in the data set."""
    top["header"]["columns"]["more"], top["columns"]["more"] = "<f4", top["columns"]["train_loss"]


@change(23, "exactly the columns")
def gap_of_my_own(top: Top) -> None:
    """A column of what follows from others, and is what the claim is about: it is never sent, but computed."""
    top["header"]["columns"]["gap"] = "<f4"
    top["columns"]["gap"] = np.full((4, MEASUREMENTS), 0.9, np.float32)


@change(23, "exactly the columns")
def column_of_another_name(top: Top) -> None:
    """As many numbers of the same kind under a name that is asked for nowhere."""
    for holder in (top["header"], top):
        holder["columns"] = {name.replace("train_loss", "loss"): of for name, of in holder["columns"].items()}


group("Impossible values")


def _value(name: str, hope: str, value: float, code: int, says: str, metric: str = "train_loss", **more: Any) -> None:
    _enter(
        name, hope, code, says, lambda honest: changed(honest.own, lambda top: filled(top, value, metric=metric)), more
    )


_value("loss_nan", "NaN passes every comparison that asks for what is wrong.", float("nan"), 24, "is not in")
_value("loss_infinite", "Infinity less infinity is NaN: as above.", float("inf"), 24, "is not in")
_value("loss_minus_infinite", "As above.", float("-inf"), 24, "is not in")
_value("loss_negative", "Better than perfect.", -1e-30, 24, "is not in")
_value("loss_of_the_largest_float", "A difference overflows.", 3.4028234e38, 24, "is not in")
_value("loss_of_the_least_denormal", "It becomes zero somewhere, and is not found.", 1e-45, 25, "train_loss")
_value("loss_of_zero_with_a_sign", "Below nothing to some, equal to zero to others.", -0.0, 25, "train_loss")
_value(
    "rank_nan",
    "As NaN above, in a metric that is compared within a tolerance.",
    float("nan"),
    24,
    "is not in",
    "effective_rank",
)
_value("rank_above_the_inputs", "More dimensions than there are.", 20.5, 24, "is not in", "effective_rank")
_value(
    "rank_at_the_bound",
    "The largest that the bounds allow, and a tolerance that grows with it.",
    20.0,
    25,
    "effective_rank",
    "effective_rank",
)


@change(24, "is not in")
def count_above_the_samples(top: Top) -> None:
    """More right answers than questions, by one."""
    counted(top, 2001)


@change(24, "is not in")
def count_of_all_bits(top: Top) -> None:
    """As above, as many as there can be: -1 where somebody takes it for a number with a sign."""
    counted(top, 65535, 3, "ood_accuracy")


@change(24, "is not in")
def count_that_makes_the_gap_what_it_is_not(top: Top) -> None:
    """As above, where only what follows from it is looked at: a gap of 1 from 2 less 1."""
    counted(top, 2000, 1, "id_accuracy")
    counted(top, 1000, 1, "ood_accuracy")


@change(24, "is not in")
def one_nan_in_the_last_place(top: Top) -> None:
    """As NaN above, where only the ends of curves are looked at."""
    _patch(top, 0x7FC00000)


@change(24, "is not in")
def signalling_nan(top: Top) -> None:
    """A NaN that raises an exception in some processors, with a message of 22 bits in it."""
    _patch(top, 0x7FA0DEAD)


@change(24, "is not in")
def negative_nan(top: Top) -> None:
    """A NaN with a sign, which sorts below every number."""
    _patch(top, 0xFFC00001)


def _patch(top: Top, bits: int) -> None:
    top["columns"]["train_loss"].view(np.uint32)[3, -1] = bits


@change(24, "is not in")
def bytes_swapped(top: Top) -> None:
    """The numbers of a host of the other byte order."""
    top["columns"] = {name: column.byteswap() for name, column in top["columns"].items()}


group("Invention")


@change(25, "the digest of its state")
def one_cell_invented(top: Top) -> None:
    """Credit for four cells, and three computed."""
    invented(top, 2)


@change(25, "the digest of its state")
def half_the_cells_invented(top: Top) -> None:
    """Credit for four cells, and two computed."""
    invented(top, 0, 2)


@change(25, "the digest of its state")
def all_cells_invented(top: Top) -> None:
    """A right header, and nothing computed: credit for nothing."""
    invented(top, 0, 1, 2, 3)


@change(25, "differs in ood_accuracy")
def one_curve_invented(top: Top) -> None:
    """The finding that one wants: everything else is true, and the gap follows."""
    put(top, 1, "ood_accuracy", np.arange(12) * 50 / 1000)


@change(25, "differs in train_loss")
def metrics_invented_under_right_digests(top: Top) -> None:
    """Only digests are compared."""
    digest = top["digests"][1].copy()
    invented(top, 1)
    top["digests"][1] = digest


@change(25, "the digest of its state")
def digest_invented_under_right_metrics(top: Top) -> None:
    """Only metrics are compared."""
    top["digests"][1] = 0


@change(25, "the digest of its state")
def last_half_of_a_digest_invented(top: Top) -> None:
    """Only the beginning is compared."""
    top["digests"][1, 4:] = 0


@change(25, "the digest of its state")
def last_bit_of_a_digest(top: Top) -> None:
    """As above, all but the last bit."""
    top["digests"][1, -1] ^= 1


@change(25, "the digest of its state")
def digests_of_one_cell_in_all(top: Top) -> None:
    """One cell is computed; the others have its right digest."""
    top["digests"][:] = top["digests"][0]


@change(25, "the digest of its state")
def one_cell_computed_and_copied(top: Top) -> None:
    """As above, with its metrics: credit for four cells, and one computed."""
    of_cells(top, [0, 0, 0, 0])


@change(25, "differs in train_loss")
def two_cells_exchanged_metrics(top: Top) -> None:
    """All numbers are true, of another cell."""
    digests = top["digests"]
    of_cells(top, [1, 0, 2, 3])
    top["digests"] = digests


@change(25, "the digest of its state")
def trained_half_way(top: Top) -> None:
    """Half the epochs, then the last value again and again; a digest of fewer states is as long."""
    for column in top["columns"].values():
        column[1, 6:] = column[1, 5:6]
    top["digests"][1] = np.frombuffer(os.urandom(8), np.uint8)


@file(25, "the digest of its state")
def digests_of_what_was_not_yet_trained(honest: Honest) -> bytes:
    """The digests that near results have, of the state before training alone: they cost no training."""
    return changed(honest.own, lambda top: top.update(digests=tree(honest.torch)["digests"]))


@change(25, "differs in train_loss")
def loss_one_bit_off(top: Top) -> None:
    """Nearly right is right enough."""
    loss = curve(top, 1, "train_loss")
    loss[4] = np.nextafter(loss[4], np.float32(9))
    put(top, 1, "train_loss", loss)


@change(25, "differs in train_accuracy")
def one_sample_counted_more(top: Top) -> None:
    """As above, a count."""
    count = top["columns"]["train_accuracy"]
    count[1, 9] += 1 if count[1, 9] < 2000 else -1


@change(25, "differs in effective_rank")
def rank_beyond_its_tolerance(top: Top) -> None:
    """As above, where something is tolerated."""
    put(top, 1, "effective_rank", curve(top, 1, "effective_rank") * np.float32(1 + 3e-6))


@change(
    0, "valid",
    why="the ranks pass through each host's own linear algebra, which may round the last bit otherwise",
)  # fmt: skip
def rank_one_bit_off(top: Top) -> None:
    """As above, within the tolerance of 1e-6."""
    put(top, 1, "effective_rank", np.nextafter(curve(top, 1, "effective_rank"), np.float32(99)))


@file(25, "the digest of its state")
def metrics_of_another_seed(honest: Honest) -> bytes:
    """An old result of other seeds under new ones: digests, metrics and all."""
    old = tree(honest.other)
    return changed(honest.own, lambda top: top.update(columns=old["columns"], digests=old["digests"]))


@file(25, "differs in train_loss")
def metrics_of_another_seed_under_right_digests(honest: Honest) -> bytes:
    """As above, but the digests are right."""
    return changed(honest.own, lambda top: top.update(columns=tree(honest.other)["columns"]))


group("Copies and replays")


@file(23, "it answers another work unit")
def replay_of_an_old_work_unit(honest: Honest) -> bytes:
    """A true result of work done long ago, for the work of today."""
    return honest.other


@file(23, "has other cells")
def replay_under_a_new_digest(honest: Honest) -> bytes:
    """As above, with the header of today."""
    return changed(honest.other, lambda top: top["header"].update(workunit=tree(honest.own)["header"]["workunit"]))


@change(23, "it answers another work unit")
def work_unit_of_zeros(top: Top) -> None:
    """A work unit that the ledger does not know is not compared."""
    top["header"]["workunit"] = bytes(16)


@file(26, "uploaded before")
def copy_of_another_host(honest: Honest) -> bytes:
    """The other half of a quorum, without computing."""
    return honest.theirs


@file(
    0, "valid",
    why="its cells are true, and two honest hosts' cells are the same bytes too: only the header could differ. "
    "That two accounts share one computation is not seen here",
)  # fmt: skip
def copy_with_the_header_changed(honest: Honest) -> bytes:
    """As above, with my own processor and times."""

    def mine(top: Top) -> None:
        header = top["header"]
        header["device"]["name"], header["timings"]["cpu"] = "My own processor", 77.0

    return changed(honest.theirs, mine)


@file(25, "the digest of its state")
def copy_with_a_cell_invented(honest: Honest) -> bytes:
    """As above, changed enough to be no copy."""
    return changed(honest.theirs, lambda top: invented(top, 0))


@place(26, "uploaded before")
def symlink_to_another_upload(path: Path, honest: Honest) -> None:
    """As a copy, without its bytes."""
    (path.parent / THEIRS).write_bytes(honest.theirs)
    path.symlink_to(THEIRS)


@place(26, "uploaded before")
def hard_link_to_another_upload(path: Path, honest: Honest) -> None:
    """As above."""
    (path.parent / THEIRS).write_bytes(honest.theirs)
    path.hardlink_to(path.parent / THEIRS)


group("Engine class and header")


@file(27, "computed by engine torch")
def near_result_where_exact_is_asked(honest: Honest) -> bytes:
    """Wider tolerances than the work allows."""
    return honest.torch


@change(27, "computed by engine torch")
def exact_result_that_says_torch(top: Top) -> None:
    """As above, with invented cells."""
    says_near(top)
    invented(top, 0)


@file(25, "the digest of its state")
def torch_result_that_says_exact(honest: Honest) -> bytes:
    """Valid where near results are not accepted."""
    return changed(honest.torch, says_exact)


@change(25, "the digest of its state", torch=True)
def exact_result_that_says_torch_where_torch_is_accepted(top: Top) -> None:
    """Wider tolerances than it needs; but its digests are of all states, and a near result's of the first."""
    says_near(top)


@file(
    0, "valid", torch=True,
    why="it is as near to the recomputed cells as any, and stored as near",
)  # fmt: skip
def exact_result_that_is_a_near_one_in_all(honest: Honest) -> bytes:
    """As above, with the digests that belong to it."""

    def near(top: Top) -> None:
        says_near(top)
        top["digests"] = tree(honest.torch)["digests"]

    return changed(honest.own, near)


@file(25, "the digest of its state", torch=True)
def torch_result_of_other_weights(honest: Honest) -> bytes:
    """Of near results digests are not compared: but the one before training is."""

    def other(top: Top) -> None:
        top["digests"][2] = 0

    return changed(honest.torch, other)


@file(25, "differs in", torch=True)
def torch_result_with_a_cell_invented(honest: Honest) -> bytes:
    """As above, with the right digest, which is cheap to compute, and invented numbers."""

    def digest_right(top: Top) -> None:
        digest = top["digests"][2].copy()
        invented(top, 2)
        top["digests"][2] = digest

    return changed(honest.torch, digest_right)


@file(
    0, "valid", torch=True,
    why="that near a host's own rounding leads as well; a near result tells nothing of its later states, which differ "
    "from host to host",
)  # fmt: skip
def torch_result_moved_within_its_tolerance(honest: Honest) -> bytes:
    """A loss that is a little better than computed, where nothing is compared bit for bit."""

    def better(top: Top) -> None:
        top["columns"]["train_loss"][2, -1] -= 0.002

    return changed(honest.torch, better)


fields(
    {
        "time_of_thirty_years": ("Credit by time.", ("timings", "computing"), 1e9),
        "time_of_no_time": ("The fastest host of all.", ("timings", "computing"), 0.0),
        "time_minus_zero": ("Below zero to some, not to others.", ("timings", "computing"), -0.0),
        "time_denormal": ("Something divides by it.", ("timings", "computing"), 5e-324),
        "graphics_card_that_computed_exactly": ("A device that the project has not.", ("device", "kind"), "cuda"),
        "thousands_of_threads": ("A host larger than any.", ("device", "threads"), 4096),
        "app_version_of_the_future": ("A version that staff never released.", ("app_version",), "99.0.0"),
    },
    0,
    "valid",
    why="the header's device, times and version are the host's own word: nothing is credited or decided by them",
)


group("What is no plain file, or does not stay what it is")


@place(32, "No such file")
def no_file(path: Path, honest: Honest) -> None:
    """Nothing was uploaded, and that is the server's fault."""


@place(32, "Is a directory")
def folder(path: Path, honest: Honest) -> None:
    """A folder that holds a result."""
    path.mkdir()
    (path / path.name).write_bytes(honest.own)


@place(32, "not a regular file")
def fifo(path: Path, honest: Honest) -> None:
    """The checker waits for ever for a writer."""
    os.mkfifo(path)


@place(32, "No such device")
def socket_file(path: Path, honest: Honest) -> None:
    """As above, for a listener."""
    here = os.open(".", os.O_RDONLY)
    os.chdir(path.parent)  # names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.fchdir(here)
        os.close(here)


@place(32, "not a regular file")
def device_without_end(path: Path, honest: Honest) -> None:
    """Zeros until memory ends."""
    path.symlink_to("/dev/zero")


@place(32, "levels of symbolic links")
def symlink_loop(path: Path, honest: Honest) -> None:
    """The checker goes round for ever."""
    path.symlink_to(path.name)


@place(32, "No such file")
def symlink_to_nothing(path: Path, honest: Honest) -> None:
    """What is not there is the server's fault."""
    path.symlink_to("none")


@place(20, "nothing deflated")
def symlink_to_a_secret(path: Path, honest: Honest) -> None:
    """The sentence that refuses a file tells what is in it."""
    (path.parent / "secret").write_text("password\n")
    path.symlink_to("secret")


@place(20, f"more than {CAP} bytes")
def sparse_file_of_two_gigabytes(path: Path, honest: Honest) -> None:
    """It is read whole before its size is looked at."""
    with path.open("wb") as file:
        file.truncate(2 << 30)


@place(20, f"more than {CAP} bytes")
def true_result_with_a_hole_behind_it(path: Path, honest: Honest) -> None:
    """As above, with a true result before the hole."""
    path.write_bytes(honest.own)
    os.truncate(path, 2 << 30)


def _invented(path: Path, honest: Honest) -> None:
    path.write_bytes(changed(honest.own, lambda top: invented(top, 0, 1, 2, 3)))


def _own(path: Path, honest: Honest) -> None:
    path.write_bytes(honest.own)


@place(25, "the digest of its state", later=_own)
def true_result_put_in_its_place_while_checked(path: Path, honest: Honest) -> None:
    """Invented when it is read, true when its cells are compared."""
    _invented(path, honest)


@place(
    0, "valid", later=_invented,
    why="the verdict is of the bytes that were read, which the archive has then, and assimilation takes no others",
)  # fmt: skip
def invented_result_put_in_its_place_while_checked(path: Path, honest: Honest) -> None:
    """True when it is read, invented when it is used."""
    _own(path, honest)


@place(0, "valid", later=lambda path, _: os.truncate(path, 10), why="as above: it was whole when it was read")
def cut_off_while_checked(path: Path, honest: Honest) -> None:
    """A checker that maps the file dies of a bus error, which BOINC takes for an invalid result or an error."""
    _own(path, honest)


@place(0, "valid", later=lambda path, _: os.truncate(path, 2 << 30), why="as above")
def grown_while_checked(path: Path, honest: Honest) -> None:
    """A size that was looked at is no longer true."""
    _own(path, honest)


@place(3, "no name that BOINC gives", upload="result.msgpack")
def replay_under_a_name_of_my_own(path: Path, honest: Honest) -> None:
    """Whose name says nothing may answer any work unit ever issued, again and again."""
    path.write_bytes(honest.other)


@place(3, "no name that BOINC gives", upload=f"x\n{MINE}: valid\x1b[2J")
def name_with_a_line_break_and_an_escape(path: Path, honest: Honest) -> None:
    """A verdict of its own in the log. BOINC gives no such name, and takes none."""
    _own(path, honest)


@place(3, "no work unit none_1_2_3", upload="none_1_2_3_0_r77_0")
def work_unit_that_was_never_issued(path: Path, honest: Honest) -> None:
    """A true result under the name of another work unit; that the ledger lacks what BOINC sent out is staff's fault."""
    _own(path, honest)
