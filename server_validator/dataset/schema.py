"""What columns the data set's files have, and what each file says of the results that its rows come from."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kernels.experiment import Experiment
from kernels.formats.result import Result
from kernels.formats.workunit import WorkUnit

VERSION = 2  # raised whenever a column or the metadata changes
KEY = b"axiom"  # of the JSON object in a file's metadata
FINAL = "_final"  # the end of the name of the column that has a metric's last measurement alone
FILE_BYTES = 256 * 2**20  # of curves in one file, before they are compressed
GROUP_BYTES = FILE_BYTES // 8  # of curves in one row group, which is what a reader has in memory
_TYPES = {int: pa.int64(), float: pa.float64(), str: pa.string()}
_CURVE = pa.list_(pa.field("element", pa.float32()))


@dataclass(frozen=True)
class Held:
    """A result that a file has the rows of, all `cells` in a row, and where it comes from; None where nobody tells."""

    checksum: str  # of the uploaded file, in hexadecimal digits
    cells: int
    workunit: str  # its first name
    boinc_id: int | None  # BOINC's number of the work unit
    upload: str | None  # the uploaded file's name
    host_id: int | None  # BOINC's number of the host
    app_version: str
    engine: str
    agreement: str

    def __str__(self) -> str:
        upload = self.upload or "no upload that BOINC named"
        host = "an unknown host" if self.host_id is None else f"host {self.host_id}"
        return f"{self.cells} cells of {upload}, {host}, version {self.app_version}"


ORIGIN = {
    "workunit": pa.string(),
    "boinc_id": pa.int64(),
    "upload": pa.string(),
    "checksum": pa.string(),
    "host_id": pa.int64(),
    "app_version": pa.string(),
    "engine": pa.string(),
    "agreement": pa.string(),
}
"""The columns that tell where a row comes from."""


def of(experiment: Experiment) -> pa.Schema:
    """The columns of every file of the experiment's present version."""
    columns = [
        *ORIGIN.items(),
        ("digest", pa.string()),
        ("seed", pa.int64()),
        *((axis, _TYPES[type(values[0])]) for axis, values in experiment.grid.items()),
    ]
    for metric in experiment.metrics:
        columns += [(metric, _CURVE), (metric + FINAL, pa.float32())]
    return pa.schema(columns)


def about(experiment: Experiment) -> Mapping[str, object]:
    """What the metadata of every such file says, but for its results."""
    return {
        "schema": VERSION,
        "experiment": experiment.name,
        "version": experiment.version,
        "clock": {"unit": experiment.clock.unit, "ticks": list(experiment.clock.ticks)},
        "units": {name: metric.unit for name, metric in experiment.metrics.items()},
    }


def metadata(experiment: Experiment, held: Sequence[Held]) -> Mapping[bytes, bytes]:
    """The metadata of a file that has the rows of these results, in this order."""
    return {KEY: json.dumps({**about(experiment), "results": [dataclasses.asdict(one) for one in held]}).encode()}


def read(content: Mapping[bytes, bytes] | None) -> tuple[Mapping[str, object], list[Held]]:
    """A file's metadata as `about` gives it, and its results. ValueError if it is none."""
    try:
        told = json.loads((content or {})[KEY])
        return told, [Held(**one) for one in told.pop("results")]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("it does not say where its rows come from") from error


def rows_within(experiment: Experiment, size: int) -> int:
    """How many cells have curves of `size` bytes."""
    return max(1, size // (4 * len(experiment.metrics) * experiment.measurements))


def table(unit: WorkUnit, checked: Result, held: Held) -> pa.Table:
    """A row per cell in the work unit's order: where it comes from, its digest, condition, curves and last values."""
    cells, seeds = held.cells, unit.seeds
    origin = dataclasses.asdict(held)
    columns = [pa.repeat(pa.scalar(origin[name], kind), cells) for name, kind in ORIGIN.items()]
    columns.append(_digests(checked))
    columns.append(pa.array(np.tile(np.arange(seeds.first, seeds.last + 1), len(unit.conditions))))
    for axis, values in unit.experiment.grid.items():
        of_conditions = np.array([condition[axis] for condition in unit.conditions])
        columns.append(pa.array(np.repeat(of_conditions, seeds.count), _TYPES[type(values[0])]))
    ends = np.arange(cells + 1, dtype=np.int32) * unit.experiment.measurements
    curves = checked.values(unit.experiment)
    for metric in unit.experiment.metrics:
        numbers = pa.array(curves[metric].ravel())
        columns += [pa.ListArray.from_arrays(ends, numbers, type=_CURVE), pa.array(curves[metric][:, -1].copy())]
    return pa.table(columns, schema=of(unit.experiment))


def _digests(checked: Result) -> pa.Array:
    """Each cell's digest, in hexadecimal digits."""
    digits, each = checked.digests.tobytes().hex(), 2 * checked.digests.shape[1]
    return pa.array([digits[at : at + each] for at in range(0, len(digits), each)])
