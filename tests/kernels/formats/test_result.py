"""The result format: one content per result, however it is deflated, and everything else refused."""

from __future__ import annotations

import contextlib
import hashlib
import random
import struct
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgpack
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import limits
from kernels.cells import CellResult
from kernels.cost import default_units
from kernels.errors import CannotRead, Failure, Inconsistent, ResultFormat, ResultMismatch, ResultUnreadable
from kernels.experiment import compute
from kernels.experiments import EXPERIMENTS
from kernels.formats import result
from kernels.formats.result import Result
from kernels.formats.workunit import Seeds, WorkUnit
from tests.kernels import resultfile, tiny
from tests.kernels.resultfile import Top, content, forged, headed, parts, reheaded, resealed, seal, tree

UNIT = tiny.unit()
COMPGEN = EXPERIMENTS["compgen"]


def refusal(data: bytes) -> Failure:
    """The failure that the bytes are refused with when they are read and checked against their work unit."""
    with pytest.raises(Failure) as caught:
        result.check(result.decode(data, "r.msgpack"), UNIT, "r.msgpack")
    text = str(caught.value)
    assert "r.msgpack" in text
    assert "\n" not in text
    return caught.value


# --- a true result


def test_a_computed_result_is_read_back_and_answers_its_work_unit(tiny_result: Result, tiny_bytes: bytes) -> None:
    again = result.decode(tiny_bytes, "r")
    assert again.header == tiny_result.header
    assert again.checksum == tiny_result.checksum
    assert result.encode(again) == tiny_bytes
    values = result.check(again, UNIT, "r")
    for name, (one, other) in {
        name: (cell.metrics[name], values[name][row])
        for row, cell in enumerate(_computed(UNIT))
        for name in COMPGEN.metrics
    }.items():
        assert one.tobytes() == other.tobytes(), name


def _computed(unit: WorkUnit) -> list[CellResult]:
    return compute(unit.experiment, unit.cells, tiny.engine())


def test_the_structure_is_the_documented_one(tiny_bytes: bytes) -> None:
    top = tree(tiny_bytes)
    found = top["header"]
    assert list(found) == [
        "format", "experiment", "version", "workunit", "seeds", "axes", "app_version", "engine", "agreement", "device",
        "timings", "clock", "columns",
    ]  # fmt: skip
    assert (found["format"], found["experiment"], found["version"]) == (3, "compgen", 1)
    assert found["workunit"] == UNIT.digest
    assert found["seeds"] == {"first": 1000, "count": 2}
    assert found["axes"] == {"width": [32], "depth": [1], "learning_rate": [0.05]}
    assert (found["engine"], found["agreement"]) == ("torch", "near")
    assert found["clock"] == {"unit": "epoch", "ticks": list(COMPGEN.clock.ticks)}
    assert found["device"] == {"kind": "cpu", "name": tiny.DEVICE.name, "platform": "linux-x86_64", "threads": 1}
    assert found["timings"] == {"computing": 1.5, "cpu": 1.25}
    kinds = {"train_loss": "<f4", "effective_rank": "<f4"}
    shares = ("train_accuracy", "id_accuracy", "ood_accuracy")
    assert found["columns"] == kinds | dict.fromkeys(shares, "<u2")
    assert "gap" not in found["columns"], "it follows from others"
    assert list(found["columns"]) == [name for name in COMPGEN.metrics if name != "gap"]
    for name, column in top["columns"].items():
        assert column.shape == (2, N)
        assert np.isfinite(column).all(), name
    assert 0.1 < (top["columns"]["id_accuracy"] - top["columns"]["ood_accuracy"].astype(int))[0, -1] / 1000 < 1
    states = [cell.digests[0] for cell in _computed(UNIT)]
    wanted = [hashlib.blake2b(state, digest_size=8).digest() for state in states]
    assert [digest.tobytes() for digest in top["digests"]] == wanted


def test_an_exact_results_digest_is_of_all_states() -> None:
    cells = compute(COMPGEN, UNIT.cells, tiny.engine("c"))
    top = tree(result.encode(tiny.computed(UNIT, "c")))
    for row, cell in enumerate(cells):
        assert len(set(cell.digests)) == N, "training changes the state between measurements"
        assert top["digests"][row].tobytes() == hashlib.blake2b(b"".join(cell.digests), digest_size=8).digest()


def test_without_our_own_code_the_same_bytes_are_written(tiny_bytes: bytes) -> None:
    assert forged(tree(tiny_bytes)) == tiny_bytes


def test_the_order_in_which_cells_were_computed_does_not_matter() -> None:
    unit = tiny.unit(5, 2, depth=[1, 2], width=[32], learning_rate=[0.01, 0.05])
    curve = np.zeros(N, np.float32)
    found = [
        CellResult(cell, dict.fromkeys(COMPGEN.metrics, curve) | {"train_loss": curve + at}, [bytes([at]) * 16] * N)
        for at, cell in enumerate(unit.cells)
    ]
    random.Random(1).shuffle(mixed := list(found))
    a, b, c = (
        tiny.built(unit, given, "0", "torch", tiny.DEVICE, tiny.TIMINGS) for given in (found, found[::-1], mixed)
    )
    assert result.encode(a) == result.encode(b) == result.encode(c)
    assert a.columns["train_loss"][:, 0].tolist() == list(range(8))
    assert len({digest.tobytes() for digest in a.digests}) == 8


def test_values_that_are_no_counts_are_not_written() -> None:
    cells = [
        CellResult(cell, dict.fromkeys(COMPGEN.metrics, np.full(N, 0.1234567, np.float32)), [bytes(16)] * N)
        for cell in UNIT.cells
    ]
    with pytest.raises(ValueError, match="no counts"):
        tiny.built(UNIT, cells, "0", "c", tiny.DEVICE, tiny.TIMINGS)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_size_of_a_content_is_known_before_it_is_computed(name: str) -> None:
    """To the byte, where the header's free words are as long; whatever the values."""
    experiment = EXPERIMENTS[name]
    for unit in (
        WorkUnit(experiment, Seeds(7, 1)),
        WorkUnit(experiment, Seeds(2**40, 3)),
        default_units(experiment, 1)[0],
    ):
        recorded = [key for key, metric in experiment.metrics.items() if not metric.formula]
        zeros = np.zeros((len(unit.cells), experiment.measurements), np.float32)
        device = msgspec.structs.replace(tiny.DEVICE, name="x" * limits.NAME_BYTES, platform="windows-x86_64")
        states = [bytes(16 * experiment.measurements)] * len(unit.cells)
        made = result.assemble(
            unit, dict.fromkeys(recorded, zeros), states, "0.0.0", "torch", device, result.Timings(0.0, 0.0)
        )
        assert result.size(unit) == len(made.content)


def test_the_largest_work_units_result_is_below_the_limits(tiny_bytes: bytes) -> None:
    """As many cells as there can be; and each could be unlike all others in half of its bytes."""
    rng = np.random.default_rng(1)

    def large(top: Top) -> None:
        rows = rng.integers(0, 2, limits.CELLS)
        top["header"]["seeds"]["count"] = limits.CELLS
        for name, numbers in top["columns"].items():
            many = numbers[rows]
            noise = rng.integers(0, 1 << 4 * many.dtype.itemsize, many.shape)  # in the lower half of the bits
            bits = many.view(f"<u{many.dtype.itemsize}")
            bits ^= noise.astype(bits.dtype)
            top["columns"][name] = many
        top["digests"] = rng.integers(0, 256, (limits.CELLS, 8), np.uint8)

    data = changed(tiny_bytes, large)
    assert len(content(data)) <= limits.CONTENT_BYTES
    assert len(data) <= limits.RESULT_BYTES
    assert result.decode(data, "r").header.cells == limits.CELLS


@pytest.mark.parametrize("level", range(10))
def test_however_a_content_is_deflated_it_is_the_same_result(tiny_result: Result, level: int) -> None:
    again = result.decode(zlib.compress(tiny_result.content, level), "r")
    assert again.checksum == tiny_result.checksum
    assert result.encode(again) == result.encode(tiny_result)


def test_a_file_is_hardly_longer_than_its_content() -> None:
    """What nothing deflates can be stored, in blocks of whatever size a library chooses; but not in empty ones."""
    raw = np.random.default_rng(1).bytes(200_000)
    whole = resultfile.sealed(headed(b"", raw))
    for level in (0, 9):
        assert "no whole result" in str(refusal(zlib.compress(whole, level)))
        assert "longer" not in str(refusal(zlib.compress(whole, level)))
    deflater = zlib.compressobj(0)
    flushed = b"".join(deflater.compress(b"") + deflater.flush(zlib.Z_FULL_FLUSH) for _ in range(200))
    padded = flushed + deflater.compress(whole) + deflater.flush()
    assert zlib.decompress(padded) == whole
    assert "longer than what it is deflated from" in str(refusal(padded))


# --- damage


def test_a_result_cut_off_anywhere_is_refused(tiny_bytes: bytes) -> None:
    for length in range(len(tiny_bytes)):
        with pytest.raises(ResultUnreadable):
            result.decode(tiny_bytes[:length], "r")


def test_a_content_cut_off_anywhere_is_refused(tiny_bytes: bytes) -> None:
    whole = content(tiny_bytes)
    for length in range(len(whole)):
        with pytest.raises(ResultUnreadable):
            result.decode(zlib.compress(whole[:length]), "r")


def test_a_content_with_any_byte_changed_is_refused(tiny_bytes: bytes) -> None:
    data = bytearray(content(tiny_bytes))
    for at in range(len(data)):
        for flip in (0x01, 0x80, 0xFF, 1 << at % 8):
            data[at] ^= flip
            with pytest.raises(ResultUnreadable, match="checksum does not fit"):
                result.decode(zlib.compress(bytes(data)), "r")
            data[at] ^= flip
    assert bytes(data) == content(tiny_bytes)


def test_a_file_with_any_byte_changed_is_refused_or_the_same_content(tiny_bytes: bytes, tiny_result: Result) -> None:
    """The level in zlib's head and bits between blocks say nothing; all else has a sum."""
    data, other = bytearray(tiny_bytes), 0
    for at in range(len(data)):
        for flip in (0x01, 0x80, 0xFF, 1 << at % 8):
            data[at] ^= flip
            try:
                assert result.decode(bytes(data), "r").checksum == tiny_result.checksum
                other += 1
            except ResultUnreadable:
                pass
            data[at] ^= flip
    assert other < 5


def test_cut_off_and_sealed_again_is_refused(tiny_bytes: bytes) -> None:
    """A forger recomputes the checksum; every length of the body then meets the decoder itself."""
    whole = content(tiny_bytes)
    for length in range(len(whole) - 16):
        with pytest.raises(Failure):
            result.decode(seal(whole[:length]), "r")


def test_any_byte_changed_and_sealed_again_never_raises_anything_but_a_failure(tiny_bytes: bytes) -> None:
    """Many such files are whole results of other numbers: then their own bytes are the canonical ones."""
    data = bytearray(content(tiny_bytes)[:-16])
    whole = 0
    for at in range(len(data)):
        for flip in (0x01, 0x80, 0xFF):
            data[at] ^= flip
            try:
                found = result.decode(seal(bytes(data)), "r")
                assert anew(found) == resultfile.sealed(bytes(data))
                whole += 1
                result.check(found, UNIT, "r")
            except Failure:
                pass
            data[at] ^= flip
    assert whole > 100


def anew(found: Result) -> bytes:
    """The content of a result, written from its parts."""
    return Result(found.header, found.columns, found.digests).content


@pytest.mark.parametrize("tail", [b"\0", b"\xc0", b"garbage", bytes(16)])
def test_trailing_bytes_are_refused(tiny_bytes: bytes, tail: bytes) -> None:
    assert "follows its end" in str(refusal(tiny_bytes + tail))
    assert isinstance(refusal(resealed(tiny_bytes, lambda body: body + tail)), ResultUnreadable)
    assert isinstance(refusal(zlib.compress(content(tiny_bytes) + tail)), ResultUnreadable)
    assert isinstance(refusal(reheaded(tiny_bytes, lambda header: header + tail)), ResultUnreadable)


@pytest.mark.parametrize("length", [0, 1, 3, 4, 5, 15, 16, 17])
def test_next_to_nothing_is_refused(length: int) -> None:
    for data in (bytes(length), zlib.compress(bytes(length)), seal(bytes(length)), seal(headed(bytes(length)))):
        assert isinstance(refusal(data), ResultUnreadable)


@settings(max_examples=300)
@given(data=st.binary(max_size=300))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    for given_ in (data, zlib.compress(data), seal(data), seal(headed(data))):
        with pytest.raises(Failure):
            result.decode(given_, "r")


# --- hostile deflation: what the diary of attacks does not have


def test_no_more_is_inflated_than_a_content_may_have(tiny_bytes: bytes) -> None:
    """Of a quarter of a gigabyte; and one byte more than the limit is enough to be refused, at the limit it is read."""
    for data in (endless(1 << 18), zlib.compress(bytes(limits.CONTENT_BYTES + 1))):
        with bounded_memory(3 * limits.CONTENT_BYTES):
            assert f"more than {limits.CONTENT_BYTES} bytes" in str(refusal(data))
    assert "checksum" in str(refusal(zlib.compress(bytes(limits.CONTENT_BYTES))))


@contextlib.contextmanager
def bounded_memory(most: int) -> Iterator[None]:
    """What Python allocates meanwhile is less."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def endless(size: int) -> bytes:
    """The beginning of a zlib stream of that size, of zeros without end."""
    deflater = zlib.compressobj(9)
    start = deflater.compress(bytes(1 << 20)) + deflater.flush(zlib.Z_FULL_FLUSH)
    again = deflater.compress(bytes(1 << 20)) + deflater.flush(zlib.Z_FULL_FLUSH)
    return (start + again * (size // len(again)))[:size]


# --- the header's length


def test_a_header_of_another_length_than_is_said_is_refused(tiny_bytes: bytes) -> None:
    header, numbers = parts(content(tiny_bytes)[:-16])
    right, whole = len(header), len(header) + len(numbers)
    for length in {*range(right + 300), whole - 1, whole, whole + 1, 65536, 65537, 2**31 - 1, 2**31, 2**32 - 1} - {
        right
    }:
        failure = refusal(seal(headed(header, numbers, length)))
        assert isinstance(failure, ResultUnreadable | ResultFormat)


# --- hostile MessagePack, always with a right checksum


def test_deep_nesting_is_refused(tiny_bytes: bytes) -> None:
    for opening in (b"\x91", b"\x81\xa1a", b"\x81", b"\xdc\x00\x01", b"\xdd\x00\x00\x00\x01", b"\x81\x91"):
        for times in (10_000, 60_000 // len(opening), 100_000):
            assert isinstance(refusal(seal(headed(opening * times))), ResultUnreadable)
    prefix = b"\x82\xa6format\x03\xa4axes"
    assert isinstance(refusal(seal(headed(prefix + b"\x91" * 60_000))), ResultUnreadable)
    unknown = b"\x82\xa6format\x03\xa4more" + b"\x91" * 60_000 + b"\xc0"
    assert isinstance(refusal(seal(headed(unknown))), ResultUnreadable)


@pytest.mark.parametrize(
    "header",
    [b"\xdf\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff",
     b"\xc9\xff\xff\xff\xff\x01", b"\xde\xff\xff", b"\xc1", b"\xc7\xff\x05"],
    ids=["map", "array", "text", "bytes", "extension", "map 16", "never used", "extension 8"],
)  # fmt: skip
@pytest.mark.parametrize("prefix", [b"", b"\x82\xa6format\x03\xa4axes", b"\x82\xa6format\x03\xa6device"])
def test_huge_declared_lengths_are_refused(prefix: bytes, header: bytes) -> None:
    assert isinstance(refusal(seal(headed(prefix + header))), ResultUnreadable)
    assert isinstance(refusal(seal(headed(prefix + header + bytes(1000)))), ResultUnreadable)


def test_an_oversized_result_is_refused(tmp_path: Path, tiny_bytes: bytes) -> None:
    large = tiny_bytes + bytes(limits.RESULT_BYTES)
    assert "more than" in str(refusal(large))
    path = tmp_path / "large.msgpack"
    path.write_bytes(large)
    with pytest.raises(ResultUnreadable, match="more than"):
        result.read(path)


def test_a_result_that_cannot_be_read_is_another_failure(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(CannotRead):
            result.read(path)


@pytest.mark.parametrize("number", [0, 1, 2, 4, 127, 2**63, 2**64 - 1, -1])
def test_another_format_is_named(tiny_bytes: bytes, number: int) -> None:
    found = refusal(changed(tiny_bytes, put("format", value=number)))
    assert isinstance(found, ResultFormat)
    assert str(number) in str(found)


def test_another_format_is_named_whatever_else_it_holds() -> None:
    header = msgpack.packb({"format": 4, "blobs": [1.5, None]})
    assert isinstance(refusal(seal(headed(header, b"whatever"))), ResultFormat)


def reordered(fields: dict[str, Any]) -> dict[str, Any]:
    return dict(reversed(fields.items()))


def changed(data: bytes, change: Callable[[Top], None]) -> bytes:
    top = tree(data)
    change(top)
    return forged(top)


def test_fields_in_another_order_are_refused(tiny_bytes: bytes) -> None:
    """Another sequence of bytes would be the same result."""
    top = tree(tiny_bytes)
    header = top["header"]
    assert isinstance(refusal(forged(top | {"header": reordered(header)})), ResultUnreadable)
    for spot in ("seeds", "device", "timings", "clock"):
        other = header | {spot: reordered(header[spot])}
        assert isinstance(refusal(forged(top | {"header": other})), ResultUnreadable)


@pytest.mark.parametrize("field", [b"\xa6format\x03", b"\xa7version\x01", b"\xa6engine\xa5torch"])
def test_a_field_twice_is_refused(tiny_bytes: bytes, field: bytes) -> None:
    def doubled(header: bytes) -> bytes:
        assert header[0] == 0x8D
        return b"\x8e" + field + header[1:]

    assert isinstance(refusal(reheaded(tiny_bytes, doubled)), ResultUnreadable)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        (b"\xa6format\x03", b"\xa6format\xcc\x03"),
        (b"\xa6format\x03", b"\xa6format\xd0\x03"),
        (b"\xa6format\x03", b"\xa6format\xcf" + bytes(7) + b"\x03"),
        (b"\xa7version\x01", b"\xa7version\xcd\x00\x01"),
        (b"\xa6engine\xa5torch", b"\xa6engine\xd9\x05torch"),
        (b"\xa6engine\xa5torch", b"\xa6engine\xda\x00\x05torch"),
        (b"\xa6engine", b"\xd9\x06engine"),
        (b"\xa8workunit\xc4\x10", b"\xa8workunit\xc5\x00\x10"),
        (b"\xa5width\x91", b"\xa5width\xdc\x00\x01"),
        (b"\xa4axes\x83", b"\xa4axes\xde\x00\x03"),
        (b"\xa5first\xcd\x03\xe8", b"\xa5first\xce\x00\x00\x03\xe8"),
        (b"\xa3cpu\xcb" + struct.pack(">d", 1.25), b"\xa3cpu\xca" + struct.pack(">f", 1.25)),
        (b"\xa4axes\x83", b"\xa4axes\x84\xa5width\x91\x20"),  # an axis twice
        (b"\xa4axes\x83", b"\xa4axes\x84\xa5depth\x91\x01"),
        (b"\xa7columns\x85", b"\xa7columns\x86\xaatrain_loss\xa3<f4"),  # a column twice
    ],
)
def test_values_written_in_another_way_are_refused(tiny_bytes: bytes, short: bytes, long: bytes) -> None:
    def instead(header: bytes) -> bytes:
        assert short in header
        return header.replace(short, long, 1)

    assert isinstance(refusal(reheaded(tiny_bytes, instead)), ResultUnreadable)


def put(*spot: Any, value: Any) -> Callable[[Top], None]:
    """A change: the value at a place in the header."""

    def change(top: Top) -> None:
        at: Any = top["header"]
        for step in spot[:-1]:
            at = at[step]
        at[spot[-1]] = value

    return change


def drop(*spot: Any) -> Callable[[Top], None]:
    def change(top: Top) -> None:
        at: Any = top["header"]
        for step in spot[:-1]:
            at = at[step]
        del at[spot[-1]]

    return change


def column(name: str, value: object, rows: object = 0) -> Callable[[Top], None]:
    """A change: other numbers in some cells."""

    def change(top: Top) -> None:
        top["columns"][name][rows] = value

    return change


def numbers(name: str, change: Callable[[bytes], bytes]) -> Callable[[Top], None]:
    """A change: other bytes for a column."""

    def exchange(top: Top) -> None:
        top["columns"][name] = change(resultfile.planes(top["columns"][name]))

    return exchange


def digests(change: Callable[[bytes], bytes]) -> Callable[[Top], None]:
    def exchange(top: Top) -> None:
        top["digests"] = change(top["digests"].tobytes())

    return exchange


def of_cells(rows: list[int], **header: object) -> Callable[[Top], None]:
    """A change: other rows, and what the header says to that."""

    def change(top: Top) -> None:
        top["columns"] = {name: of[rows] for name, of in top["columns"].items()}
        top["digests"] = top["digests"][rows]
        top["header"] |= header

    return change


def columns_of(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Top], None]:
    """A change: other columns, in the header and behind it."""

    def exchange(top: Top) -> None:
        top["columns"], top["header"]["columns"] = change(top["columns"]), change(top["header"]["columns"])

    return exchange


def of_kind(name: str, kind: str) -> Callable[[Top], None]:
    def change(top: Top) -> None:
        top["header"]["columns"][name] = kind
        top["columns"][name] = top["columns"][name].astype(kind)

    return change


def one_less(top: Top) -> None:
    top["header"]["clock"]["ticks"].pop()
    top["columns"] = {name: of[:, :-1] for name, of in top["columns"].items()}


LOSS, RANK, TRAIN, KNOWN = "train_loss", "effective_rank", "train_accuracy", "id_accuracy"
N = COMPGEN.measurements
WRONG: dict[str, tuple[Callable[[Top], None], type[Failure]]] = {
    # refused without the work unit
    "format true": (put("format", value=True), ResultUnreadable),
    "format 3.0": (put("format", value=3.0), ResultUnreadable),
    "format as text": (put("format", value="3"), ResultUnreadable),
    "unknown field": (put("seeds", "note", value="x"), ResultUnreadable),
    "unknown field at the top": (put("note", value="x"), ResultUnreadable),
    "no seeds": (drop("seeds"), ResultUnreadable),
    "no columns": (drop("columns"), ResultUnreadable),
    "seed true": (put("seeds", "first", value=True), ResultUnreadable),
    "seed 1000.0": (put("seeds", "first", value=1000.0), ResultUnreadable),
    "seed as text": (put("seeds", "first", value="1000"), ResultUnreadable),
    "seed -1": (put("seeds", "first", value=-1), ResultUnreadable),
    "seed null": (put("seeds", "first", value=None), ResultUnreadable),
    "no cells": (of_cells([], seeds={"first": 1000, "count": 0}), ResultUnreadable),
    "count true": (put("seeds", "count", value=True), ResultUnreadable),
    "count 2.0": (put("seeds", "count", value=2.0), ResultUnreadable),
    "count -1": (put("seeds", "count", value=-1), ResultUnreadable),
    "too many seeds": (put("seeds", "count", value=limits.CELLS + 1), ResultUnreadable),
    "too many cells": (put("axes", "width", value=list(range(64))), ResultUnreadable),
    "2 to the 64 cells": (put("axes", value={f"a{n}": list(range(64)) for n in range(11)}), ResultUnreadable),
    "unknown engine": (put("engine", value="magic"), ResultUnreadable),
    "experiment in capitals": (put("experiment", value="COMPGEN"), ResultUnreadable),
    "device name with a line break": (put("device", "name", value="a\nb"), ResultUnreadable),
    "device name with an escape": (put("device", "name", value="\x1b[2J"), ResultUnreadable),
    "device name too long": (put("device", "name", value="x" * 65), ResultUnreadable),
    "device name empty": (put("device", "name", value=""), ResultUnreadable),
    "version ends with a line break": (put("app_version", value="0.1.0\n"), ResultUnreadable),
    "threads 0": (put("device", "threads", value=0), ResultUnreadable),
    "threads a million": (put("device", "threads", value=10**6), ResultUnreadable),
    "negative time": (put("timings", "cpu", value=-1.0), ResultUnreadable),
    "time NaN": (put("timings", "cpu", value=float("nan")), ResultUnreadable),
    "time infinite": (put("timings", "computing", value=float("inf")), ResultUnreadable),
    "work unit as text": (put("workunit", value="0" * 16), ResultUnreadable),
    "work unit of 15 bytes": (put("workunit", value=bytes(15)), ResultUnreadable),
    "no ticks": (put("clock", "ticks", value=[]), ResultUnreadable),
    "a tick -1": (put("clock", "ticks", 0, value=-1), ResultUnreadable),
    "a tick 0.0": (put("clock", "ticks", 0, value=0.0), ResultUnreadable),
    "axes a list": (put("axes", value=[[32], [1], [0.05]]), ResultUnreadable),
    "an axis's values no list": (put("axes", "width", value=32), ResultUnreadable),
    "an axis of no values": (put("axes", "width", value=[]), ResultUnreadable),
    "an axis of 65 values": (put("axes", "width", value=list(range(65))), ResultUnreadable),
    "a value a list": (put("axes", "width", value=[[32]]), ResultUnreadable),
    "a value true": (put("axes", "depth", value=[True]), ResultUnreadable),
    "a value null": (put("axes", "depth", value=[None]), ResultUnreadable),
    "an axis with a line break": (put("axes", "a\nb", value=[1]), ResultUnreadable),
    "65 axes": (put("axes", value={f"a{n}": [1] for n in range(65)}), ResultUnreadable),
    "65 columns": (put("columns", value={f"a{n}": "<f4" for n in range(65)}), ResultUnreadable),
    "float64 column": (put("columns", LOSS, value="<f8"), ResultUnreadable),
    "object column": (put("columns", LOSS, value="|O"), ResultUnreadable),
    "signed column": (put("columns", TRAIN, value="<i2"), ResultUnreadable),
    "a column of another width": (put("columns", TRAIN, value="<u4"), ResultUnreadable),
    "a column's bytes missing": (numbers(LOSS, lambda data: b""), ResultUnreadable),
    "a column's byte missing": (numbers(RANK, lambda data: data[:-1]), ResultUnreadable),
    "a column's byte too many": (numbers(LOSS, lambda data: data + b"\0"), ResultUnreadable),
    "a cell missing behind the header": (of_cells([0]), ResultUnreadable),
    "a cell too many behind the header": (of_cells([0, 1, 1]), ResultUnreadable),
    "a digest missing": (digests(lambda data: data[:-8]), ResultUnreadable),
    "a digest's byte missing": (digests(lambda data: data[:-1]), ResultUnreadable),
    "a digest too many": (digests(lambda data: data + bytes(8)), ResultUnreadable),
    "no digests at all": (digests(lambda data: b""), ResultUnreadable),
    # refused beside the work unit
    "another experiment": (put("experiment", value="hegemony"), ResultMismatch),
    "another version": (put("version", value=2), ResultMismatch),
    "another work unit": (put("workunit", value=bytes(16)), ResultMismatch),
    "a seed missing": (of_cells([0], seeds={"first": 1000, "count": 1}), ResultMismatch),
    "a seed too many": (of_cells([0, 1, 1], seeds={"first": 1000, "count": 3}), ResultMismatch),
    "a value twice": (
        of_cells([0, 1, 0, 1], axes={"width": [32, 32], "depth": [1], "learning_rate": [0.05]}), ResultMismatch,
    ),
    "another seed": (put("seeds", "first", value=999), ResultMismatch),
    "seed 2**64 - 1": (put("seeds", "first", value=2**64 - 1), ResultMismatch),
    "another width": (put("axes", "width", value=[64]), ResultMismatch),
    "width 32.0": (put("axes", "width", value=[32.0]), ResultMismatch),
    "width as text": (put("axes", "width", value=["32"]), ResultMismatch),
    "learning rate NaN": (put("axes", "learning_rate", value=[float("nan")]), ResultMismatch),
    "an axis missing": (drop("axes", "depth"), ResultMismatch),
    "an axis too many": (put("axes", "noise", value=[1]), ResultMismatch),
    "axes in another order": (
        put("axes", value={"depth": [1], "width": [32], "learning_rate": [0.05]}), ResultMismatch,
    ),
    "a column missing": (columns_of(lambda of: {k: v for k, v in of.items() if k != RANK}), ResultMismatch),
    "no columns, said so": (columns_of(lambda of: {}), ResultMismatch),
    "an unknown column": (columns_of(lambda of: of | {"more": of[LOSS]}), ResultMismatch),
    "a column of a formula": (columns_of(lambda of: of | {"gap": of[LOSS]}), ResultMismatch),
    "columns in another order": (columns_of(reordered), ResultMismatch),
    "counts as floats": (of_kind(TRAIN, "<f4"), ResultMismatch),
    "counts of four bytes": (of_kind(TRAIN, "<u4"), ResultMismatch),
    "floats as counts": (of_kind(LOSS, "<u4"), ResultMismatch),
    "a measurement less": (one_less, ResultMismatch),
    "another clock's unit": (put("clock", "unit", value="sample"), ResultMismatch),
    "another clock's ticks": (put("clock", "ticks", value=list(range(N))), ResultMismatch),
    # refused for its values
    "loss NaN": (column(LOSS, np.nan), Inconsistent),
    "one loss NaN": (column(LOSS, np.nan, (1, N - 1)), Inconsistent),
    "loss infinite": (column(LOSS, np.inf), Inconsistent),
    "loss negative": (column(LOSS, -1e-6), Inconsistent),
    "a count above the samples": (column(KNOWN, 1001, (1, 3)), Inconsistent),
    "a count of 65535": (column(TRAIN, 65535), Inconsistent),
    "rank above the inputs": (column(RANK, 20.5), Inconsistent),
    "rank negative": (column(RANK, -1.0), Inconsistent),
}  # fmt: skip


@pytest.mark.parametrize(("change", "kind"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_result_with_a_right_checksum_is_refused(
    tiny_bytes: bytes, change: Callable[[Top], None], kind: type[Failure]
) -> None:
    found = refusal(changed(tiny_bytes, change))
    assert type(found) is kind, found
    assert len(str(found)) < 600


@pytest.mark.parametrize("cell", [0, 1])
def test_the_cell_whose_value_is_not_possible_is_named(tiny_bytes: bytes, cell: int) -> None:
    found = refusal(changed(tiny_bytes, column(LOSS, np.nan, (cell, 5))))
    assert f"{UNIT.cells[cell]} metric train_loss is not in 0.0" in str(found)


def test_values_that_contradict_each_other_are_refused_and_their_cell_is_named() -> None:
    """What metrics alone do not tell: one is never above another. Counts and formulas cannot contradict any more."""
    name, bounded = next(
        (name, metric)
        for name in EXPERIMENTS
        for metric in EXPERIMENTS[name].metrics
        if EXPERIMENTS[name].metrics[metric].at_most and not EXPERIMENTS[name].metrics[metric].formula
    )
    unit = WorkUnit(EXPERIMENTS[name], Seeds(1, 2))
    shape = len(unit.cells), unit.experiment.measurements
    values = {key: np.zeros(shape, np.float32) for key, of in unit.experiment.metrics.items() if not of.formula}
    for key in values:
        values[key] += np.float32(max(unit.experiment.metrics[key].low, 0.0))
    values[bounded][3] = np.float32(unit.experiment.metrics[bounded].high)
    made = result.assemble(unit, values, [bytes(16) * shape[1]] * shape[0], "0", "c", tiny.DEVICE, tiny.TIMINGS)
    with pytest.raises(Inconsistent) as caught:
        result.check(result.decode(result.encode(made), "r"), unit, "r")
    assert f"{unit.cells[3]}: " in str(caught.value)


@pytest.mark.parametrize(("engine", "agreement"), [("torch", "exact"), ("c", "near")])
def test_an_agreement_that_the_engine_does_not_have_is_refused(tiny_bytes: bytes, engine: str, agreement: str) -> None:
    found = refusal(changed(tiny_bytes, lambda top: top["header"].update(engine=engine, agreement=agreement)))
    assert type(found) is ResultUnreadable
    assert f"engine {engine} are not {agreement}" in str(found)


def test_the_sentence_is_short_however_many_axes_and_columns_are_named(tiny_bytes: bytes) -> None:
    axes = {f"axis-{number}".ljust(64, "x"): ["v" * 64] for number in range(limits.GRID_VALUES)}
    found = refusal(changed(tiny_bytes, put("axes", value=axes)))
    assert type(found) is ResultMismatch
    assert len(str(found)) < 600


def test_invented_numbers_pass_this_check(tiny_bytes: bytes) -> None:
    """Recomputation is what finds them: were they refused here, the tests above would prove nothing."""
    top = tree(tiny_bytes)
    for name, value in (("id_accuracy", 750), ("ood_accuracy", 250), ("train_loss", 0.25)):
        top["columns"][name][0] = value
    values = result.check(result.decode(forged(top), "r"), UNIT, "r")
    assert values["gap"][0].tolist() == [0.5] * N
    assert list(values) == list(COMPGEN.metrics)


def test_another_work_units_result_is_refused(tiny_result: Result) -> None:
    for other in (tiny.unit(2000), tiny.unit(1000, 1), tiny.unit(1000, 2, depth=[2])):
        with pytest.raises(ResultMismatch):
            result.check(tiny_result, other, "r")


SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=4)
    | st.binary(max_size=20)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=4), v, max_size=3), max_leaves=5
)


def spots(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(spot for key, v in inner for spot in spots(v, (*at, key)))]


@settings(max_examples=300)
@given(data=st.data())
def test_changed_headers_raise_nothing_but_failures(tiny_bytes: bytes, data: st.DataObject) -> None:
    top = tree(tiny_bytes)
    for _ in range(data.draw(st.integers(1, 3))):
        spot = data.draw(st.sampled_from([spot for spot in spots(top["header"]) if spot]))
        (drop(*spot) if data.draw(st.booleans()) else put(*spot, value=data.draw(VALUES)))(top)
    try:
        found = result.decode(forged(top), "r")
        assert anew(found) == content(forged(top))
        result.check(found, UNIT, "r")
    except Failure as failure:
        assert "\n" not in str(failure)  # noqa: PT017


@settings(max_examples=200)
@given(value=VALUES)
def test_arbitrary_headers_are_refused(value: Any) -> None:
    for structure in (value, {"format": 3, "axes": value}, {"format": value}):
        with pytest.raises(Failure):
            result.decode(seal(headed(msgpack.packb(structure))), "r")


@settings(max_examples=200)
@given(data=st.data())
def test_pieces_of_two_results_sealed_again_raise_nothing_but_failures(tiny_bytes: bytes, data: st.DataObject) -> None:
    body = content(tiny_bytes)[:-16]
    start, end, at = (data.draw(st.integers(0, len(body))) for _ in range(3))
    spliced = body[:at] + body[min(start, end) : max(start, end)] + body[at:]
    if spliced != body:
        with pytest.raises(Failure):
            result.decode(seal(spliced), "r")
