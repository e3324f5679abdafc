"""The result, result.msgpack: what a work unit's cells computed to, in one canonical sequence of bytes.

A file is a MessagePack map whose fields come in one order, and whose last 16 bytes are the BLAKE2b digest of all bytes
before them. Exactly one sequence of bytes decodes to a given result; everything else is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
import numpy as np
from msgspec import Meta

from kernels import atomic, limits, workunit
from kernels.engine.seam import F32, EngineClass
from kernels.errors import Inconsistent, ResultFormat, ResultMismatch, ResultUnreadable, one_line
from kernels.experiment import CellResult, Experiment
from kernels.experiments import EXPERIMENTS

FORMAT: Final = 1
DIGEST_BYTES = 16

Digest = Annotated[bytes, Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]
Name = Annotated[str, Meta(pattern=rf"\A[ -~]{{1,{limits.NAME_BYTES}}}\Z")]  # printable ASCII: it reaches terminals
Short = Annotated[str, Meta(pattern=rf"\A[a-z0-9_.+-]{{1,{limits.NAME_BYTES}}}\Z")]
Seconds = Annotated[float, Meta(ge=0, le=1e9)]


class Array(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers: little-endian float32 bytes in C order, and their shape."""

    dtype: Literal["<f4"]
    shape: Annotated[list[Annotated[int, Meta(ge=1, le=limits.MEASUREMENTS)]], Meta(min_length=1, max_length=1)]
    data: Annotated[bytes, Meta(max_length=limits.METRIC_BYTES)]


class CellRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One cell: which, its metrics [measurements], and a digest of its exact state at each measurement."""

    seed: Annotated[int, Meta(ge=0)]
    condition: Annotated[dict[Short, int | float | Short], Meta(max_length=limits.GRID_VALUES)]
    metrics: Annotated[dict[Short, Array], Meta(max_length=limits.GRID_VALUES)]
    digests: Annotated[list[Digest], Meta(max_length=limits.MEASUREMENTS)]


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What computed it. Nothing here names the volunteer or the host."""

    kind: Literal["cpu", "cuda"]
    name: Name  # of the processor or accelerator
    platform: Short
    threads: Annotated[int, Meta(ge=1, le=4096)]


class Timings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds over all runs of the task, suspensions left out."""

    computing: Seconds  # elapsed
    cpu: Seconds  # of all threads


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole result file."""

    format: Literal[1]
    experiment: Short
    version: Annotated[int, Meta(ge=1)]
    workunit: Digest
    app_version: Short
    engine: EngineClass
    device: Device
    timings: Timings
    cells: Annotated[list[CellRecord], Meta(min_length=1, max_length=limits.CELLS)]
    checksum: Digest


def build(
    unit: workunit.WorkUnit,
    cells: Sequence[CellResult],
    app_version: str,
    engine: EngineClass,
    device: Device,
    timings: Timings,
) -> Result:
    """The result of a work unit, its cells in the work unit's order."""
    by_cell = {_identity(r.cell.seed, r.cell.condition): r for r in cells}
    ordered = [by_cell[_identity(cell.seed, cell.condition)] for cell in workunit.cells(unit)]
    return Result(
        FORMAT,
        unit.experiment,
        unit.version,
        workunit.digest(unit),
        app_version,
        engine,
        device,
        timings,
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
        head = msgspec.msgpack.decode(data, type=_Head)
        if head.format != FORMAT:
            raise ResultFormat(name, head.format, FORMAT)
        result = msgspec.msgpack.decode(data, type=Result)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ResultUnreadable(name, one_line(error) or type(error).__name__) from error
    if msgspec.msgpack.encode(result) != data:
        raise ResultUnreadable(name, "its bytes are not the canonical ones")
    _check_shapes(result, name)
    return result


def _check_shapes(result: Result, name: str) -> None:
    """Every cell has the axes, metrics and measurements of the first: a value of each metric for each digest."""
    first = result.cells[0]
    measurements = len(first.digests)
    for number, cell in enumerate(result.cells):
        if list(cell.condition) != list(first.condition) or list(cell.metrics) != list(first.metrics):
            raise ResultUnreadable(name, f"cell {number} has other axes or metrics than the first")
        if len(cell.digests) != measurements:
            raise ResultUnreadable(name, f"cell {number} has {len(cell.digests)} digests, the first {measurements}")
        for metric, array in cell.metrics.items():
            if array.shape != [measurements] or len(array.data) != 4 * measurements:
                raise ResultUnreadable(name, f"cell {number} metric {metric} does not have a value per measurement")


def check(result: Result, unit: workunit.WorkUnit, name: str) -> None:
    """ResultMismatch or Inconsistent unless the result answers the work unit with possible values."""
    experiment = EXPERIMENTS[unit.experiment]
    wanted = workunit.cells(unit)
    if (result.experiment, result.version, result.workunit) != (unit.experiment, unit.version, workunit.digest(unit)):
        raise ResultMismatch(name, "it names another work unit")
    if len(result.cells) != len(wanted):
        raise ResultMismatch(name, f"it has {len(result.cells)} cells instead of {len(wanted)}")
    for record, cell in zip(result.cells, wanted, strict=True):
        # Types count as well: 1 and 1.0 and True are equal but not the same bytes.
        if _identity(record.seed, record.condition) != _identity(cell.seed, cell.condition):
            raise ResultMismatch(name, f"it has cell {record.seed} {record.condition} in the place of {cell}")
        _check_cell(experiment, record, name)


def _check_cell(experiment: Experiment, record: CellRecord, name: str) -> None:
    where = f"cell {record.seed} {record.condition}"
    if list(record.metrics) != list(experiment.metrics):
        raise ResultMismatch(name, f"{where} does not have exactly the metrics of {experiment.name}")
    if len(record.digests) != experiment.measurements:
        raise ResultMismatch(
            name, f"{where} has {len(record.digests)} digests for {experiment.measurements} measurements"
        )
    values = {}
    for key, metric in experiment.metrics.items():
        array = record.metrics[key]
        if array.shape != [experiment.measurements] or len(array.data) != 4 * experiment.measurements:
            raise ResultMismatch(name, f"{where} metric {key} has shape {array.shape}")
        values[key] = unpack(array)
        if not np.all((values[key] >= metric.low) & (values[key] <= metric.high)):  # refuses NaN as well
            raise Inconsistent(name, f"{where} metric {key} is not in {metric.low}..{metric.high}")
    wrong = experiment.contradiction(values)
    if wrong:
        raise Inconsistent(name, f"{where}: {wrong}")


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
