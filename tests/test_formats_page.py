"""docs/formats.md is true: our files are read here by that page alone, with libraries that the product does not use."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import sqlite3
import struct
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pyarrow.parquet as pq
import pytest

from client.engines import choose
from client.session import Session
from kernels.engine.devices import CPU
from kernels.experiments import EXPERIMENTS
from kernels.formats import result, workunit
from kernels.formats.workunit import Seeds, WorkUnit
from server_validator.cli import main
from tests.kernels import tiny

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
UNIT = WorkUnit(EXPERIMENTS["compgen"], Seeds(1000, 2), {"width": [32], "depth": [1], "learning_rate": [0.01, 0.05]})


def blake2b(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def section(title: str) -> str:
    (text,) = re.findall(rf"^## {title}.*?(?=^## |\Z)", PAGE, re.M | re.S)
    return str(text)


def fields(text: str, number: int = 0) -> list[str]:
    """The first column of a section's table."""
    tables = re.findall(r"(?:^\|.*\n)+", text, re.M)
    return re.findall(r"^\| `(\w+)`", tables[number], re.M)


def narrowed(unit: dict[str, Any], grid: dict[str, list[Any]]) -> list[list[Any]]:
    """The values of every axis that the work unit has."""
    return [[value for value in values if value in unit["grid"].get(axis, values)] for axis, values in grid.items()]


def digest_of(unit: dict[str, Any], grid: dict[str, list[Any]]) -> bytes:
    """By the page: compact JSON, fields in the table's order, all axes in full."""
    whole = {
        axis: [value for value in values if value in unit["grid"].get(axis, values)] for axis, values in grid.items()
    }
    ordered = {name: whole if name == "grid" else unit[name] for name in fields(section("Work unit"))}
    return blake2b(json.dumps(ordered, separators=(",", ":")).encode())


def test_the_work_unit() -> None:
    unit = json.loads(workunit.encode(UNIT))
    assert list(unit) == fields(section("Work unit"))
    grid = {axis: list(values) for axis, values in UNIT.experiment.grid.items()}
    digest = digest_of(unit, grid)
    assert digest == UNIT.digest
    assert UNIT.name == f"compgen_1_1000_2_{digest.hex()[:8]}"
    axes = [[v for v in values if v in unit["grid"].get(axis, values)] for axis, values in grid.items()]
    cells = [
        (dict(zip(grid, values, strict=True)), seed) for values in itertools.product(*axes) for seed in (1000, 1001)
    ]
    assert [(cell.condition, cell.seed) for cell in UNIT.cells] == cells


def test_the_result() -> None:
    data, text = result.encode(tiny.computed(UNIT, "c")), section("Result")
    assert blake2b(data[:-16]) == data[-16:]
    top = msgpack.unpackb(data)
    assert msgpack.packb(top) == data, "one sequence of bytes"
    assert list(top) == fields(text)
    assert top["workunit"] == UNIT.digest
    assert len(top["cells"]) == 4
    for cell in top["cells"]:
        assert list(cell) == fields(text, 1)
        assert len(cell["digests"]) == len(top["clock"]["ticks"])
        for array in cell["metrics"].values():
            assert list(array) == ["dtype", "shape", "data"]
            values = struct.unpack(f"<{array['shape'][0]}f", array["data"])
            assert len(values) == len(top["clock"]["ticks"])
            assert np.isfinite(values).all()


def test_the_digest_of_a_network() -> None:
    from kernels.programs.initial import he_normal

    (cell,) = tiny.computed(WorkUnit(UNIT.experiment, Seeds(1000, 1), tiny.GRID), "c").cells
    row = he_normal(UNIT.experiment.course.recipe([UNIT.cells[0]]).network, 1000)  # type: ignore[attr-defined]
    assert cell.digests[0] == blake2b(struct.pack("<Q", 0) + row.astype("<f4").tobytes())


def test_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    session = Session(UNIT, choose("c", CPU, 1), path)
    session.slice(0)
    session.save()
    data = path.read_bytes()
    assert data[:8] == b"AXIOMCP1"
    assert data[8:24] == blake2b(data[24:])
    (length,) = struct.unpack("<Q", data[24:32])
    described = json.loads(data[32 : 32 + length])
    header = json.loads(described.pop("__metadata__")["header"])
    assert list(header) == fields(section("Checkpoint"), 1)
    assert header["workunit"] == UNIT.digest.hex()
    assert sum(header["blocks"]) == len(UNIT.cells)
    for name in described:
        assert re.fullmatch(r"finished|(\d+|finished)/(metric/\w+|digests|progress|params|moments)", name)


@pytest.fixture
def data_set(tmp_path: Path) -> Path:
    (tmp_path / "wu.json").write_bytes(workunit.encode(UNIT))
    run = ["--data", str(tmp_path)]
    assert main([*run, "init"]) == 0
    assert (
        main([*run, "make-wu", "compgen", "--first", "1000", "--count", "1", "--out", str(tmp_path / "wu.json")]) == 0
    )
    whole = workunit.read(tmp_path / "wu.json", EXPERIMENTS)
    (tmp_path / "r.msgpack").write_bytes(result.encode(tiny.computed(whole, "c")))
    assert main([*run, "validate", str(tmp_path / "r.msgpack")]) == 0
    assert main([*run, "assimilate", "1", str(tmp_path / "r.msgpack")]) == 0
    return tmp_path


def test_the_data_set_and_the_ledger(data_set: Path) -> None:
    (path,) = (data_set / "results/compgen/1").glob("*.parquet")
    table, text = pq.read_table(path), section("Data set")
    experiment = EXPERIMENTS["compgen"]
    assert table.column_names == [*fields(text), *experiment.grid, *experiment.metrics]
    told = json.loads(table.schema.metadata[b"axiom"])
    assert told["clock"] == {"unit": "epoch", "ticks": list(experiment.clock.ticks)}
    assert told["units"]["train_loss"] == "nat"
    assert {"schema", "experiment", "version", "clock", "units"} == set(told)
    assert all(len(curve) == len(told["clock"]["ticks"]) for curve in table["gap"].to_pylist())
    with sqlite3.connect(data_set / "ledger.sqlite") as ledger:
        tables = re.findall(r"^\| `(\w+)` \| (.*?) \|", section("Ledger"), re.M)
        assert ledger.execute("PRAGMA user_version").fetchone()[0] == int(
            re.findall(r"`PRAGMA user_version` is (\d+)", PAGE)[0]
        )
        for name, columns in tables:
            found = [row[1] for row in ledger.execute(f"PRAGMA table_info({name})")]
            assert found == re.findall(r"`(\w+)`", columns)
        names = {row[0] for row in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert names == {name for name, _ in tables}
    ledger.close()
