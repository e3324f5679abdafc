"""Attacks on the validator: each a named maker of what is uploaded, with the exit code it must meet; docs/attacks.md.

A maker is a function from honest results to a file's bytes, or one that puts something else at the upload's path. Its
docstring says what the attack hopes for; `why` says of a valid one why that is right.
"""

from __future__ import annotations

import gzip
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack
import numpy as np

from kernels import limits
from tests.kernels import tiny
from tests.kernels.tiny import resealed, seal, tree
from tests.server_validator.forging import Top, changed, curve, put, says_exact, says_near

FIRST = 1116  # of its network the gap is 0 before training
UNIT, OTHER = tiny.unit(FIRST, 4), tiny.unit(2000, 4)
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


def content(code: int, says: str, **more: Any) -> Callable[[Callable[[Honest], bytes]], None]:
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
        def make(honest: Honest) -> bytes:
            assert short in honest.own
            return resealed(honest.own.replace(short, long, 1))

        return make

    for name, (hope, short, long) in rows.items():
        _enter(name, hope, 20, "is no whole result", instead(short, long), {})


def _set(top: Any, spot: tuple[Any, ...], value: Any) -> None:
    for step in spot[:-1]:
        top = top[step]
    top[spot[-1]] = value


def reordered(top: Top) -> Top:
    return dict(reversed(top.items()))


def filled(top: Top, value: float, cell: int = 0, metric: str = "train_loss") -> None:
    put(top, cell, metric, np.full(MEASUREMENTS, value))


def invented(top: Top, *cells: int) -> None:
    """Cells whose numbers fit together and whose digests look like any, but which nobody trained."""
    for cell in cells:
        accuracy = np.linspace(0.5, 0.75, MEASUREMENTS)
        for metric in ("train_accuracy", "id_accuracy"):
            put(top, cell, metric, np.round(accuracy * 1000) / 1000)
        put(top, cell, "ood_accuracy", np.round(accuracy * 500) / 1000)
        put(top, cell, "gap", curve(top, cell, "id_accuracy") - curve(top, cell, "ood_accuracy"))
        put(top, cell, "train_loss", np.linspace(1.4, 0.2, MEASUREMENTS))
        top["cells"][cell]["digests"] = [os.urandom(16) for _ in range(MEASUREMENTS)]


CELL: tuple[Any, ...] = ("cells", 0)
LOSS = (*CELL, "metrics", "train_loss")
GAP = (*CELL, "metrics", "gap")
CAP = limits.RESULT_BYTES
NEXT_RATE = float(np.nextafter(0.05, 1))


group("Damage")


@content(20, "checksum does not fit")
def nothing_at_all(honest: Honest) -> bytes:
    """An empty file is a result without faults."""
    return b""


@content(20, "checksum does not fit")
def one_byte(honest: Honest) -> bytes:
    """Whoever cuts a checksum off the end of one byte reads before its beginning."""
    return honest.own[:1]


@content(20, "is no whole result")
def only_a_checksum(honest: Honest) -> bytes:
    """Nothing, sealed rightly, decodes to nothing that could be wrong."""
    return seal(b"")


@content(20, "checksum does not fit")
def truncated(honest: Honest) -> bytes:
    """A result whose upload was cut off passes for whole."""
    return honest.own[: len(honest.own) // 2]


@content(20, "checksum does not fit")
def truncated_by_one_byte(honest: Honest) -> bytes:
    """As above, where it shows least."""
    return honest.own[:-1]


@content(20, "is no whole result")
def truncated_and_sealed(honest: Honest) -> bytes:
    """As above, with a right checksum of what is left."""
    return seal(honest.own[: len(honest.own) // 2])


@content(20, "checksum does not fit")
def bit_flipped(honest: Honest) -> bytes:
    """A disk's or network's error in a metric passes for science."""
    at = honest.own.index(b"train_loss") + 40
    return honest.own[:at] + bytes([honest.own[at] ^ 1]) + honest.own[at + 1 :]


@content(20, "checksum does not fit")
def bit_flipped_in_the_checksum(honest: Honest) -> bytes:
    """Only the beginning of the checksum is looked at."""
    return honest.own[:-1] + bytes([honest.own[-1] ^ 1])


@content(25, "differs in train_loss")
def bit_flipped_and_sealed(honest: Honest) -> bytes:
    """As a bit flipped by faulty memory before the result was written; every cell is recomputed here."""
    at = honest.own.index(b"train_loss") + 40
    return resealed(honest.own[:at] + bytes([honest.own[at] ^ 1]) + honest.own[at + 1 :])


@content(20, "checksum does not fit")
def checksum_of_other_bytes(honest: Honest) -> bytes:
    """Any checksum that is right of something will do."""
    return changed(honest.own, lambda top: invented(top, 0))[:-16] + honest.own[-16:]


@content(20, "checksum does not fit")
def checksum_of_zeros(honest: Honest) -> bytes:
    """The checksum as it is before it is filled in means unchecked."""
    return honest.own[:-16] + bytes(16)


@content(20, "checksum does not fit")
def trailing_bytes(honest: Honest) -> bytes:
    """What comes after a whole result is not looked at."""
    return honest.own + b"more"


@content(20, "is no whole result")
def trailing_bytes_sealed(honest: Honest) -> bytes:
    """As above, before a right checksum of everything."""
    return seal(honest.own + b"more")


@content(20, "checksum does not fit")
def two_results_in_one_file(honest: Honest) -> bytes:
    """One reader takes the first, another the last: checked is one, stored the other."""
    return changed(honest.own, lambda top: invented(top, 0)) + honest.own


@content(20, "is no whole result")
def two_results_sealed(honest: Honest) -> bytes:
    """As above, with a right checksum of both together."""
    return seal(honest.own + honest.own[:-16])


@content(20, "checksum does not fit")
def own_and_invented_halves(honest: Honest) -> bytes:
    """What a reader sees of a file that is written while it reads: half of one, half of the other."""
    half = len(honest.own) // 2
    return honest.own[:half] + changed(honest.own, lambda top: invented(top, 0, 3))[half:]


group("Something else")


@content(20, "checksum does not fit")
def random_bytes(honest: Honest) -> bytes:
    """A reader of binary data trips over something."""
    return os.urandom(5000)


@content(20, "checksum does not fit")
def soft_link_of_boinc(honest: Honest) -> bytes:
    """A text that BOINC's own programs take for a link to another file is followed."""
    return b"<soft_link>../../projects/axiom/other_0_r1_0</soft_link>\n"


@content(20, "checksum does not fit")
def gzip_bomb(honest: Honest) -> bytes:
    """Something unpacks 100 MB of zeros from 100 kB."""
    return gzip.compress(bytes(100_000_000), 1)


@content(20, "is no whole result")
def pickle_that_runs_a_command(honest: Honest) -> bytes:
    """Something unpickles it."""
    return seal(b"cos\nsystem\n(S'echo was here'\ntR.")


@content(20, "is no whole result")
def json_of_the_same_values(honest: Honest) -> bytes:
    """A reader that guesses formats skips the checks of this one."""
    return seal(b'{"format": 1, "experiment": "compgen", "version": 1}')


@content(21, "format 3")
def another_format(honest: Honest) -> bytes:
    """A format of the future is read without the checks of this one."""
    return changed(honest.own, lambda top: top.update(format=3))


@content(20, "is no whole result")
def only_nil(honest: Honest) -> bytes:
    """No result is taken for no fault."""
    return seal(b"\xc0")


group("Lengths and nesting")


@content(20, "is no whole result")
def hundred_thousand_nested_arrays(honest: Honest) -> bytes:
    """The decoder's stack ends before they do, and the checker dies."""
    return seal(b"\x91" * 100_000 + b"\xc0")


@content(20, "is no whole result")
def nested_arrays_in_a_field(honest: Honest) -> bytes:
    """As above, where a list is expected."""
    return seal(b"\x82\xa6format\x01\xa5cells" + b"\x91" * 100_000 + b"\xc0")


@content(20, "is no whole result")
def nested_arrays_in_an_unknown_field(honest: Honest) -> bytes:
    """As above, in something that is skipped, where no type ends the descent."""
    return seal(b"\x82\xa4more" + b"\x91" * 100_000 + b"\xc0\xa6format\x01")


@content(20, "is no whole result")
def nested_maps(honest: Honest) -> bytes:
    """As above, with four million maps, as many as the size allows."""
    return seal(b"\x81\xa1x" * ((CAP - 100) // 3) + b"\xc0")


@content(20, "is no whole result")
def four_billion_entries(honest: Honest) -> bytes:
    """Room for as many fields as are claimed is made before they are seen."""
    return seal(b"\xdf\xff\xff\xff\xff" + honest.own[1:-16])


@content(20, "is no whole result")
def four_billion_cells(honest: Honest) -> bytes:
    """As above, cells."""
    return resealed(honest.own.replace(b"\xa5cells\x94", b"\xa5cells\xdd\xff\xff\xff\xff", 1))


@content(20, "is no whole result")
def four_billion_digests(honest: Honest) -> bytes:
    """As above, digests of a cell."""
    return resealed(honest.own.replace(b"\xa7digests\x9c", b"\xa7digests\xdd\xff\xff\xff\xff", 1))


@content(20, "is no whole result")
def four_billion_axes(honest: Honest) -> bytes:
    """As above, axes of a condition."""
    return resealed(honest.own.replace(b"\xa9condition\x83", b"\xa9condition\xdf\xff\xff\xff\xff", 1))


@content(20, "is no whole result")
def four_gigabytes_of_digest(honest: Honest) -> bytes:
    """As above, bytes."""
    return resealed(honest.own.replace(b"\xa8workunit\xc4\x10", b"\xa8workunit\xc6\xff\xff\xff\xff", 1))


@content(20, "is no whole result")
def four_gigabytes_of_text(honest: Honest) -> bytes:
    """As above, a text."""
    return resealed(honest.own.replace(b"\xa9agreement\xa5exact", b"\xa9agreement\xdb\xff\xff\xff\xffexact", 1))


@content(20, "is no whole result")
def more_cells_than_any_work_unit(honest: Honest) -> bytes:
    """4097 cells: one more than the limit, though they fit the size."""
    small = {"seed": 1, "condition": {}, "metrics": {}, "digests": []}
    return changed(honest.own, lambda top: top.update(cells=[small] * (limits.CELLS + 1)))


@content(23, "cells instead of 4")
def as_many_cells_as_allowed(honest: Honest) -> bytes:
    """4096 copies of a true cell keep the checker busy."""
    return changed(honest.own, lambda top: top.update(cells=[top["cells"][0]] * limits.CELLS))


@content(20, "is no name of an axis")
def distinct_texts_to_the_limit(honest: Honest) -> bytes:
    """The most texts that the format holds, 20 axes with a value each in 4096 cells, fill the memory."""
    names = iter(range(10**9))

    def change(top: Top) -> None:
        cells = [{f"a{axis}": f"V{next(names)}" for axis in range(20)} for _ in range(limits.CELLS)]
        top["clock"]["ticks"] = [0]
        digests = [bytes(16)]
        top["cells"] = [{"seed": 1, "condition": cell, "metrics": {}, "digests": digests} for cell in cells]

    return changed(honest.own, change)


@content(23, "cells instead of 4")
def exactly_at_the_size_cap(honest: Honest) -> bytes:
    """The largest file that is read at all, well formed to the last byte."""
    one = tree(honest.own)["cells"][0]
    one["condition"]["x"] = "x"
    one["metrics"] |= {f"more{n}": one["metrics"]["gap"] for n in range(5)}
    around = len(changed(honest.own, lambda top: top.update(cells=[]))) + 2  # a long list's head has two bytes more
    cells = [one] * ((CAP - around) // len(msgpack.packb(one)))
    short = CAP - len(changed(honest.own, lambda top: top.update(cells=cells)))
    for number in range(-(-short // 30)):  # up to 31 letters a text's head is one byte
        letters = 1 + min(30, short - 30 * number)
        cells[number] = one | {"condition": one["condition"] | {"x": "x" * letters}}
    largest = changed(honest.own, lambda top: top.update(cells=cells))
    assert len(largest) == CAP
    return largest


@content(20, f"more than {CAP} bytes")
def one_byte_above_the_size_cap(honest: Honest) -> bytes:
    """The limit is off by one."""
    return seal(bytes(CAP + 1 - 16))


group("Other bytes for the same values")


rewritten(
    {
        "integer_of_two_bytes": ("Two files of one content have two sums.", b"\xa6format\x02", b"\xa6format\xcc\x02"),
        "integer_of_nine_bytes": (
            "As above.", b"\xa6format\x02", b"\xa6format\xcf" + bytes(7) + b"\x02",
        ),
        "integer_with_a_sign": ("As above.", b"\xa7version\x01", b"\xa7version\xd0\x01"),
        "seed_of_five_bytes": ("As above.", b"\xa4seed\xcd\x04\x5c", b"\xa4seed\xce\x00\x00\x04\x5c"),
        "text_with_a_longer_head": ("As above.", b"\xa9agreement\xa5exact", b"\xa9agreement\xd9\x05exact"),
        "bytes_with_a_longer_head": ("As above.", b"\xa8workunit\xc4\x10", b"\xa8workunit\xc5\x00\x10"),
        "list_with_a_longer_head": ("As above.", b"\xa5cells\x94", b"\xa5cells\xdc\x00\x04"),
        "map_with_a_longer_head": ("As above.", b"\xa9condition\x83", b"\xa9condition\xde\x00\x03"),
        "time_of_four_bytes": (
            "As above.", b"\xa3cpu\xcb" + struct.pack(">d", 1.25), b"\xa3cpu\xca" + struct.pack(">f", 1.25),
        ),
        "bytes_where_a_text_belongs": (
            "Comparing both fails.", b"\xa9agreement\xa5exact", b"\xa9agreement\xc4\x05exact",
        ),
        "text_where_bytes_belong": ("As above.", b"\xa8workunit\xc4\x10", b"\xa8workunit\xd9\x10"),
        "extension_type": ("A type of its own runs code of its own.", b"\xa6format\x02", b"\xa6format\xd4\x05\x02"),
        "time_stamp_type": (
            "The extension that libraries know is a number.", b"\xa6format\x02", b"\xa6format\xd6\xff\x00\x00\x00\x02",
        ),
        "reserved_byte": ("The byte that no type has confuses the decoder.", b"\xa6format\x02", b"\xa6format\xc1"),
        "text_that_is_no_utf8": ("Printing it fails.", b"processor", b"\xff\xfecessor"),
        "axis_twice": (
            "The check takes the first, the data set the last.",
            b"\xa9condition\x83", b"\xa9condition\x84\xa5width\x20",
        ),
        "metric_twice": (
            "As above.", b"\xa7metrics\x86",
            b"\xa7metrics\x87" + msgpack.packb("gap") + msgpack.packb({"dtype": "<f4", "shape": [1], "data": bytes(4)}),
        ),
        "number_for_a_key": ("A key that is no text is taken for a field.", b"\xa6format\x02", b"\x06\x02"),
        "bytes_for_a_key": ("As above.", b"\xa6format\x02", b"\xc4\x06format\x02"),
        "nil_for_a_key": ("As above.", b"\xa6format\x02", b"\xc0\x02"),
        "list_for_a_key": ("A key that cannot be one fails.", b"\xa6format\x02", b"\x91\x01\x02"),
    }
)  # fmt: skip


@content(20, "is no whole result")
def field_twice(honest: Honest) -> bytes:
    """The check sees an exact result, a later reader a near one."""
    return resealed(bytes([honest.own[0] + 1]) + b"\xa6engine\xa5torch" + honest.own[1:])


@change(20, "is no whole result")
def fields_reordered(top: Top) -> None:
    """Two files of one content have two checksums."""
    top["device"] = reordered(top["device"])


@change(20, "has other axes")
def axes_reordered(top: Top) -> None:
    """As above, in one cell."""
    top["cells"][1]["condition"] = reordered(top["cells"][1]["condition"])


@change(20, "has other metrics")
def metrics_reordered(top: Top) -> None:
    """A reader that goes by place takes a loss for an accuracy."""
    top["cells"][1]["metrics"] = reordered(top["cells"][1]["metrics"])


@change(23, "the metrics of compgen")
def metrics_reordered_in_all_cells(top: Top) -> None:
    """As above, where no cell differs from the first."""
    for cell in top["cells"]:
        cell["metrics"] = reordered(cell["metrics"])


@change(20, "is no whole result")
def unknown_field(top: Top) -> None:
    """Something to hide a message in, or to be read by a later version."""
    top["cells"][0]["note"] = "x"


@change(20, "is no whole result")
def field_missing(top: Top) -> None:
    """What is not there cannot be wrong."""
    del top["cells"][0]["digests"]


@content(20, "is no whole result")
def list_instead_of_a_map(honest: Honest) -> bytes:
    """The fields without their names, as some libraries write them."""
    return tiny.forged(list(tree(honest.own).values()))


group("Wrong types and numbers")


fields(
    {
        "format_true": ("True equals 1.", ("format",), True),
        "format_a_float": ("1.0 equals 1.", ("format",), 1.0),
        "format_a_text": ("'1' becomes 1.", ("format",), "1"),
        "version_negative": ("Below every known version.", ("version",), -1),
        "seed_true": ("True equals 1 and is an integer in Python.", (*CELL, "seed"), True),
        "seed_a_float": ("1116.0 equals 1116.", (*CELL, "seed"), float(FIRST)),
        "seed_negative": ("Counted from the end.", (*CELL, "seed"), -1),
        "seed_nil": ("No seed is every seed.", (*CELL, "seed"), None),
        "width_true": ("A condition's value without a type of its own.", (*CELL, "condition", "width"), True),
        "width_a_list": ("What cannot be hashed fails.", (*CELL, "condition", "width"), [32]),
        "width_nil": ("As above.", (*CELL, "condition", "width"), None),
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
        "dtype_of_objects": ("numpy makes Python objects of the bytes.", (*GAP, "dtype"), "|O"),
        "dtype_of_doubles": ("Half as many numbers in the same bytes.", (*GAP, "dtype"), "<f8"),
        "dtype_big_endian": ("Other numbers from the same bytes.", (*GAP, "dtype"), ">f4"),
        "shape_empty": ("A number without axes.", (*GAP, "shape"), []),
        "shape_zero": ("No values, no faults.", (*GAP, "shape"), [0]),
        "shape_negative": ("numpy takes -1 for whatever fits.", (*GAP, "shape"), [-1]),
        "shape_of_a_billion": ("Room is made for them.", (*GAP, "shape"), [10**9]),
        "shape_of_two_axes": ("The same bytes as a matrix.", (*GAP, "shape"), [MEASUREMENTS, 1]),
        "shape_of_floats": ("12.0 equals 12.", (*GAP, "shape"), [12.0]),
        "data_of_integers": ("Numbers in the place of bytes.", (*GAP, "data"), [0] * 48),
        "data_empty": ("No values, no faults.", (*GAP, "data"), b""),
        "data_short_by_a_byte": ("The last value ends in what comes next.", (*GAP, "data"), bytes(47)),
        "data_of_two_curves": ("The second one is not looked at.", (*GAP, "data"), bytes(96)),
        "digest_short": ("Compared as far as it goes.", (*CELL, "digests", 0), bytes(15)),
        "digest_empty": ("As above: the beginning of any.", (*CELL, "digests", 0), b""),
        "digest_nil": ("None equals the other's none.", (*CELL, "digests", 0), None),
        "no_digests_in_a_cell": ("Nothing to compare, nothing differs.", (*CELL, "digests"), []),
        "digest_missing": ("As above, at the end.", (*CELL, "digests"), [bytes(16)] * 11),
        "digest_too_many": ("What comes after the last is not looked at.", (*CELL, "digests"), [bytes(16)] * 13),
    },
    20,
    "is no whole result",
)  # fmt: skip
fields(
    {
        "seed_beyond_63_bits": ("Negative in a signed integer.", (*CELL, "seed"), 2**63),
        "seed_of_64_bits": ("As above, -1.", (*CELL, "seed"), 2**64 - 1),
        "width_a_float": ("32.0 equals 32, and a column of floats is made of it.", (*CELL, "condition", "width"), 32.0),
        "width_a_text": ("'32' becomes 32.", (*CELL, "condition", "width"), "32"),
        "learning_rate_nan": ("NaN differs from nothing.", (*CELL, "condition", "learning_rate"), float("nan")),
        "learning_rate_next_to_it": ("Printed it looks the same.", (*CELL, "condition", "learning_rate"), NEXT_RATE),
    },
    23,
    "in the place of",
)  # fmt: skip


@change(20, "digests")
def no_digests_in_any_cell(top: Top) -> None:
    """Nothing to compare, nothing differs: no cell is unlike the first."""
    for cell in top["cells"]:
        cell["digests"] = []


@change(20, "11 digests a cell")
def one_measurement_less_in_all_cells(top: Top) -> None:
    """Trained to nearly the end; no cell is unlike the first."""
    for cell in top["cells"]:
        del cell["digests"][-1]
        for metric in cell["metrics"].values():
            metric["shape"], metric["data"] = [11], metric["data"][:44]


@change(23, "the metrics of compgen")
def no_metrics_in_any_cell(top: Top) -> None:
    """No values, no faults: right digests and nothing else."""
    for cell in top["cells"]:
        cell["metrics"] = {}


group("Names that reach terminals, queries and paths")


fields(
    {
        "device_with_an_escape": ("The screen of who looks at it is cleared.", ("device", "name"), "\x1b[2J\x1b[1;1H"),
        "device_with_a_line_break": ("A line of its own in the log.", ("device", "name"), "x\nvalid"),
        "device_with_a_zero": ("Cut off where C ends a text.", ("device", "name"), "cpu\0x"),
        "device_written_backwards": ("Unicode's override turns what follows.", ("device", "name"), "a\u202eb"),
        "device_of_65_letters": ("One above the limit.", ("device", "name"), "x" * 65),
        "device_of_a_million_letters": ("Every line that tells it is a megabyte.", ("device", "name"), "x" * 10**6),
        "device_without_a_name": ("What prints it fails.", ("device", "name"), ""),
        "platform_with_a_path": ("A file of that name is opened.", ("device", "platform"), "../../etc/passwd"),
        "app_version_with_a_line_break": ("A pattern that ends before the last one.", ("app_version",), "0.1.0\n"),
        "app_version_with_an_escape": ("It is printed with the verdict.", ("app_version",), "\x1b]0;x\x07"),
        "app_version_with_markup": ("As above: [bold]", ("app_version",), "[bold]0.1.0"),
        "experiment_with_a_path": ("The data set's file lies elsewhere.", ("experiment",), "../../tmp/x"),
        "experiment_with_a_quote": ("It ends a query's text.", ("experiment",), "compgen'; DROP TABLE issued; --"),
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


@change(20, "is no name of an axis")
def axis_with_an_escape(top: Top) -> None:
    """The sentence that refuses the axis carries it to the terminal."""
    for cell in top["cells"]:
        cell["condition"]["\x1b[2J\nvalid"] = 1


@change(20, "is no name of an axis")
def metric_with_a_line_break(top: Top) -> None:
    """As above, as a metric, and with a verdict of its own."""
    for cell in top["cells"]:
        cell["metrics"]["x\n/upload/x: valid"] = cell["metrics"]["gap"]


@change(20, "is no name of an axis")
def value_with_an_escape(top: Top) -> None:
    """As above, as a condition's value."""
    for cell in top["cells"]:
        cell["condition"]["width"] = "\x1b[2J"


@change(20, "is no whole result")
def value_of_65_letters(top: Top) -> None:
    """The sentence that refuses the cell is as long as an upload."""
    top["cells"][0]["condition"]["width"] = "x" * 65


@change(
    0, "valid",
    why="a name is any printable ASCII; it is stored as a value, and shown escaped",
)  # fmt: skip
def device_with_markup_and_quotes(top: Top) -> None:
    """Markup of the terminal library, a query's quote, a spreadsheet's formula."""
    top["device"]["name"] = "[red]=cmd()'; DROP TABLE issued; --"


group("Cells")


@change(20, "is no whole result")
def no_cells(top: Top) -> None:
    """Nothing was computed, and nothing of it is wrong."""
    top["cells"] = []


@change(23, "3 cells instead of 4")
def cell_missing(top: Top) -> None:
    """Credit for one cell that was not computed."""
    del top["cells"][2]


@change(23, "in the place of")
def cell_twice(top: Top) -> None:
    """As above: one is computed and sent twice."""
    top["cells"][2] = top["cells"][1]


@change(23, "5 cells instead of 4")
def cell_too_many(top: Top) -> None:
    """The data set gets a seed that was never given out."""
    top["cells"].append(top["cells"][3] | {"seed": FIRST + 4})


@change(23, "in the place of")
def cells_in_another_order(top: Top) -> None:
    """Checked by place, stored by name."""
    top["cells"].reverse()


@change(23, "in the place of")
def cell_of_another_width(top: Top) -> None:
    """The smallest network in the place of the largest."""
    top["cells"][1]["condition"]["width"] = 64


@change(20, "has other axes")
def axis_missing(top: Top) -> None:
    """A condition that fits several cells."""
    del top["cells"][1]["condition"]["depth"]


@change(20, "has other metrics")
def metric_missing(top: Top) -> None:
    """Only what is easily invented."""
    del top["cells"][1]["metrics"]["effective_rank"]


@change(23, "the metrics of compgen")
def metric_too_many(top: Top) -> None:
    """A column of my own in the data set."""
    for cell in top["cells"]:
        cell["metrics"]["more"] = cell["metrics"]["gap"]


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
_value("accuracy_above_one", "More right answers than questions.", 1.001, 24, "is not in", "id_accuracy")
_value(
    "accuracy_that_is_no_count",
    "Within bounds, but no number of samples gives it.",
    0.50025,
    24,
    "contradicts",
    "train_accuracy",
)
_value(
    "gap_that_does_not_follow",
    "A finding of one's own: the gap is what the claim is about.",
    0.5,
    24,
    "contradicts",
    "gap",
)


@content(24, "is not in")
def one_nan_in_the_last_place(honest: Honest) -> bytes:
    """As NaN above, where only the ends of curves are looked at."""
    return changed(honest.own, lambda top: _patch(top, b"\x00\x00\xc0\x7f"))


@content(24, "is not in")
def signalling_nan(honest: Honest) -> bytes:
    """A NaN that raises an exception in some processors, with a message of 22 bits in it."""
    return changed(honest.own, lambda top: _patch(top, b"\xad\xde\xa0\x7f"))


@content(24, "is not in")
def negative_nan(honest: Honest) -> bytes:
    """A NaN with a sign, which sorts below every number."""
    return changed(honest.own, lambda top: _patch(top, b"\x01\x00\xc0\xff"))


def _patch(top: Top, value: bytes) -> None:
    data = top["cells"][3]["metrics"]["train_loss"]["data"]
    top["cells"][3]["metrics"]["train_loss"]["data"] = data[:-4] + value


@change(24, "is not in")
def bytes_swapped(top: Top) -> None:
    """The numbers of a host of the other byte order."""
    for metric in top["cells"][0]["metrics"].values():
        metric["data"] = np.frombuffer(metric["data"], "<f4").byteswap().tobytes()


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
    """The finding that one wants: everything else is true, and the numbers fit together."""
    put(top, 1, "ood_accuracy", np.float32(np.arange(12) * 50 / 1000))
    put(top, 1, "gap", curve(top, 1, "id_accuracy") - curve(top, 1, "ood_accuracy"))


@change(25, "differs in train_loss")
def metrics_invented_under_right_digests(top: Top) -> None:
    """Only digests are compared."""
    digests = top["cells"][1]["digests"]
    invented(top, 1)
    top["cells"][1]["digests"] = digests


@change(25, "the digest of its state")
def digests_invented_under_right_metrics(top: Top) -> None:
    """Only metrics are compared."""
    top["cells"][1]["digests"] = [bytes(16)] * MEASUREMENTS


@change(25, "the digest of its state")
def last_digest_invented(top: Top) -> None:
    """Only the beginning is compared."""
    top["cells"][1]["digests"][-1] = bytes(16)


@change(25, "the digest of its state")
def digests_of_one_cell_in_all(top: Top) -> None:
    """One cell is computed; the others have its right digests."""
    for cell in top["cells"]:
        cell["digests"] = top["cells"][0]["digests"]


@change(25, "the digest of its state")
def one_cell_computed_and_copied(top: Top) -> None:
    """As above, with its metrics: credit for four cells, and one computed."""
    for cell in top["cells"]:
        cell["digests"], cell["metrics"] = top["cells"][0]["digests"], top["cells"][0]["metrics"]


@change(25, "differs in train_loss")
def two_cells_exchanged_metrics(top: Top) -> None:
    """All numbers are true, of another cell."""
    one, two = top["cells"][:2]
    one["metrics"], two["metrics"] = two["metrics"], one["metrics"]


@change(25, "the digest of its state")
def trained_half_way(top: Top) -> None:
    """Half the epochs, then the last value again and again; early digests are right."""
    cell = top["cells"][1]
    for metric in cell["metrics"]:
        values = curve(top, 1, metric)
        values[6:] = values[5]
        put(top, 1, metric, values)
    cell["digests"][6:] = [os.urandom(16) for _ in range(6)]


@change(25, "differs in train_loss")
def loss_one_bit_off(top: Top) -> None:
    """Nearly right is right enough."""
    loss = curve(top, 1, "train_loss")
    loss[4] = np.nextafter(loss[4], np.float32(9))
    put(top, 1, "train_loss", loss)


@change(25, "differs in train_accuracy")
def one_sample_counted_more(top: Top) -> None:
    """As above, a count."""
    accuracy = curve(top, 1, "train_accuracy")
    accuracy[9] = np.float32((round(float(accuracy[9]) * 2000) + (1 if accuracy[9] < 1 else -1)) / 2000)
    put(top, 1, "train_accuracy", accuracy)


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


@content(25, "the digest of its state")
def metrics_of_another_seed(honest: Honest) -> bytes:
    """An old result of other seeds under new ones: digests, metrics and all."""
    old = tree(honest.other)["cells"]

    def swap(top: Top) -> None:
        for cell, before in zip(top["cells"], old, strict=True):
            cell["metrics"], cell["digests"] = before["metrics"], before["digests"]

    return changed(honest.own, swap)


@content(25, "differs in train_loss")
def metrics_of_another_seed_under_right_digests(honest: Honest) -> bytes:
    """As above, but the digests are right."""
    old = tree(honest.other)["cells"]

    def swap(top: Top) -> None:
        for cell, before in zip(top["cells"], old, strict=True):
            cell["metrics"] = before["metrics"]

    return changed(honest.own, swap)


group("Copies and replays")


@content(23, "it answers another work unit")
def replay_of_an_old_work_unit(honest: Honest) -> bytes:
    """A true result of work done long ago, for the work of today."""
    return honest.other


@content(23, "in the place of")
def replay_under_a_new_digest(honest: Honest) -> bytes:
    """As above, with the header of today."""
    return changed(honest.other, lambda top: top.update(workunit=tree(honest.own)["workunit"]))


@change(23, "it answers another work unit")
def work_unit_of_zeros(top: Top) -> None:
    """A work unit that the ledger does not know is not compared."""
    top["workunit"] = bytes(16)


@content(26, "uploaded before")
def copy_of_another_host(honest: Honest) -> bytes:
    """The other half of a quorum, without computing."""
    return honest.theirs


@content(
    0, "valid",
    why="its cells are true, and two honest hosts' cells are the same bytes too: only the header could differ. "
    "That two accounts share one computation is not seen here",
)  # fmt: skip
def copy_with_the_header_changed(honest: Honest) -> bytes:
    """As above, with my own processor and times."""

    def mine(top: Top) -> None:
        top["device"]["name"], top["timings"]["cpu"] = "My own processor", 77.0

    return changed(honest.theirs, mine)


@content(25, "the digest of its state")
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


@content(27, "computed by engine torch")
def near_result_where_exact_is_asked(honest: Honest) -> bytes:
    """Wider tolerances than the work allows."""
    return honest.torch


@change(27, "computed by engine torch")
def exact_result_that_says_torch(top: Top) -> None:
    """As above, with invented cells."""
    says_near(top)
    invented(top, 0)


@content(25, "the digest of its state")
def torch_result_that_says_exact(honest: Honest) -> bytes:
    """Valid where near results are not accepted."""
    return changed(honest.torch, says_exact)


@change(
    0, "valid", torch=True,
    why="it is as near to the recomputed cells as any, and stored as near",
)  # fmt: skip
def exact_result_that_says_torch_where_torch_is_accepted(top: Top) -> None:
    """Wider tolerances than it needs."""
    says_near(top)


@content(25, "the digest of its state", torch=True)
def torch_result_of_other_weights(honest: Honest) -> bytes:
    """Of near results digests are not compared: but the one before training is."""

    def other(top: Top) -> None:
        top["cells"][2]["digests"][0] = bytes(16)

    return changed(honest.torch, other)


@content(25, "differs in", torch=True)
def torch_result_with_a_cell_invented(honest: Honest) -> bytes:
    """As above, with the right first digest, which is cheap to compute, and invented numbers."""

    def first_digest_right(top: Top) -> None:
        first = top["cells"][2]["digests"][0]
        invented(top, 2)
        top["cells"][2]["digests"][0] = first

    return changed(honest.torch, first_digest_right)


@content(
    0, "valid", torch=True,
    why="later states of near results differ from host to host, so nothing is promised of their digests and nothing "
    "reads them; the metrics are compared",
)  # fmt: skip
def torch_result_with_late_digests_invented(honest: Honest) -> bytes:
    """Digests that nobody can check."""

    def late(top: Top) -> None:
        top["cells"][2]["digests"][1:] = [bytes(16)] * (MEASUREMENTS - 1)

    return changed(honest.torch, late)


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


@change(25, "differs in")
def zeros_with_a_sign(top: Top) -> None:
    """A value that compares equal but is another: a message of a bit for each zero."""
    zeros = 0
    for cell in range(4):
        for metric in top["cells"][cell]["metrics"]:
            values = curve(top, cell, metric)
            zeros += int((values == 0).sum())
            values[values == 0] = -0.0
            put(top, cell, metric, values)
    assert zeros, "there is no zero to change"


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


@place(20, "checksum does not fit")
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
    why="the verdict is of the bytes that were read, and assimilation refuses any others (43)",
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
