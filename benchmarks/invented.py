"""A ledger and a data set as large as those of years.

The ledger has invented work units, each entered, uploaded and found valid; the data set invented cells, whose values
are random, so that nothing compresses better than what is computed.
"""

from __future__ import annotations

import math
import sqlite3
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from kernels.cost import default_units
from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS
from kernels.formats import workunit
from kernels.formats.result import CELL_DIGEST_BYTES
from kernels.formats.workunit import Seeds, WorkUnit
from server_validator.dataset import compaction, schema, writing
from server_validator.dataset.schema import Held
from server_validator.dataset.writing import Piece
from server_validator.ledger import Ledger, create, issued, uploads, verdicts
from server_validator.ledger.verdicts import Verdict

FIRST = 10**9  # seed of what is only issued; the data set has lower ones
RESULT_CELLS = 4000  # of a result, about


@dataclass(frozen=True)
class Known:
    """A work unit of the ledger, and the upload that answered it."""

    name: str
    digest: bytes
    upload: str
    checksum: bytes


def fill(data: Path, units: int) -> None:
    """Make a ledger with about so many work units, equally many of each experiment."""
    create(data)
    with Ledger(data) as ledger:
        for experiment in EXPERIMENTS.values():
            _fill(ledger, experiment, units // len(EXPERIMENTS))


def store(data: Path, cells: int) -> None:
    """Store about so many cells, equally many of each experiment, in results of whole seeds; then compact them."""
    with Ledger(data) as ledger:
        for experiment in EXPERIMENTS.values():
            conditions = math.prod(len(values) for values in experiment.grid.values())
            seeds = max(1, RESULT_CELLS // conditions)
            count = max(1, cells // len(EXPERIMENTS) // (seeds * conditions))
            units = [WorkUnit(experiment, Seeds(number * seeds, seeds)) for number in range(count)]
            entered = [_result(unit, number) for number, unit in enumerate(units)]
            for unit, held in zip(units, entered, strict=True):
                writing.write(data, experiment, [Piece([held], [_rows(unit, held)])])
            with ledger.writing() as db:
                db.executemany(
                    "INSERT INTO issued (digest, name, experiment, version, first, last, body) "
                    f"VALUES (?, ?, '{experiment.name}', {experiment.version}, ?, ?, ?)",
                    [
                        (unit.digest, unit.name, unit.seeds.first, unit.seeds.last, workunit.encode(unit))
                        for unit in units
                    ],
                )
                db.executemany(
                    "INSERT INTO stored (digest, upload, checksum, boinc_id, host) VALUES (?, ?, ?, ?, ?)",
                    [
                        (unit.digest, held.upload, bytes.fromhex(held.checksum), held.boinc_id, held.host_id)
                        for unit, held in zip(units, entered, strict=True)
                    ],
                )
            compaction.join(data, experiment)


def _result(unit: WorkUnit, number: int) -> Held:
    """Where the rows of a work unit come from."""
    cells, checksum = len(unit.conditions) * unit.seeds.count, unit.digest.hex()
    return Held(checksum, cells, unit.name, number, f"{unit.name}_0_r1_0", number % 1000, "0.1.0", "c", "exact")


def _rows(unit: WorkUnit, held: Held) -> pa.Table:
    """Rows of all cells of a work unit, in its order, with random digests and values."""
    rng = np.random.default_rng(unit.seeds.first)
    experiment, seeds = unit.experiment, np.arange(unit.seeds.first, unit.seeds.last + 1)
    columns: dict[str, object] = {name: [value] * held.cells for name, value in asdict(held).items() if name != "cells"}
    digits = rng.bytes(CELL_DIGEST_BYTES * held.cells).hex()
    size = 2 * CELL_DIGEST_BYTES
    columns["digest"] = [digits[begin : begin + size] for begin in range(0, len(digits), size)]
    columns["seed"] = np.tile(seeds, len(unit.conditions))
    for axis in experiment.grid:
        columns[axis] = [condition[axis] for condition in unit.conditions for _ in seeds]
    for name, metric in experiment.metrics.items():
        curves = rng.random((held.cells, experiment.measurements), dtype=np.float32)
        if metric.samples:  # a count over a number of samples
            curves = np.rint(curves * np.float32(1000)) / np.float32(1000)
        ends = np.arange(held.cells + 1, dtype=np.int32) * experiment.measurements
        kind = schema.of(experiment).field(name).type
        columns[name] = pa.ListArray.from_arrays(ends, pa.array(curves.ravel()), type=kind)
        columns[name + schema.FINAL] = curves[:, -1].copy()
    return pa.table(columns, schema=schema.of(experiment))


def known(ledger: Ledger, experiment: Experiment) -> Known:
    """One from the middle of the experiment's work units."""
    with ledger.reading() as db:
        (middle,) = db.execute(
            "SELECT (min(first) + max(first)) / 2 FROM issued WHERE experiment = ?", [experiment.name]
        ).fetchone()
        return Known(
            *db.execute(
                "SELECT name, digest, upload, checksum FROM issued JOIN verdicts ON workunit = name "
                "WHERE experiment = ? AND first >= ? ORDER BY first LIMIT 1",
                [experiment.name, middle],
            ).fetchone()
        )


def _fill(ledger: Ledger, experiment: Experiment, units: int) -> None:
    """Enter a work unit and what became of it as the commands do, and copies of these rows with other seeds."""
    unit = default_units(experiment, FIRST)[0]
    upload, checksum = f"{unit.name}_0_r1_0", unit.digest
    issued.issue(ledger, unit)
    uploads.first_upload(ledger, checksum, upload)
    verdicts.record(ledger, Verdict(upload, checksum, unit.name, 0, "recomputed 1 of them"))
    count, plain = unit.seeds.count, f"{experiment.name}_{experiment.version}"
    first = f"({FIRST} + others.number * {count})"
    name = f"('{plain}_' || {first} || '_{count}')"
    answer = {
        "workunit": name,
        "checksum": "others.digest",
        **dict.fromkeys(("name", "upload"), f"{name} || '_0_r1_0'"),
    }
    issue = {
        "digest": "others.digest", "name": name, "first": first, "last": f"{first} + {count - 1}",
        "body": f"CAST(replace(CAST(own.body AS TEXT), '{FIRST}', {first}) AS BLOB)",
    }  # fmt: skip
    with ledger.writing() as db:
        db.execute("CREATE TEMP TABLE others (number INTEGER PRIMARY KEY, digest BLOB NOT NULL)")
        db.execute(
            "WITH RECURSIVE counted(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM counted WHERE number < ?) "
            "INSERT INTO others SELECT number, randomblob(16) FROM counted",
            [units - 1],
        )
        _copy(db, "issued", f"name = '{unit.name}'", issue)
        _copy(db, "uploaded", f"name = '{upload}'", answer)
        _copy(db, "verdicts", f"upload = '{upload}'", answer)
        db.execute("DROP TABLE others")


def _copy(db: sqlite3.Connection, table: str, where: str, changes: dict[str, str]) -> None:
    """Copy a row, `own`, once for each of the others; `changes` has the expressions of columns that differ."""
    columns = [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(changes.get(name, f"own.{name}") for name in columns)
    db.execute(f"INSERT INTO {table} SELECT {values} FROM (SELECT * FROM {table} WHERE {where}) AS own, others")
