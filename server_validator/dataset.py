"""The data set: one Parquet file per assimilated work unit, one row per cell, under results/<experiment>/<version>/.

Any Parquet reader can query it; DuckDB does here. A work unit's file has one name, so assimilating twice is harmless.
"""

from __future__ import annotations

import io
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kernels import atomic, result
from kernels.errors import CannotWrite, DataDirectory, NothingAssimilated, one_line
from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS
from kernels.findings import Table
from kernels.result import Result
from kernels.workunit import WorkUnit


def store(data: Path, unit: WorkUnit, found: Result, boinc_id: int) -> Path:
    """Write a checked result's cells; the file. CannotWrite leaves the data set as it was."""
    cells = found.cells
    columns: dict[str, object] = {
        "workunit": [unit.name] * len(cells),
        "boinc_id": [boinc_id] * len(cells),
        "engine": [found.engine] * len(cells),
        "seed": [cell.seed for cell in cells],
    }
    for axis in cells[0].condition:
        columns[axis] = [cell.condition[axis] for cell in cells]
    for metric in cells[0].metrics:
        columns[metric] = [result.unpack(cell.metrics[metric]) for cell in cells]
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, compression="zstd")
    folder = _folder(data, unit.experiment, unit.version)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(folder, error.strerror or error) from error
    path = folder / f"{unit.name}.parquet"
    atomic.write(path, buffer.getvalue())
    return path


def assimilated(data: Path) -> list[str]:
    """The experiments whose present version has assimilated cells, in the registry's order. NothingAssimilated."""
    if not data.is_dir():
        raise DataDirectory(data, "there is no such folder")
    found = [row.name for row in EXPERIMENTS.values() if any(_folder(data, row.name, row.version).glob("*.parquet"))]
    if not found:
        raise NothingAssimilated("any experiment", data)
    return found


def load(data: Path, experiment: Experiment) -> Table:
    """All assimilated cells of the experiment's present version, in a fixed order. NothingAssimilated if none."""
    files = sorted(_folder(data, experiment.name, experiment.version).glob("*.parquet"))
    if not files:
        raise NothingAssimilated(experiment.name, data)
    names = ["seed", *experiment.grid, *experiment.metrics]
    order = ", ".join(f'"{name}"' for name in ["seed", *experiment.grid])
    wanted = ", ".join(f'"{name}"' for name in names)
    query = f"SELECT {wanted} FROM read_parquet(?) ORDER BY {order}"
    try:
        with duckdb.connect() as db:
            rows = db.execute(query, [[str(file) for file in files]]).fetchnumpy()
    except duckdb.Error as error:
        raise DataDirectory(data, one_line(error)) from error
    return Table(
        np.asarray(rows["seed"], dtype=np.int64),
        {axis: np.asarray(rows[axis]) for axis in experiment.grid},
        {metric: np.stack(list(rows[metric])).astype(np.float32) for metric in experiment.metrics},
    )


def _folder(data: Path, experiment: str, version: int) -> Path:
    return data / "results" / experiment / str(version)
