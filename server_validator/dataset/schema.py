"""What columns the data set's files have, and what each says of where its rows come from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from kernels.experiment import Experiment
from kernels.formats import result
from kernels.formats.result import Result
from kernels.formats.workunit import WorkUnit

VERSION = 1  # raised whenever a column or the metadata changes
KEY = b"axiom"  # of the JSON object in a file's metadata
_TYPES = {int: pa.int64(), float: pa.float64(), str: pa.string()}


@dataclass(frozen=True)
class Origin:
    """Where a result came from, as far as BOINC tells; None where it does not."""

    boinc_id: int | None = None  # BOINC's number of the work unit
    upload: str | None = None  # the uploaded file's name
    host_id: int | None = None  # BOINC's number of the host


def of(experiment: Experiment) -> pa.Schema:
    """Columns and metadata of every file of the experiment's present version."""
    clock = {"unit": experiment.clock.unit, "ticks": list(experiment.clock.ticks)}
    about: Mapping[str, object] = {
        "schema": VERSION,
        "experiment": experiment.name,
        "version": experiment.version,
        "clock": clock,
        "units": {name: metric.unit for name, metric in experiment.metrics.items()},
    }
    columns = [
        ("workunit", pa.string()),
        ("boinc_id", pa.int64()),
        ("upload", pa.string()),
        ("checksum", pa.string()),
        ("host_id", pa.int64()),
        ("app_version", pa.string()),
        ("engine", pa.string()),
        ("agreement", pa.string()),
        ("seed", pa.int64()),
        *((axis, _TYPES[type(values[0])]) for axis, values in experiment.grid.items()),
        *((metric, pa.list_(pa.field("element", pa.float32()))) for metric in experiment.metrics),
    ]
    return pa.schema(columns, metadata={KEY: json.dumps(about)})


def table(unit: WorkUnit, checked: Result, origin: Origin) -> pa.Table:
    """A row per cell: where it comes from, its seed, a column per axis, a list [measurements] per metric."""
    cells = checked.cells
    everywhere: Mapping[str, object] = {
        "workunit": unit.name,
        "boinc_id": origin.boinc_id,
        "upload": origin.upload,
        "checksum": checked.checksum.hex(),
        "host_id": origin.host_id,
        "app_version": checked.app_version,
        "engine": checked.engine,
        "agreement": checked.agreement,
    }
    columns: dict[str, object] = {name: [value] * len(cells) for name, value in everywhere.items()}
    columns["seed"] = [cell.seed for cell in cells]
    for axis in unit.experiment.grid:
        columns[axis] = [cell.condition[axis] for cell in cells]
    for metric in unit.experiment.metrics:
        columns[metric] = [result.unpack(cell.metrics[metric]) for cell in cells]
    return pa.table(columns, schema=of(unit.experiment))
