"""Where the data set's files lie, and what columns they have."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa

from kernels.formats import result
from kernels.formats.result import Result
from kernels.formats.workunit import WorkUnit

SCHEMA = 1  # raised whenever a column or the metadata changes


def folder(data: Path, experiment: str, version: int) -> Path:
    """Of the files of an experiment's version in the data directory."""
    return data / "results" / experiment / str(version)


def table(unit: WorkUnit, checked: Result, boinc_id: int) -> pa.Table:
    """A row per cell: where it comes from, its seed, a column per axis, a list [measurements] per metric.

    The table's metadata has the key "axiom": what it is, when cells were measured, and the metrics' units, as JSON.
    """
    cells = checked.cells
    columns: dict[str, object] = {
        "workunit": [unit.name] * len(cells),
        "boinc_id": [boinc_id] * len(cells),
        "engine": [checked.engine] * len(cells),
        "agreement": [checked.agreement] * len(cells),
        "seed": [cell.seed for cell in cells],
    }
    for axis in cells[0].condition:
        columns[axis] = [cell.condition[axis] for cell in cells]
    for metric in cells[0].metrics:
        columns[metric] = [result.unpack(cell.metrics[metric]) for cell in cells]
    told = {
        "schema": SCHEMA,
        "experiment": unit.experiment.name,
        "version": unit.experiment.version,
        "clock": {"unit": checked.clock.unit, "ticks": checked.clock.ticks},
        "units": {name: metric.unit for name, metric in unit.experiment.metrics.items()},
    }
    return pa.table(columns).replace_schema_metadata({"axiom": json.dumps(told)})
