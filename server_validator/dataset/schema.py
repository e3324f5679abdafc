"""Where the data set's files lie, and what columns they have."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from kernels import result
from kernels.result import Result
from kernels.workunit import WorkUnit


def folder(data: Path, experiment: str, version: int) -> Path:
    """Of the files of an experiment's version in the data directory."""
    return data / "results" / experiment / str(version)


def table(unit: WorkUnit, checked: Result, boinc_id: int) -> pa.Table:
    """A row per cell: where it comes from, its seed, a column per axis, a list [measurements] per metric."""
    cells = checked.cells
    columns: dict[str, object] = {
        "workunit": [unit.name] * len(cells),
        "boinc_id": [boinc_id] * len(cells),
        "engine": [checked.engine] * len(cells),
        "seed": [cell.seed for cell in cells],
    }
    for axis in cells[0].condition:
        columns[axis] = [cell.condition[axis] for cell in cells]
    for metric in cells[0].metrics:
        columns[metric] = [result.unpack(cell.metrics[metric]) for cell in cells]
    return pa.table(columns)
