"""Cells out of the data set, by DuckDB."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np

from kernels.claims import Table
from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS
from kernels.text import one_line
from server_validator.dataset import schema
from server_validator.errors import DataDirectory, NothingAssimilated


def assimilated(data: Path) -> list[str]:
    """The experiments whose present version has assimilated cells, in the registry's order. NothingAssimilated."""
    if not data.is_dir():
        raise DataDirectory(data, "there is no such folder")
    names = [row.name for row in EXPERIMENTS.values() if _files(data, row)]
    if not names:
        raise NothingAssimilated("any experiment", data)
    return names


def load(data: Path, experiment: Experiment) -> Table:
    """All assimilated cells of the experiment's present version, in a fixed order. NothingAssimilated if none."""
    files = _files(data, experiment)
    if not files:
        raise NothingAssimilated(experiment.name, data)
    order = ", ".join(f'"{name}"' for name in ["seed", *experiment.grid])
    columns = ", ".join(f'"{name}"' for name in ["seed", *experiment.grid, *experiment.metrics])
    query = f"SELECT {columns} FROM read_parquet(?) ORDER BY {order}"
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


def _files(data: Path, experiment: Experiment) -> list[Path]:
    """The Parquet files of the experiment's present version, sorted."""
    return sorted(schema.folder(data, experiment.name, experiment.version).glob("*.parquet"))
