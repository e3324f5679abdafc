"""The result, result.msgpack: what a work unit's cells computed to, in one canonical sequence of bytes.

A file is a MessagePack map whose fields come in one order, and whose last 16 bytes are the BLAKE2b digest of all bytes
before them. Exactly one sequence of bytes decodes to a given result; everything else is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
import numpy as np
from msgspec import Meta

from kernels import limits
from kernels.arrays import F32
from kernels.cells import Cell, CellResult, Condition
from kernels.engine.contract import AGREEMENT, Agreement, EngineName
from kernels.engine.devices import DeviceKind
from kernels.errors import Inconsistent, ResultFormat, ResultMismatch, ResultUnreadable
from kernels.experiment import Experiment
from kernels.formats import atomic
from kernels.formats.workunit import WorkUnit
from kernels.text import one_line

FORMAT: Final = 2
DIGEST_BYTES = 16

Digest = Annotated[bytes, Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]
Name = Annotated[str, Meta(pattern=rf"\A[ -~]{{1,{limits.NAME_BYTES}}}\Z")]  # printable ASCII: it reaches terminals
_SHORT = rf"\A[a-z0-9_.+-]{{1,{limits.NAME_BYTES}}}\Z"
Short = Annotated[str, Meta(pattern=_SHORT)]
# Of every cell: a pattern here would take most of the time of decoding, so `_check_shapes` looks at each word once.
Word = Annotated[str, Meta(max_length=limits.NAME_BYTES)]
Seconds = Annotated[float, Meta(ge=0, le=1e9)]


class Array(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Numbers: little-endian float32 bytes in C order, and their shape."""

    dtype: Literal["<f4"]
    shape: Annotated[list[Annotated[int, Meta(ge=1, le=limits.MEASUREMENTS)]], Meta(min_length=1, max_length=1)]
    data: Annotated[bytes, Meta(max_length=limits.METRIC_BYTES)]


class CellRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One cell: which, its metrics [measurements], and a digest of its exact state at each measurement."""

    seed: Annotated[int, Meta(ge=0)]
    condition: Annotated[dict[Word, int | float | Word], Meta(max_length=limits.GRID_VALUES)]
    metrics: Annotated[dict[Word, Array], Meta(max_length=limits.GRID_VALUES)]
    digests: Annotated[list[Digest], Meta(max_length=limits.MEASUREMENTS)]


class DeviceFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What computed it. Nothing here names the volunteer or the host."""

    kind: DeviceKind
    name: Name  # of the processor or accelerator
    platform: Short
    threads: Annotated[int, Meta(ge=1, le=4096)]


class ClockRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When cells were measured: the ticks of the experiment's clock, and their unit."""

    unit: Short
    ticks: Annotated[list[Annotated[int, Meta(ge=0)]], Meta(min_length=1, max_length=limits.MEASUREMENTS)]


class Timings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds over all runs of the task, suspensions left out."""

    computing: Seconds  # elapsed
    cpu: Seconds  # of all threads


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole result file."""

    format: Literal[2]
    experiment: Short
    version: Annotated[int, Meta(ge=1)]
    workunit: Digest
    app_version: Short
    engine: EngineName
    agreement: Agreement
    device: DeviceFacts
    timings: Timings
    clock: ClockRecord
    cells: Annotated[list[CellRecord], Meta(min_length=1, max_length=limits.CELLS)]
    checksum: Digest


def build(
    unit: WorkUnit,
    cells: Sequence[CellResult],
    app_version: str,
    engine: EngineName,
    device: DeviceFacts,
    timings: Timings,
) -> Result:
    """The result of a work unit, its cells in the work unit's order."""
    by_cell = {_identity(r.cell.seed, r.cell.condition): r for r in cells}
    ordered = [by_cell[_identity(cell.seed, cell.condition)] for cell in unit.cells]
    clock = unit.experiment.clock
    return Result(
        FORMAT,
        unit.experiment.name,
        unit.experiment.version,
        unit.digest,
        app_version,
        engine,
        AGREEMENT[engine],
        device,
        timings,
        ClockRecord(clock.unit, list(clock.ticks)),
        [
            CellRecord(r.cell.seed, r.cell.condition, {n: pack(m) for n, m in r.metrics.items()}, list(r.digests))
            for r in ordered
        ],
        bytes(DIGEST_BYTES),
    )


def encode(result: Result) -> bytes:
    """The result's bytes; its checksum is filled in."""
    body = msgspec.msgpack.encode(result)[:-DIGEST_BYTES]
    return body + hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest()


def read(path: Path) -> Result:
    """The result in a file; one of the errors of `decode`, or CannotRead."""
    return decode(atomic.read(path, limits.RESULT_BYTES), str(path))


def decode(data: bytes, name: str) -> Result:
    """The result in `data`, checked as far as it can be without its work unit; `name` is used in errors."""
    if len(data) > limits.RESULT_BYTES:
        raise ResultUnreadable(name, f"it has more than {limits.RESULT_BYTES} bytes")
    body, checksum = data[:-DIGEST_BYTES], data[-DIGEST_BYTES:]
    if hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest() != checksum:
        raise ResultUnreadable(name, "its checksum does not fit, so it was cut off or damaged, or is something else")
    try:
        result = msgspec.msgpack.decode(data, type=Result)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        other = _format(data)
        if other != FORMAT:
            raise ResultFormat(name, other, FORMAT) from error
        raise ResultUnreadable(name, one_line(error) or type(error).__name__) from error
    if msgspec.msgpack.encode(result) != data:
        raise ResultUnreadable(name, "its bytes are not the canonical ones")
    if AGREEMENT[result.engine] != result.agreement:
        raise ResultUnreadable(name, f"results of the engine {result.engine} are not {result.agreement}")
    _check_shapes(result, name)
    return result


def _format(data: bytes) -> int:
    """The format that data which is no result of this one claims to have; FORMAT if it says nothing else."""
    try:
        return msgspec.msgpack.decode(data, type=_Head).format
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return FORMAT


def _check_shapes(result: Result, name: str) -> None:
    """Every cell has the axes, metrics and measurements of the first: a value of each metric for each digest."""
    cells, first = result.cells, result.cells[0]
    measurements = len(first.digests)
    arrays = [array for cell in cells for array in cell.metrics.values()]
    # Counting equal things keeps to fast paths: this looks at thousands of cells within a millisecond.
    if len(result.clock.ticks) != measurements:
        raise ResultUnreadable(
            name, f"it has {measurements} digests a cell, but {len(result.clock.ticks)} measurements"
        )
    same: tuple[tuple[Sequence[object], object, str], ...] = (
        ([list(cell.condition) for cell in cells], list(first.condition), "axes"),
        ([list(cell.metrics) for cell in cells], list(first.metrics), "metrics"),
        ([len(cell.digests) for cell in cells], measurements, "digests"),
        ([array.shape for array in arrays], [measurements], "measurements of a metric"),
        ([len(array.data) for array in arrays], 4 * measurements, "bytes of a metric"),
    )
    for found, wanted, what in same:
        if found.count(wanted) != len(found):
            at = next(at for at, one in enumerate(found) if one != wanted) * len(cells) // len(found)
            raise ResultUnreadable(name, f"cell {at} has other {what} than the first, which has {measurements} digests")
    values = {value for cell in cells for value in cell.condition.values() if isinstance(value, str)}
    for word in sorted({*first.condition, *first.metrics, *values}):
        if not re.search(_SHORT, word):
            raise ResultUnreadable(name, f"{one_line(word)!r} is no name of an axis, a value or a metric")


def check(result: Result, unit: WorkUnit, name: str) -> None:
    """ResultMismatch or Inconsistent unless the result answers the work unit with possible values."""
    experiment, wanted = unit.experiment, unit.cells
    if (result.experiment, result.version, result.workunit) != (experiment.name, experiment.version, unit.digest):
        raise ResultMismatch(name, "it names another work unit")
    if len(result.cells) != len(wanted):
        raise ResultMismatch(name, f"it has {len(result.cells)} cells instead of {len(wanted)}")
    # As bytes, types count as well: 1 and 1.0 are equal but not the same.
    if _identities(result.cells) != _identities(wanted):
        for record, cell in zip(result.cells, wanted, strict=True):
            if _identities([record]) != _identities([cell]):
                raise ResultMismatch(name, f"it has {_where(record)} in the place of {cell}")
    first = result.cells[0]  # all others are like it: see `_check_shapes`
    if list(first.metrics) != list(experiment.metrics):
        raise ResultMismatch(name, f"it does not have exactly the metrics of {experiment.name}")
    if len(first.digests) != experiment.measurements:
        raise ResultMismatch(
            name, f"it has {len(first.digests)} digests a cell for {experiment.measurements} measurements"
        )
    if (result.clock.unit, tuple(result.clock.ticks)) != (experiment.clock.unit, experiment.clock.ticks):
        raise ResultMismatch(name, f"it was not measured when {experiment.name} is")
    _check_values(result, experiment, [cell.condition for cell in wanted], name)


def _check_values(result: Result, experiment: Experiment, conditions: Sequence[Condition], name: str) -> None:
    values = stacked(result)
    for key, metric in experiment.metrics.items():
        good = ((values[key] >= metric.low) & (values[key] <= metric.high)).all(1)  # refuses NaN as well
        if not good.all():
            where = _where(result.cells[int(np.argmin(good))])
            raise Inconsistent(name, f"{where} metric {key} is not in {metric.low}..{metric.high}")
    if wrong := experiment.contradiction(values, conditions):
        for number, record in enumerate(result.cells):  # which cell it is
            one = {key: curves[[number]] for key, curves in values.items()}
            if its := experiment.contradiction(one, [conditions[number]]):
                raise Inconsistent(name, f"{_where(record)}: {its}")
        raise Inconsistent(name, wrong)


def _where(record: CellRecord) -> str:
    return f"cell {record.seed} {one_line(record.condition)}"  # axes and words may be many, and are a stranger's


def _identities(cells: Sequence[CellRecord] | Sequence[Cell]) -> bytes:
    return msgspec.msgpack.encode([(cell.seed, cell.condition) for cell in cells])


def stacked(result: Result) -> dict[str, F32]:
    """Every metric [cells, measurements] of a decoded result."""
    cells = result.cells
    shape = len(cells), len(cells[0].digests)
    return {
        name: np.frombuffer(b"".join([cell.metrics[name].data for cell in cells]), dtype="<f4").reshape(shape)
        for name in cells[0].metrics
    }


def pack(values: F32) -> Array:
    """The array as a record."""
    array = np.ascontiguousarray(values, dtype="<f4")
    return Array("<f4", list(array.shape), array.tobytes())


def unpack(array: Array) -> F32:
    """The record as an array; ValueError if its shape and bytes disagree."""
    return np.frombuffer(array.data, dtype=array.dtype).reshape(array.shape)


class _Head(msgspec.Struct):
    """Just enough to tell another format from a damaged file."""

    format: int


def _identity(seed: int, condition: Mapping[str, int | float | str]) -> tuple[object, ...]:
    return (seed, *((axis, type(value), value) for axis, value in condition.items()))
