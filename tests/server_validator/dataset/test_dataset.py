"""The data set: assimilated cells, once each, readable by anybody."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from kernels.errors import CannotWrite
from kernels.experiments import EXPERIMENTS
from kernels.formats import result
from kernels.formats.result import Result
from server_validator.dataset import files
from server_validator.dataset.query import load
from server_validator.dataset.schema import Origin
from server_validator.dataset.store import store
from server_validator.errors import NothingAssimilated, NothingSound
from tests.kernels import tiny

COMPGEN = EXPERIMENTS["compgen"]
ORIGIN = Origin(7, f"{tiny.unit().name}_0_r77_0", 12)


def test_stored_cells_are_loaded_bit_for_bit(tmp_path: Path, tiny_result: Result) -> None:
    store(tmp_path, tiny.unit(), tiny_result, ORIGIN)
    table = load(tmp_path, COMPGEN).table
    assert table.seed.tolist() == [1000, 1001]
    assert {axis: values.tolist() for axis, values in table.condition.items()} == {
        "width": [32, 32], "depth": [1, 1], "learning_rate": [0.05, 0.05],
    }  # fmt: skip
    for name in COMPGEN.metrics:
        for row, cell in enumerate(tiny_result.cells):
            assert table.metrics[name][row].tobytes() == result.unpack(cell.metrics[name]).tobytes()
    assert table.final("gap").tolist() == [float(result.unpack(c.metrics["gap"])[-1]) for c in tiny_result.cells]


def test_storing_twice_is_harmless(tmp_path: Path, tiny_result: Result) -> None:
    paths = {store(tmp_path, tiny.unit(), tiny_result, ORIGIN) for _ in range(3)}
    assert len(paths) == 1
    contents = load(tmp_path, COMPGEN)
    assert len(contents.table.seed) == 2
    assert contents.left_out.repeated_cells == 0
    assert list(paths.pop().parent.iterdir()) == files.listed(files.folder(tmp_path, COMPGEN))


def test_an_upload_that_is_stored_again_when_more_is_known_of_its_host_stays_one_file(
    tmp_path: Path, tiny_result: Result
) -> None:
    first = store(tmp_path, tiny.unit(), tiny_result, Origin(7, ORIGIN.upload))
    assert store(tmp_path, tiny.unit(), tiny_result, ORIGIN) == first
    assert files.listed(first.parent) == [first]


def test_work_units_come_together_in_the_order_of_their_seeds(tmp_path: Path, tiny_result: Result) -> None:
    other = tiny.unit(999, 1)
    store(tmp_path, tiny.unit(), tiny_result, ORIGIN)
    store(tmp_path, other, tiny.computed(other), Origin())
    assert load(tmp_path, COMPGEN).table.seed.tolist() == [999, 1000, 1001]


def test_any_parquet_reader_sees_where_a_row_comes_from(tmp_path: Path, tiny_result: Result) -> None:
    path = store(tmp_path, tiny.unit(), tiny_result, ORIGIN)
    table = pq.read_table(path)
    assert table.column_names == [
        "workunit", "boinc_id", "upload", "checksum", "host_id", "app_version", "engine", "agreement", "seed",
        "width", "depth", "learning_rate", *COMPGEN.metrics,
    ]  # fmt: skip
    row = table.to_pylist()[0]
    origin = {
        "workunit": tiny.unit().name, "boinc_id": 7, "upload": f"{tiny.unit().name}_0_r77_0",
        "checksum": tiny_result.checksum.hex(), "host_id": 12,
        "app_version": "0.1.0", "engine": "torch", "agreement": "near", "seed": 1000,
    }  # fmt: skip
    assert row.items() >= origin.items()
    np.testing.assert_array_equal(np.float32(row["gap"]), result.unpack(tiny_result.cells[0].metrics["gap"]))
    with duckdb.connect() as db:
        found = db.execute("SELECT DISTINCT host_id, upload FROM read_parquet(?)", [str(path)]).fetchall()
    assert found == [(12, ORIGIN.upload)]


def test_what_boinc_does_not_tell_is_null(tmp_path: Path, tiny_result: Result) -> None:
    row = pq.read_table(store(tmp_path, tiny.unit(), tiny_result, Origin())).to_pylist()[0]
    assert [row[name] for name in ("boinc_id", "upload", "host_id")] == [None, None, None]
    assert load(tmp_path, COMPGEN).table.seed.tolist() == [1000, 1001]


def test_a_file_says_what_it_holds(tmp_path: Path, tiny_result: Result) -> None:
    metadata = pq.read_schema(store(tmp_path, tiny.unit(), tiny_result, ORIGIN)).metadata
    assert json.loads(metadata[b"axiom"]) == {
        "schema": 1,
        "experiment": "compgen",
        "version": COMPGEN.version,
        "clock": {"unit": COMPGEN.clock.unit, "ticks": list(COMPGEN.clock.ticks)},
        "units": {name: metric.unit for name, metric in COMPGEN.metrics.items()},
    }


def test_a_files_name_ends_in_the_digest_that_b2sum_prints(tmp_path: Path, tiny_result: Result) -> None:
    path = store(tmp_path, tiny.unit(), tiny_result, ORIGIN)
    digest = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    assert path.name == f"{tiny.unit().name}.{digest}.parquet"
    printed = subprocess.run(["b2sum", "-l", "128", path], capture_output=True, text=True, check=True).stdout
    assert printed.split()[0] == digest


def test_without_data_the_failure_says_so(tmp_path: Path) -> None:
    with pytest.raises(NothingAssimilated) as caught:
        load(tmp_path / "none", COMPGEN)
    assert caught.value.code == 41


def test_a_folder_that_cannot_be_made_is_cannot_write(tmp_path: Path, tiny_result: Result) -> None:
    (tmp_path / "results").write_bytes(b"a file in the way")
    with pytest.raises(CannotWrite):
        store(tmp_path, tiny.unit(), tiny_result, ORIGIN)


def test_a_cell_that_two_files_have_alike_counts_once_and_is_told(tmp_path: Path, tiny_result: Result) -> None:
    """Seeds that have nothing to do with it stay: once they were dropped, all of them, without a word."""
    other = tiny.unit(2000, 3)
    store(tmp_path, other, tiny.computed(other), Origin())
    store(tmp_path, tiny.unit(), tiny_result, ORIGIN)
    store(tmp_path, tiny.unit(), tiny_result, Origin(8, f"{tiny.unit().name}_1_r78_0", 13))
    contents = load(tmp_path, COMPGEN)
    assert contents.table.seed.tolist() == [1000, 1001, 2000, 2001, 2002]
    assert contents.left_out.repeated_cells == 2
    assert contents.left_out.contradicted_seeds == []


def test_seeds_of_which_two_files_have_different_numbers_are_left_out_with_both_files_named(
    tmp_path: Path, tiny_result: Result
) -> None:
    other, exact = tiny.unit(2000, 3), tiny.computed(tiny.unit(), "c")
    store(tmp_path, other, tiny.computed(other), Origin())
    both = {store(tmp_path, tiny.unit(), answer, ORIGIN) for answer in (tiny_result, exact)}
    assert len(both) == 2
    contents = load(tmp_path, COMPGEN)
    assert contents.table.seed.tolist() == [2000, 2001, 2002]
    assert contents.left_out.contradicted_seeds == [1000, 1001]
    assert contents.left_out.contradicted_cells == 2
    assert set(contents.left_out.contradicting) == both


def test_with_nothing_but_contradictions_the_failure_says_so(tmp_path: Path, tiny_result: Result) -> None:
    for answer in (tiny_result, tiny.computed(tiny.unit(), "c")):
        store(tmp_path, tiny.unit(), answer, ORIGIN)
    with pytest.raises(NothingSound, match="different numbers"):
        load(tmp_path, COMPGEN)


def test_a_seed_with_part_of_the_grid_is_in_the_table_and_counted(tmp_path: Path, tiny_result: Result) -> None:
    store(tmp_path, tiny.unit(), tiny_result, ORIGIN)
    contents = load(tmp_path, COMPGEN)
    assert contents.left_out.incomplete_seeds == 2
    assert contents.table.seed.tolist() == [1000, 1001]
