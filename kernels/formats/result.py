"""The result, result.msgpack: what a work unit's cells computed to, in one canonical sequence of bytes.

The content is a header, a MessagePack map whose fields come in one order, then columns over all cells, then a digest of
each cell; its last 16 bytes are the BLAKE2b digest of all before them. Exactly one content is a given result; all
else is refused. The file is the content deflated. In which of many ways that was done says nothing: results are told
apart by their contents' checksums.
"""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from kernels import limits
from kernels.arrays import F32
from kernels.cells import Value, combinations
from kernels.engine.contract import AGREEMENT, Agreement, EngineName
from kernels.engine.devices import DeviceKind
from kernels.errors import Inconsistent, ResultFormat, ResultMismatch, ResultUnreadable
from kernels.experiment import Experiment
from kernels.formats import atomic, columns
from kernels.formats.columns import Column, Kind
from kernels.formats.workunit import WorkUnit
from kernels.programs.record import DIGEST_BYTES
from kernels.text import one_line

FORMAT: Final = 3
CHECKSUM_BYTES = 16
CELL_DIGEST_BYTES = 8
_LENGTH_BYTES = 4  # of the header's length, before it
_COAT_BYTES = 64  # and a thousandth that a file may be longer than its content: stored blocks have heads

Digests = NDArray[np.uint8]
"""Of cells [cells, 8]."""
Checksum = Annotated[bytes, Meta(min_length=CHECKSUM_BYTES, max_length=CHECKSUM_BYTES)]
Name = Annotated[str, Meta(pattern=rf"\A[ -~]{{1,{limits.NAME_BYTES}}}\Z")]  # printable ASCII: it reaches terminals
Short = Annotated[str, Meta(pattern=rf"\A[a-z0-9_.+-]{{1,{limits.NAME_BYTES}}}\Z")]
Seconds = Annotated[float, Meta(ge=0, le=1e9)]


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


class SeedsRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The work unit's seeds."""

    first: Annotated[int, Meta(ge=0)]
    count: Annotated[int, Meta(ge=1, le=limits.CELLS)]


_Values = Annotated[list[int | float | Short], Meta(min_length=1, max_length=limits.GRID_VALUES)]


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a result says besides its numbers."""

    format: Literal[3]
    experiment: Short
    version: Annotated[int, Meta(ge=1)]
    workunit: Checksum  # the work unit's digest
    seeds: SeedsRecord
    axes: Annotated[dict[Short, _Values], Meta(max_length=limits.GRID_VALUES)]  # the grid written in full
    app_version: Short
    engine: EngineName
    agreement: Agreement
    device: DeviceFacts
    timings: Timings
    clock: ClockRecord
    columns: Annotated[dict[Short, Kind], Meta(max_length=limits.GRID_VALUES)]  # metric -> its numbers

    @property
    def conditions(self) -> int:
        """How many there are: every combination of the axes' values."""
        return math.prod(len(values) for values in self.axes.values())

    @property
    def cells(self) -> int:
        """How many there are: for each condition in turn all seeds."""
        return self.seeds.count * self.conditions


@dataclass(frozen=True, eq=False)
class Result:
    """A whole result. Cells are rows, in the work unit's order."""

    header: Header
    columns: Mapping[str, Column]  # metric -> [cells, measurements]: values, or counts of samples
    digests: Digests

    @cached_property
    def content(self) -> bytes:
        """The canonical bytes, before they are deflated."""
        header = msgspec.msgpack.encode(self.header)
        numbers = [columns.to_bytes(column) for column in self.columns.values()]
        body = b"".join([len(header).to_bytes(_LENGTH_BYTES, "little"), header, *numbers, self.digests.tobytes()])
        return body + hashlib.blake2b(body, digest_size=CHECKSUM_BYTES).digest()

    @property
    def checksum(self) -> bytes:
        """The digest that tells results apart."""
        return self.content[-CHECKSUM_BYTES:]

    def values(self, experiment: Experiment) -> dict[str, F32]:
        """Every metric [cells, measurements] of a result of this experiment, those that follow from others too."""
        conditions, seeds = combinations(self.header.axes), self.header.seeds.count
        measured = {
            name: columns.to_values(self.columns[name], metric, conditions, seeds)
            for name, metric in columns.recorded(experiment.metrics).items()
        }
        of_cells = [condition for condition in conditions for _ in range(seeds)]
        for name, metric in experiment.metrics.items():
            if metric.formula:
                measured[name] = metric.formula.compute(measured, of_cells)
        return {name: measured[name] for name in experiment.metrics}


def assemble(
    unit: WorkUnit,
    values: Mapping[str, F32],
    states: Sequence[bytes],
    app_version: str,
    engine: EngineName,
    device: DeviceFacts,
    timings: Timings,
) -> Result:
    """The result of a work unit from what is recorded of its cells, in its order.

    Of every metric that follows from no others values [cells, measurements], and of every cell the digests of its
    states at each measurement, one after the other.
    """
    metrics = columns.recorded(unit.experiment.metrics)
    numbers = {
        name: columns.from_values(values[name], metric, unit.conditions, unit.seeds.count)
        for name, metric in metrics.items()
    }
    told = b"".join(digest_of(of_cell, AGREEMENT[engine]) for of_cell in states)
    digests = np.frombuffer(told, dtype=np.uint8).reshape(len(states), CELL_DIGEST_BYTES)
    return Result(_header_of(unit, app_version, engine, device, timings), numbers, digests)


def _header_of(unit: WorkUnit, app_version: str, engine: EngineName, device: DeviceFacts, timings: Timings) -> Header:
    experiment, clock = unit.experiment, unit.experiment.clock
    metrics = columns.recorded(experiment.metrics)
    return Header(
        FORMAT,
        experiment.name,
        experiment.version,
        unit.digest,
        SeedsRecord(unit.seeds.first, unit.seeds.count),
        unit.axes,
        app_version,
        engine,
        AGREEMENT[engine],
        device,
        timings,
        ClockRecord(clock.unit, list(clock.ticks)),
        {name: columns.kind(metric, unit.conditions) for name, metric in metrics.items()},
    )


def size(unit: WorkUnit) -> int:
    """Bytes of the content of a work unit's result, whatever its values: its file is smaller."""
    device = DeviceFacts("cpu", "x" * limits.NAME_BYTES, "windows-x86_64", 1)
    header = _header_of(unit, "0.0.0", "torch", device, Timings(0.0, 0.0))
    cells, measurements = header.cells, len(header.clock.ticks)
    numbers = cells * (measurements * sum(map(columns.width, header.columns.values())) + CELL_DIGEST_BYTES)
    return _LENGTH_BYTES + len(msgspec.msgpack.encode(header)) + numbers + CHECKSUM_BYTES


def digest_of(states: bytes, agreement: Agreement) -> bytes:
    """A cell's digest, from those of its states at each measurement, one after the other.

    Of a near result from the first alone, that of the state before training: later ones differ from host to host.
    """
    told = states if agreement == "exact" else states[:DIGEST_BYTES]
    return hashlib.blake2b(told, digest_size=CELL_DIGEST_BYTES).digest()


def encode(result: Result) -> bytes:
    """The result's file."""
    return zlib.compress(result.content)


def read(path: Path) -> Result:
    """The result in a file; one of the errors of `decode`, or CannotRead."""
    return decode(atomic.read(path, limits.RESULT_BYTES), str(path))


def decode(data: bytes, name: str) -> Result:
    """The result in a file's bytes, checked as far as it can be without its work unit; `name` is used in errors."""
    content = _whole(data, name)
    body = memoryview(content)[:-CHECKSUM_BYTES]
    length = int.from_bytes(body[:_LENGTH_BYTES], "little")
    end = _LENGTH_BYTES + length
    if length > limits.HEADER_BYTES or end > len(body):
        raise ResultUnreadable(name, f"it has no header of {length} bytes, or that is too long")
    return _numbers(_header(bytes(body[_LENGTH_BYTES:end]), name), body[end:], content, name)


def checksum_of(data: bytes, name: str) -> bytes:
    """The checksum of a file whose content is whole, whatever it is. ResultUnreadable."""
    return _whole(data, name)[-CHECKSUM_BYTES:]


def _whole(data: bytes, name: str) -> bytes:
    """The content of a file, with the checksum that it ends in. ResultUnreadable."""
    if len(data) > limits.RESULT_BYTES:
        raise ResultUnreadable(name, f"it has more than {limits.RESULT_BYTES} bytes")
    content = _inflated(data, name)
    body = memoryview(content)[:-CHECKSUM_BYTES]
    if hashlib.blake2b(body, digest_size=CHECKSUM_BYTES).digest() != content[-CHECKSUM_BYTES:]:
        raise ResultUnreadable(name, "its checksum does not fit, so it was cut off or damaged, or is something else")
    return content


def _inflated(data: bytes, name: str) -> bytes:
    """The content of a file; no more of it is unpacked than a result may have."""
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(data, limits.CONTENT_BYTES + 1)
    except zlib.error as error:
        raise ResultUnreadable(name, "it was cut off or damaged, or is something else: nothing deflated") from error
    if len(content) > limits.CONTENT_BYTES:
        raise ResultUnreadable(name, f"it is deflated from more than {limits.CONTENT_BYTES} bytes")
    if not inflater.eof:
        raise ResultUnreadable(name, "it was cut off: what is deflated has no end")
    if inflater.unused_data:
        raise ResultUnreadable(name, "something follows its end")
    if len(data) > len(content) + len(content) // 1000 + _COAT_BYTES:
        raise ResultUnreadable(name, "it is longer than what it is deflated from")  # it would fill the archive
    return content


def _header(data: bytes, name: str) -> Header:
    try:
        header = msgspec.msgpack.decode(data, type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        other = _format(data)
        if other != FORMAT:
            raise ResultFormat(name, other, FORMAT) from error
        raise ResultUnreadable(name, one_line(error) or type(error).__name__) from error
    if msgspec.msgpack.encode(header) != data:
        raise ResultUnreadable(name, "its header's bytes are not the canonical ones")
    if AGREEMENT[header.engine] != header.agreement:
        raise ResultUnreadable(name, f"results of the engine {header.engine} are not {header.agreement}")
    if header.cells > limits.CELLS:
        raise ResultUnreadable(name, f"it has {header.cells} cells, but results have at most {limits.CELLS}")
    return header


def _numbers(header: Header, numbers: memoryview, content: bytes, name: str) -> Result:
    """The result whose columns and digests these bytes are."""
    cells, measurements = header.cells, len(header.clock.ticks)
    sizes = {metric: columns.width(of) * cells * measurements for metric, of in header.columns.items()}
    wanted = sum(sizes.values()) + cells * CELL_DIGEST_BYTES
    if len(numbers) != wanted:
        raise ResultUnreadable(name, f"its columns have {len(numbers)} bytes instead of {wanted}")
    found: dict[str, Column] = {}
    at = 0
    for metric, size in sizes.items():
        found[metric] = columns.from_bytes(numbers[at : at + size], header.columns[metric], cells, measurements)
        at += size
    digests = np.frombuffer(numbers[at:], dtype=np.uint8).reshape(cells, CELL_DIGEST_BYTES)
    decoded = Result(header, found, digests)
    decoded.__dict__["content"] = content  # canonical, as was checked: it need not be made again
    return decoded


def _format(data: bytes) -> int:
    """The format that data which is no result of this one claims to have; FORMAT if it says nothing else."""
    try:
        return msgspec.msgpack.decode(data, type=_Head).format
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return FORMAT


def check(result: Result, unit: WorkUnit, name: str) -> dict[str, F32]:
    """Every metric [cells, measurements] of a result that answers the work unit with possible values.

    ResultMismatch or Inconsistent if it does not.
    """
    experiment, header = unit.experiment, result.header
    if (header.experiment, header.version, header.workunit) != (experiment.name, experiment.version, unit.digest):
        raise ResultMismatch(name, "it names another work unit")
    # As bytes, types and order count as well: 1 and 1.0 are equal but not the same.
    if _cells(header.seeds, header.axes) != _cells(SeedsRecord(unit.seeds.first, unit.seeds.count), unit.axes):
        raise ResultMismatch(name, f"it has other cells than {unit.name}")
    metrics = columns.recorded(experiment.metrics)
    wanted = [(metric, columns.kind(of, unit.conditions)) for metric, of in metrics.items()]
    if list(header.columns.items()) != wanted:
        raise ResultMismatch(name, f"it does not have exactly the columns of {experiment.name}")
    if (header.clock.unit, tuple(header.clock.ticks)) != (experiment.clock.unit, experiment.clock.ticks):
        raise ResultMismatch(name, f"it was not measured when {experiment.name} is")
    return _possible(result, unit, name)


def _possible(result: Result, unit: WorkUnit, name: str) -> dict[str, F32]:
    experiment = unit.experiment
    with np.errstate(all="ignore"):  # whatever floats a stranger sends
        values = result.values(experiment)
    for key, metric in experiment.metrics.items():
        good = ((values[key] >= metric.low) & (values[key] <= metric.high)).all(1)  # refuses NaN as well
        if not good.all():
            where = unit.cell(int(np.argmin(good)))
            raise Inconsistent(name, f"{where} metric {key} is not in {metric.low}..{metric.high}")
    conditions = [condition for condition in unit.conditions for _ in range(unit.seeds.count)]
    if wrong := experiment.contradiction(values, conditions):
        for number, condition in enumerate(conditions):  # which cell it is
            one = {key: curves[[number]] for key, curves in values.items()}
            if its := experiment.contradiction(one, [condition]):
                raise Inconsistent(name, f"{unit.cell(number)}: {its}")
        raise Inconsistent(name, wrong)
    return values


def _cells(seeds: SeedsRecord, axes: Mapping[str, Sequence[Value]]) -> bytes:
    return msgspec.msgpack.encode((seeds, axes))


class _Head(msgspec.Struct):
    """Just enough to tell another format from a damaged file."""

    format: int
