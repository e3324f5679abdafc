"""docs/formats.md is true: our files are read here by that page alone, with libraries that the product does not use."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
import sqlite3
import struct
import zlib
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pyarrow.parquet as pq
import pytest

from client.engines import choose
from client.session import Session
from kernels import limits
from kernels.engine.devices import CPU
from kernels.experiment import compute
from kernels.experiments import EXPERIMENTS
from kernels.formats import result, workunit
from kernels.formats.workunit import Seeds, WorkUnit
from server_validator.cli import main
from tests.kernels import tiny
from tests.server_validator.storing import stored

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


def numbers_of(content: bytes) -> tuple[dict[str, Any], dict[str, list[list[float]]], list[bytes]]:
    """By the page: the header, for each column its numbers [cells][ticks], and the digests."""
    (length,) = struct.unpack("<I", content[:4])
    header = msgpack.unpackb(content[4 : 4 + length])
    assert msgpack.packb(header) == content[4 : 4 + length], "one sequence of bytes"
    cells = header["seeds"]["count"] * math.prod(len(values) for values in header["axes"].values())
    ticks, at = len(header["clock"]["ticks"]), 4 + length
    columns: dict[str, list[list[float]]] = {}
    for name, kind in header["columns"].items():
        letter, width = {"<f4": ("f", 4), "<u2": ("H", 2), "<u4": ("I", 4)}[kind]
        columns[name] = [
            [
                struct.unpack("<" + letter, bytes(content[at + (b * ticks + t) * cells + c] for b in range(width)))[0]
                for t in range(ticks)
            ]
            for c in range(cells)
        ]
        at += width * ticks * cells
    digests = [content[at + 8 * cell : at + 8 * cell + 8] for cell in range(cells)]
    assert at + 8 * cells + 16 == len(content)
    return header, columns, digests


def test_the_result() -> None:
    made = tiny.computed(UNIT, "c")
    data, text = result.encode(made), section("Result")
    content = zlib.decompress(data)
    assert blake2b(content[:-16]) == content[-16:] == made.checksum
    header, columns, digests = numbers_of(content)
    assert list(header) == fields(text, 1)
    assert header["format"] == int(re.findall(r"`format` \| integer \| (\d+)", text)[0])
    assert header["workunit"] == UNIT.digest
    assert header["axes"] == UNIT.axes
    cells = compute(UNIT.experiment, UNIT.cells, tiny.engine("c"))
    assert list(columns) == [name for name in UNIT.experiment.metrics if name != "gap"]
    shares = {"train_accuracy": 2000, "id_accuracy": 1000, "ood_accuracy": 1000}
    for row, cell in enumerate(cells):
        values = {
            name: np.array(numbers[row]) / shares[name] if name in shares else np.array(numbers[row])
            for name, numbers in columns.items()
        }
        for name, curve in values.items():
            assert np.asarray(curve, np.float32).tobytes() == cell.metrics[name].tobytes()
        gap = np.float32(values["id_accuracy"]) - np.float32(values["ood_accuracy"])
        assert gap.tobytes() == cell.metrics["gap"].tobytes()
        assert digests[row] == hashlib.blake2b(b"".join(cell.digests), digest_size=8).digest()


def test_the_digest_of_a_near_cell_is_of_its_first_state() -> None:
    near = tiny.computed(UNIT, "torch")
    for cell, digest in zip(compute(UNIT.experiment, UNIT.cells, tiny.engine("c")), near.digests, strict=True):
        assert digest.tobytes() == hashlib.blake2b(cell.digests[0], digest_size=8).digest()


def test_the_limits_of_a_result() -> None:
    text = section("Result")
    assert int(re.findall(r"The file, at most (\d+) MiB", text)[0]) << 20 == limits.RESULT_BYTES
    assert int(re.findall(r"content\*\*, at most (\d+) MiB", text)[0]) << 20 == limits.CONTENT_BYTES
    assert f"{limits.HEADER_BYTES:,}" in text
    assert f"{limits.CELLS:,}" in section("Work unit")


def test_the_digest_of_a_network() -> None:
    from kernels.programs.initial import he_normal

    unit = WorkUnit(UNIT.experiment, Seeds(1000, 1), tiny.GRID)
    (cell,) = compute(unit.experiment, unit.cells, tiny.engine("c"))
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
    assert main([*run, "compact"]) == 0
    return tmp_path


def test_the_data_set_and_the_ledger(data_set: Path) -> None:
    (path,) = (data_set / "results/experiment=compgen/version=1").iterdir()
    content = path.read_bytes()
    assert path.name == f"compgen_1.{blake2b(content).hex()}.parquet"
    file, text = pq.ParquetFile(path), section("Data set")
    table, experiment = file.read(), EXPERIMENTS["compgen"]
    metrics = [name for metric in experiment.metrics for name in (metric, f"{metric}_final")]
    assert table.column_names == [*fields(text), *experiment.grid, *metrics]
    told = json.loads(file.metadata.metadata[b"axiom"])
    assert told["clock"] == {"unit": "epoch", "ticks": list(experiment.clock.ticks)}
    assert told["units"]["train_loss"] == "nat"
    assert {"schema", "experiment", "version", "clock", "units", "results"} == set(told)
    assert all(len(curve) == len(told["clock"]["ticks"]) for curve in table["gap"].to_pylist())
    assert [curve[-1] for curve in table["gap"].to_pylist()] == table["gap_final"].to_pylist()
    (held,) = told["results"]
    assert held.pop("cells") == len(table)
    assert set(held) == set(fields(text)) - {"digest", "seed"}
    assert [row for row in table.select(list(held)).to_pylist() if row != held] == []
    kept = (data_set / "archive" / held["checksum"][:2] / f"{held['checksum']}.msgpack").read_bytes()
    assert kept == (data_set / "r.msgpack").read_bytes()
    _, _, digests = numbers_of(zlib.decompress(kept))
    assert table["digest"].to_pylist() == [digest.hex() for digest in digests]
    assert main(["--data", str(data_set), "withdraw", "--app-version", held["app_version"]]) == 0
    withdrawn = json.loads((data_set / "withdrawn.json").read_bytes())
    assert withdrawn == {"host_id": [], "upload": [], "app_version": [held["app_version"]]}
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


def test_the_export(tmp_path: Path) -> None:
    data, out, text = tmp_path / "data", tmp_path / "out", section("Export")
    stored(data, UNIT, host=4711)
    assert main(["--data", str(data), "export", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == sorted(re.findall(r"^\| `([\w.]+)` \|", text, re.M)[:4])
    (path,) = out.glob("data/experiment=compgen/version=1/part-00000.parquet")
    table, experiment = pq.ParquetFile(path).read(), EXPERIMENTS["compgen"]
    metrics = [name for metric in experiment.metrics for name in (metric, f"{metric}_final")]
    seed, *origin = fields(text, 1)
    assert table.column_names == [seed, *experiment.grid, *metrics, *origin]
    told = json.loads(table.schema.metadata[b"axiom"])
    assert {"schema", "experiment", "version", "clock", "units"} == set(told)
    key = (data / "pseudonyms.key").read_bytes()
    pseudonym = hashlib.blake2b(struct.pack("<Q", 4711), digest_size=8, key=key).hexdigest()
    assert set(table["host"].to_pylist()) == {pseudonym}
    sums = "".join(
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(out).as_posix()}\n"
        for file in sorted(path for path in out.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    )
    assert (out / "SHA256SUMS").read_text() == sums
