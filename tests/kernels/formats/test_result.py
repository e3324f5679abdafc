"""The result format: one sequence of bytes per result, and everything else refused."""

from __future__ import annotations

import copy
import struct
from collections.abc import Callable
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
from kernels.errors import CannotRead, Failure, Inconsistent, ResultFormat, ResultMismatch, ResultUnreadable
from kernels.experiments import EXPERIMENTS
from kernels.formats import result
from kernels.formats.result import Result
from tests.kernels import tiny
from tests.kernels.tiny import forged, resealed, tree

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
    assert again == tiny_result
    assert result.encode(again) == tiny_bytes
    result.check(again, UNIT, "r")


def test_the_independent_library_reads_the_documented_fields(tiny_bytes: bytes) -> None:
    found = tree(tiny_bytes)
    assert list(found) == [
        "format", "experiment", "version", "workunit", "app_version", "engine", "agreement", "device",
        "timings", "clock", "cells", "checksum",
    ]  # fmt: skip
    assert (found["format"], found["experiment"], found["version"]) == (2, "compgen", 1)
    assert found["workunit"] == UNIT.digest
    assert (found["engine"], found["agreement"]) == ("torch", "near")
    assert found["clock"] == {"unit": "epoch", "ticks": list(COMPGEN.clock.ticks)}
    assert found["device"] == {"kind": "cpu", "name": tiny.DEVICE.name, "platform": "linux-x86_64", "threads": 1}
    assert found["timings"] == {"computing": 1.5, "cpu": 1.25}
    assert [cell["seed"] for cell in found["cells"]] == [1000, 1001]
    for cell in found["cells"]:
        assert cell["condition"] == {"width": 32, "depth": 1, "learning_rate": 0.05}
        assert list(cell["metrics"]) == list(COMPGEN.metrics)
        assert len(cell["digests"]) == COMPGEN.measurements
        assert len(set(cell["digests"])) == COMPGEN.measurements, "training changes the state between measurements"
        assert {len(digest) for digest in cell["digests"]} == {16}
        for array in cell["metrics"].values():
            assert (array["dtype"], array["shape"]) == ("<f4", [COMPGEN.measurements])
            values = struct.unpack(f"<{COMPGEN.measurements}f", array["data"])
            assert all(np.isfinite(values))
    gap = np.frombuffer(found["cells"][0]["metrics"]["gap"]["data"], "<f4")
    assert 0.1 < gap[-1] < 1


def test_the_independent_library_writes_the_same_bytes(tiny_bytes: bytes) -> None:
    assert forged(tree(tiny_bytes)) == tiny_bytes


def test_the_order_in_which_cells_were_computed_does_not_matter(tiny_result: Result) -> None:
    experiment = COMPGEN
    unit = tiny.unit(5, 1, depth=[1, 2], width=[32], learning_rate=[0.01, 0.05])
    cells = unit.cells
    curve = np.zeros(experiment.measurements, np.float32)
    found = [
        CellResult(cell, dict.fromkeys(experiment.metrics, curve + at), [bytes(16)] * experiment.measurements)
        for at, cell in enumerate(cells)
    ]
    a, b = (result.build(unit, given, "0", "torch", tiny.DEVICE, tiny.TIMINGS) for given in (found, found[::-1]))
    assert result.encode(a) == result.encode(b)
    assert [result.unpack(cell.metrics["gap"])[0] for cell in a.cells] == [0, 1, 2, 3]


def test_a_normal_work_units_result_is_below_a_megabyte(tiny_result: Result) -> None:
    """16 seeds of all conditions are 384 cells."""
    cells = [tiny_result.cells[at % 2] for at in range(384)]
    size = len(result.encode(msgspec.structs.replace(tiny_result, cells=cells)))
    assert size < 1_000_000


def test_the_largest_work_units_result_is_below_the_limit(tiny_result: Result) -> None:
    cells = [tiny_result.cells[at % 2] for at in range(limits.CELLS)]
    data = result.encode(msgspec.structs.replace(tiny_result, cells=cells))
    assert len(data) <= limits.RESULT_BYTES
    assert len(result.decode(data, "r").cells) == limits.CELLS


def test_packed_arrays_come_back_bit_for_bit() -> None:
    values = np.array([[0.0, -0.0, 1e-45], [3.4e38, -1.5, 0.1]], dtype=np.float32)
    for array in (values, values.T, values[:, ::2], values.astype(">f4")):
        again = result.unpack(result.pack(array))
        assert again.shape == array.shape
        assert again.tobytes() == np.ascontiguousarray(array, "<f4").tobytes()


# --- damage


def test_a_result_cut_off_anywhere_is_refused(tiny_bytes: bytes) -> None:
    for length in range(len(tiny_bytes)):
        with pytest.raises(ResultUnreadable):
            result.decode(tiny_bytes[:length], "r")


def test_a_result_with_any_byte_changed_is_refused(tiny_bytes: bytes) -> None:
    data = bytearray(tiny_bytes)
    for at in range(len(data)):
        for flip in (0x01, 0x80, 0xFF, 1 << at % 8):
            data[at] ^= flip
            with pytest.raises(ResultUnreadable):
                result.decode(bytes(data), "r")
            data[at] ^= flip
    assert bytes(data) == tiny_bytes


def test_cut_off_and_sealed_again_is_refused(tiny_bytes: bytes) -> None:
    """A forger recomputes the checksum; every length of the body then meets the decoder itself."""
    for length in range(len(tiny_bytes) - 16):
        with pytest.raises(Failure):
            result.decode(tiny.seal(tiny_bytes[:length]), "r")


def test_any_byte_changed_and_sealed_again_never_raises_anything_but_a_failure(tiny_bytes: bytes) -> None:
    """Many such files are whole results of other numbers: then their own bytes are the canonical ones."""
    data = bytearray(tiny_bytes)
    whole = 0
    for at in range(len(data) - 16):
        for flip in (0x01, 0x80, 0xFF):
            data[at] ^= flip
            changed = resealed(bytes(data))
            try:
                found = result.decode(changed, "r")
                assert result.encode(found) == changed
                whole += 1
                result.check(found, UNIT, "r")
            except Failure:
                pass
            data[at] ^= flip
    assert whole > 100


@pytest.mark.parametrize("tail", [b"\0", b"\xc0", b"garbage", bytes(16)])
def test_trailing_bytes_are_refused(tiny_bytes: bytes, tail: bytes) -> None:
    assert isinstance(refusal(tiny_bytes + tail), ResultUnreadable)
    assert isinstance(refusal(tiny.seal(tiny_bytes[:-16] + tail)), ResultUnreadable)
    assert isinstance(refusal(tiny.seal(tiny_bytes + tail)), ResultUnreadable)


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17])
def test_next_to_nothing_is_refused(length: int) -> None:
    assert isinstance(refusal(bytes(length)), ResultUnreadable)
    assert isinstance(refusal(tiny.seal(bytes(length))), ResultUnreadable)


@settings(max_examples=300)
@given(data=st.binary(max_size=300))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    for given_ in (data, tiny.seal(data)):
        with pytest.raises(Failure):
            result.decode(given_, "r")


# --- hostile MessagePack, always with a right checksum


def test_deep_nesting_is_refused(tiny_bytes: bytes) -> None:
    for opening in (b"\x91", b"\x81\xa1a", b"\x81", b"\xdc\x00\x01", b"\xdd\x00\x00\x00\x01", b"\x81\x91"):
        assert isinstance(refusal(tiny.seal(opening * 100_000)), ResultUnreadable)
    prefix = b"\x82\xa6format\x02\xa5cells"
    assert isinstance(refusal(tiny.seal(prefix + b"\x91" * 100_000)), ResultUnreadable)
    unknown = b"\x82\xa6format\x02\xa4more" + b"\x91" * 100_000 + b"\xc0"
    assert isinstance(refusal(tiny.seal(unknown)), ResultUnreadable)


@pytest.mark.parametrize(
    "header",
    [b"\xdf\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff",
     b"\xc9\xff\xff\xff\xff\x01", b"\xde\xff\xff", b"\xc1", b"\xc7\xff\x05"],
    ids=["map", "array", "text", "bytes", "extension", "map 16", "never used", "extension 8"],
)  # fmt: skip
@pytest.mark.parametrize("prefix", [b"", b"\x82\xa6format\x02\xa5cells", b"\x82\xa6format\x02\xa6device"])
def test_huge_declared_lengths_are_refused(prefix: bytes, header: bytes) -> None:
    assert isinstance(refusal(tiny.seal(prefix + header)), ResultUnreadable)
    assert isinstance(refusal(tiny.seal(prefix + header + bytes(1000))), ResultUnreadable)


def test_an_oversized_result_is_refused(tmp_path: Path, tiny_bytes: bytes) -> None:
    large = tiny.seal(tiny_bytes + bytes(limits.RESULT_BYTES))
    assert "more than" in str(refusal(large))
    path = tmp_path / "large.msgpack"
    path.write_bytes(large)
    with pytest.raises(ResultUnreadable, match="more than"):
        result.read(path)


def test_a_result_that_cannot_be_read_is_another_failure(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(CannotRead):
            result.read(path)


@pytest.mark.parametrize("number", [0, 1, 3, 127, 2**63, 2**64 - 1, -1])
def test_another_format_is_named(tiny_bytes: bytes, number: int) -> None:
    found = refusal(forged(tree(tiny_bytes) | {"format": number}))
    assert isinstance(found, ResultFormat)
    assert str(number) in str(found)


def test_another_format_is_named_whatever_else_it_holds() -> None:
    assert isinstance(refusal(forged({"format": 3, "blobs": [1.5, None], "checksum": bytes(16)})), ResultFormat)


def reordered(fields: dict[str, Any]) -> dict[str, Any]:
    return dict(reversed(fields.items()))


def test_fields_in_another_order_are_refused(tiny_bytes: bytes) -> None:
    """Another sequence of bytes would be the same result."""
    top = tree(tiny_bytes)
    names = [*list(top)[1:9], "format", "checksum"]  # the checksum stays where it belongs
    assert isinstance(refusal(forged({name: top[name] for name in names})), ResultUnreadable)
    for spot in ("device", "timings"):
        assert isinstance(refusal(forged(top | {spot: reordered(top[spot])})), ResultUnreadable)
    cells = [reordered(top["cells"][0]), *top["cells"][1:]]
    assert isinstance(refusal(forged(top | {"cells": cells})), ResultUnreadable)


@pytest.mark.parametrize("field", [b"\xa6format\x02", b"\xa7version\x01", b"\xa6engine\xa5torch"])
def test_a_field_twice_is_refused(tiny_bytes: bytes, field: bytes) -> None:
    assert tiny_bytes[0] == 0x8C
    doubled = b"\x8d" + field + tiny_bytes[1:]
    assert isinstance(refusal(resealed(doubled)), ResultUnreadable)


@pytest.mark.parametrize("spot", [b"\xa5width\x20", b"\xa5depth\x01"])
def test_an_axis_twice_is_refused(tiny_bytes: bytes, spot: bytes) -> None:
    at = tiny_bytes.index(b"\xa9condition\x83")
    doubled = tiny_bytes[:at] + b"\xa9condition\x84" + spot + tiny_bytes[at + 11 :]
    assert isinstance(refusal(resealed(doubled)), ResultUnreadable)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        (b"\xa6format\x02", b"\xa6format\xcc\x02"),
        (b"\xa6format\x02", b"\xa6format\xd0\x02"),
        (b"\xa6format\x02", b"\xa6format\xcf" + bytes(7) + b"\x02"),
        (b"\xa7version\x01", b"\xa7version\xcd\x00\x01"),
        (b"\xa6engine\xa5torch", b"\xa6engine\xd9\x05torch"),
        (b"\xa6engine\xa5torch", b"\xa6engine\xda\x00\x05torch"),
        (b"\xa6engine", b"\xd9\x06engine"),
        (b"\xa8workunit\xc4\x10", b"\xa8workunit\xc5\x00\x10"),
        (b"\xa5cells\x92", b"\xa5cells\xdc\x00\x02"),
        (b"\xa9condition\x83", b"\xa9condition\xde\x00\x03"),
        (b"\xa4seed\xcd\x03\xe8", b"\xa4seed\xce\x00\x00\x03\xe8"),
        (b"\xa3cpu\xcb" + struct.pack(">d", 1.25), b"\xa3cpu\xca" + struct.pack(">f", 1.25)),
    ],
)
def test_values_written_in_another_way_are_refused(tiny_bytes: bytes, short: bytes, long: bytes) -> None:
    assert short in tiny_bytes
    assert isinstance(refusal(resealed(tiny_bytes.replace(short, long, 1))), ResultUnreadable)


def put(*spot: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    """A change: the value at a place in the structure."""

    def change(top: dict[str, Any]) -> None:
        at: Any = top
        for step in spot[:-1]:
            at = at[step]
        at[spot[-1]] = value

    return change


def drop(*spot: Any) -> Callable[[dict[str, Any]], None]:
    def change(top: dict[str, Any]) -> None:
        at: Any = top
        for step in spot[:-1]:
            at = at[step]
        del at[spot[-1]]

    return change


def swap_cells(top: dict[str, Any]) -> None:
    top["cells"].reverse()


def repeat_cell(top: dict[str, Any]) -> None:
    top["cells"][1] = top["cells"][0]


def extra_cell(top: dict[str, Any]) -> None:
    top["cells"].append(top["cells"][1])


def reordered_metrics(top: dict[str, Any]) -> None:
    top["cells"][0]["metrics"] = reordered(top["cells"][0]["metrics"])


def reordered_condition(top: dict[str, Any]) -> None:
    top["cells"][0]["condition"] = reordered(top["cells"][0]["condition"])


def floats(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


CELL: tuple[Any, ...] = ("cells", 0)
GAP = (*CELL, "metrics", "gap")
N = COMPGEN.measurements
WRONG: dict[str, tuple[Callable[[dict[str, Any]], None], type[Failure]]] = {
    # refused without the work unit
    "format true": (put("format", value=True), ResultUnreadable),
    "format 1.0": (put("format", value=1.0), ResultUnreadable),
    "format as text": (put("format", value="1"), ResultUnreadable),
    "unknown field": (put("cells", 0, "note", value="x"), ResultUnreadable),
    "no digests": (drop(*CELL, "digests"), ResultUnreadable),
    "seed true": (put(*CELL, "seed", value=True), ResultUnreadable),
    "seed 1000.0": (put(*CELL, "seed", value=1000.0), ResultUnreadable),
    "seed as text": (put(*CELL, "seed", value="1000"), ResultUnreadable),
    "seed -1": (put(*CELL, "seed", value=-1), ResultUnreadable),
    "seed null": (put(*CELL, "seed", value=None), ResultUnreadable),
    "no cells": (put("cells", value=[]), ResultUnreadable),
    "cells a map": (put("cells", value={}), ResultUnreadable),
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
    "a short digest": (put(*CELL, "digests", 0, value=bytes(15)), ResultUnreadable),
    "a long digest": (put(*CELL, "digests", 0, value=bytes(17)), ResultUnreadable),
    "a digest as text": (put(*CELL, "digests", 0, value="x" * 16), ResultUnreadable),
    "work unit as text": (put("workunit", value="0" * 16), ResultUnreadable),
    "float64 metric": (put(*GAP, "dtype", value="<f8"), ResultUnreadable),
    "object metric": (put(*GAP, "dtype", value="|O"), ResultUnreadable),
    "a shape of no axes": (put(*GAP, "shape", value=[]), ResultUnreadable),
    "a shape of three axes": (put(*GAP, "shape", value=[N, 1, 1]), ResultUnreadable),
    "shape -1": (put(*GAP, "shape", value=[-1]), ResultUnreadable),
    "shape 0": (put(*GAP, "shape", value=[0]), ResultUnreadable),
    "shape of a billion": (put(*GAP, "shape", value=[10**9]), ResultUnreadable),
    "shape a float": (put(*GAP, "shape", value=[float(N)]), ResultUnreadable),
    "data as text": (put(*GAP, "data", value="x" * 48), ResultUnreadable),
    "data as numbers": (put(*GAP, "data", value=[0.5] * N), ResultUnreadable),
    "a condition's value a list": (put(*CELL, "condition", "width", value=[32]), ResultUnreadable),
    "a condition's value true": (put(*CELL, "condition", "depth", value=True), ResultUnreadable),
    # refused beside the work unit
    "another experiment": (put("experiment", value="hegemony"), ResultMismatch),
    "another version": (put("version", value=2), ResultMismatch),
    "another work unit": (put("workunit", value=bytes(16)), ResultMismatch),
    "a cell missing": (drop("cells", 1), ResultMismatch),
    "a cell too many": (extra_cell, ResultMismatch),
    "a cell twice": (repeat_cell, ResultMismatch),
    "cells swapped": (swap_cells, ResultMismatch),
    "another seed": (put(*CELL, "seed", value=999), ResultMismatch),
    "seed 2**64 - 1": (put(*CELL, "seed", value=2**64 - 1), ResultMismatch),
    "another width": (put(*CELL, "condition", "width", value=64), ResultMismatch),
    "width 32.0": (put(*CELL, "condition", "width", value=32.0), ResultMismatch),
    "width as text": (put(*CELL, "condition", "width", value="32"), ResultMismatch),
    "learning rate NaN": (put(*CELL, "condition", "learning_rate", value=float("nan")), ResultMismatch),
    "an axis missing": (drop(*CELL, "condition", "depth"), ResultUnreadable),
    "an axis too many": (put(*CELL, "condition", "noise", value=1), ResultUnreadable),
    "axes in another order": (reordered_condition, ResultUnreadable),
    "a metric missing": (drop(*GAP), ResultUnreadable),
    "no metrics": (put(*CELL, "metrics", value={}), ResultUnreadable),
    "an unknown metric": (
        put(*CELL, "metrics", "more", value={"dtype": "<f4", "shape": [1], "data": bytes(4)}), ResultUnreadable,
    ),
    "metrics in another order": (reordered_metrics, ResultUnreadable),
    "a digest missing": (drop(*CELL, "digests", 0), ResultUnreadable),
    "a digest too many": (put(*CELL, "digests", value=[bytes(16)] * (N + 1)), ResultUnreadable),
    "no digests at all": (put(*CELL, "digests", value=[]), ResultUnreadable),
    "another shape": (put(*GAP, "shape", value=[N - 1]), ResultUnreadable),
    "two axes": (put(*GAP, "shape", value=[N, 1]), ResultUnreadable),
    "shape without its bytes": (put(*GAP, "data", value=floats(0.5)), ResultUnreadable),
    "no bytes": (put(*GAP, "data", value=b""), ResultUnreadable),
    "one byte missing": (put(*GAP, "data", value=bytes(4 * N - 1)), ResultUnreadable),
    # refused for its values
    "loss NaN": (put(*CELL, "metrics", "train_loss", "data", value=floats(*[float("nan")] * N)), Inconsistent),
    "one loss NaN": (
        put(*CELL, "metrics", "train_loss", "data", value=floats(*[0.5] * (N - 1), float("nan"))), Inconsistent,
    ),
    "loss infinite": (put(*CELL, "metrics", "train_loss", "data", value=floats(*[float("inf")] * N)), Inconsistent),
    "loss negative": (put(*CELL, "metrics", "train_loss", "data", value=floats(*[-1e-6] * N)), Inconsistent),
    "accuracy above 1": (put(*CELL, "metrics", "id_accuracy", "data", value=floats(*[1.001] * N)), Inconsistent),
    "accuracy no count": (put(*CELL, "metrics", "train_accuracy", "data", value=floats(*[0.50025] * N)), Inconsistent),
    "rank above the inputs": (put(*CELL, "metrics", "effective_rank", "data", value=floats(*[20.5] * N)), Inconsistent),
    "rank negative": (put(*CELL, "metrics", "effective_rank", "data", value=floats(*[-1.0] * N)), Inconsistent),
    "a gap that does not follow": (put(*GAP, "data", value=floats(*[0.5] * N)), Inconsistent),
    "accuracies swapped for others": (
        put(*CELL, "metrics", "ood_accuracy", "data", value=floats(*[0.5] * N)), Inconsistent,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "kind"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_result_with_a_right_checksum_is_refused(
    tiny_bytes: bytes, change: Callable[[dict[str, Any]], None], kind: type[Failure]
) -> None:
    top = copy.deepcopy(tree(tiny_bytes))
    change(top)
    found = refusal(forged(top))
    assert type(found) is kind, found
    assert len(str(found)) < 600


def test_fewer_measurements_in_every_cell_are_refused(tiny_bytes: bytes) -> None:
    """A file that agrees with itself, of an experiment that ended early."""
    top = tree(tiny_bytes)
    for cell in top["cells"]:
        cell["digests"].pop()
        for array in cell["metrics"].values():
            array |= {"shape": [N - 1], "data": array["data"][:-4]}
    assert type(refusal(forged(top))) is ResultUnreadable, "its clock says more"
    top["clock"]["ticks"].pop()
    found = refusal(forged(top))
    assert type(found) is ResultMismatch
    assert f"{N - 1} digests a cell" in str(found)


def test_another_clock_is_refused(tiny_bytes: bytes) -> None:
    for clock in ({"unit": "sample"}, {"ticks": list(range(N))}):
        top = tree(tiny_bytes)
        top["clock"] |= clock
        found = refusal(forged(top))
        assert type(found) is ResultMismatch
        assert "not measured when compgen is" in str(found)


@pytest.mark.parametrize(("engine", "agreement"), [("torch", "exact"), ("c", "near")])
def test_an_agreement_that_the_engine_does_not_have_is_refused(tiny_bytes: bytes, engine: str, agreement: str) -> None:
    found = refusal(forged(tree(tiny_bytes) | {"engine": engine, "agreement": agreement}))
    assert type(found) is ResultUnreadable
    assert f"engine {engine} are not {agreement}" in str(found)


def test_the_sentence_is_short_however_many_axes_a_cell_names(tiny_bytes: bytes) -> None:
    top = tree(tiny_bytes)
    for cell in top["cells"]:
        cell["condition"] = {f"axis-{number}".ljust(64, "x"): "v" * 64 for number in range(limits.GRID_VALUES)}
    found = refusal(forged(top))
    assert type(found) is ResultMismatch
    assert len(str(found)) < 600


def test_invented_numbers_that_fit_together_pass_this_check(tiny_bytes: bytes) -> None:
    """Recomputation is what finds them: were they refused here, the tests above would prove nothing."""
    top = tree(tiny_bytes)
    metrics = top["cells"][0]["metrics"]
    for name, value in (("id_accuracy", 0.75), ("ood_accuracy", 0.25), ("gap", 0.5), ("train_loss", 0.25)):
        metrics[name]["data"] = floats(*[value] * N)
    result.check(result.decode(forged(top), "r"), UNIT, "r")


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
def test_changed_structures_raise_nothing_but_failures(tiny_bytes: bytes, data: st.DataObject) -> None:
    top = tree(tiny_bytes)
    for _ in range(data.draw(st.integers(1, 3))):
        candidates = [spot for spot in spots(top) if spot and spot != ("checksum",)]
        spot = data.draw(st.sampled_from(candidates))
        (drop(*spot) if data.draw(st.booleans()) else put(*spot, value=data.draw(VALUES)))(top)
    changed = forged(top)
    try:
        found = result.decode(changed, "r")
        assert result.encode(found) == changed
        result.check(found, UNIT, "r")
    except Failure as failure:
        assert "\n" not in str(failure)  # noqa: PT017


@settings(max_examples=200)
@given(value=VALUES)
def test_arbitrary_structures_are_refused(value: Any) -> None:
    for structure in (value, {"format": 1, "cells": value}, {"format": value}):
        with pytest.raises(Failure):
            result.decode(tiny.seal(msgpack.packb(structure)), "r")


@settings(max_examples=200)
@given(data=st.data())
def test_pieces_of_two_results_sealed_again_raise_nothing_but_failures(tiny_bytes: bytes, data: st.DataObject) -> None:
    body = tiny_bytes[:-16]
    start, end, at = (data.draw(st.integers(0, len(body))) for _ in range(3))
    spliced = body[:at] + body[min(start, end) : max(start, end)] + body[at:]
    if spliced != body:
        with pytest.raises(Failure):
            result.decode(tiny.seal(spliced), "r")
