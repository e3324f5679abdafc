"""Checked results into the data set. Storing a result twice is harmless."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kernels.formats import atomic
from kernels.formats.result import Result
from kernels.formats.workunit import WorkUnit
from kernels.refusals import cannot_write
from server_validator.dataset import files, schema
from server_validator.dataset.files import Unsound
from server_validator.dataset.schema import Origin


def store(data: Path, unit: WorkUnit, checked: Result, origin: Origin) -> Path:
    """Write a checked result's cells; the file, which was there before if it has the very rows.

    What staff have withdrawn stays withdrawn. CannotWrite leaves the data set as it was.
    """
    rows = schema.table(unit, checked, origin)
    place = files.folder(data, unit.experiment)
    for kept in (*files.of_unit(place, unit.name), *files.of_unit(place / files.WITHDRAWN, unit.name)):
        with contextlib.suppress(Unsound):
            if _same(files.read(kept, unit.experiment).rows, rows):
                return kept
    buffer = io.BytesIO()
    pq.write_table(rows, buffer, compression="zstd")
    path = place / files.name(unit.name, buffer.getvalue())
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(place, error) from error
    atomic.write(path, buffer.getvalue())
    return path


def _same(first: pa.Table, second: pa.Table) -> bool:
    """Whether rows are of one upload and have the same numbers, whatever BOINC told of its host at the time."""
    return bool(first.drop_columns(["boinc_id", "host_id"]).equals(second.drop_columns(["boinc_id", "host_id"])))
