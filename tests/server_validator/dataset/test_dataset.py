"""The data set: assimilated cells, once each, readable by anybody."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from kernels.errors import CannotWrite
from kernels.experiments import EXPERIMENTS
from kernels.formats import result
from kernels.formats.result import Result
from server_validator.dataset.query import load
from server_validator.dataset.store import store
from server_validator.errors import NothingAssimilated
from tests.kernels import tiny

COMPGEN = EXPERIMENTS["compgen"]


def test_stored_cells_are_loaded_bit_for_bit(tmp_path: Path, tiny_result: Result) -> None:
    store(tmp_path, tiny.unit(), tiny_result, 7)
    table = load(tmp_path, COMPGEN)
    assert table.seed.tolist() == [1000, 1001]
    assert {axis: values.tolist() for axis, values in table.condition.items()} == {
        "width": [32, 32], "depth": [1, 1], "learning_rate": [0.05, 0.05],
    }  # fmt: skip
    for name in COMPGEN.metrics:
        for row, cell in enumerate(tiny_result.cells):
            assert table.metrics[name][row].tobytes() == result.unpack(cell.metrics[name]).tobytes()
    assert table.final("gap").tolist() == [float(result.unpack(c.metrics["gap"])[-1]) for c in tiny_result.cells]


def test_storing_twice_is_harmless(tmp_path: Path, tiny_result: Result) -> None:
    paths = {store(tmp_path, tiny.unit(), tiny_result, 7) for _ in range(3)}
    assert len(paths) == 1
    assert len(load(tmp_path, COMPGEN).seed) == 2
    assert [p.name for p in paths.pop().parent.iterdir()] == [f"{tiny.unit().name}.parquet"]


def test_work_units_come_together_in_the_order_of_their_seeds(tmp_path: Path, tiny_result: Result) -> None:
    other = tiny.unit(999, 1)
    store(tmp_path, tiny.unit(), tiny_result, 7)
    store(tmp_path, other, tiny.computed(other), 8)
    assert load(tmp_path, COMPGEN).seed.tolist() == [999, 1000, 1001]


def test_any_parquet_reader_sees_where_a_row_comes_from(tmp_path: Path, tiny_result: Result) -> None:
    table = pq.read_table(store(tmp_path, tiny.unit(), tiny_result, 7))
    assert table.column_names == [
        "workunit", "boinc_id", "engine", "agreement", "seed", "width", "depth", "learning_rate", *COMPGEN.metrics,
    ]  # fmt: skip
    row = table.to_pylist()[0]
    assert (row["workunit"], row["boinc_id"], row["engine"], row["seed"]) == (tiny.unit().name, 7, "torch", 1000)
    np.testing.assert_array_equal(np.float32(row["gap"]), result.unpack(tiny_result.cells[0].metrics["gap"]))


def test_a_file_says_when_its_measurements_were_made(tmp_path: Path, tiny_result: Result) -> None:
    metadata = pq.read_schema(store(tmp_path, tiny.unit(), tiny_result, 7)).metadata
    clock = COMPGEN.clock
    told = json.loads(metadata[b"axiom"])
    assert told["clock"] == {"unit": clock.unit, "ticks": list(clock.ticks)}


def test_without_data_the_failure_says_so(tmp_path: Path) -> None:
    with pytest.raises(NothingAssimilated) as caught:
        load(tmp_path / "none", COMPGEN)
    assert caught.value.code == 41


def test_a_folder_that_cannot_be_made_is_cannot_write(tmp_path: Path, tiny_result: Result) -> None:
    (tmp_path / "results").write_bytes(b"a file in the way")
    with pytest.raises(CannotWrite):
        store(tmp_path, tiny.unit(), tiny_result, 7)
