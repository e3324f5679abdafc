"""Checked results into the data set. A work unit's file has one name, so storing it twice is harmless."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow.parquet as pq

from kernels.errors import CannotWrite
from kernels.formats import atomic
from kernels.formats.result import Result
from kernels.formats.workunit import WorkUnit
from server_validator.dataset import schema


def store(data: Path, unit: WorkUnit, checked: Result, boinc_id: int) -> Path:
    """Write a checked result's cells; the file. CannotWrite leaves the data set as it was."""
    buffer = io.BytesIO()
    pq.write_table(schema.table(unit, checked, boinc_id), buffer, compression="zstd")
    folder = schema.folder(data, unit.experiment.name, unit.experiment.version)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(folder, error.strerror or error) from error
    path = folder / f"{unit.name}.parquet"
    atomic.write(path, buffer.getvalue())
    return path
