"""The data set: stored cells, once each, readable by anybody."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from kernels.errors import CannotWrite
from kernels.experiments import EXPERIMENTS
from kernels.formats import result
from kernels.formats.result import Result
from server_validator.dataset import archive, columns, schema
from server_validator.dataset.query import load
from server_validator.errors import NothingAssimilated, NothingSound
from tests.kernels import tiny
from tests.server_validator.storing import COMPGEN, brought_in, exact, filed, listed, place, stored

UNIT, OTHER = tiny.unit(), tiny.unit(2000, 3)
UPLOAD = f"{UNIT.name}_0_r77_0"


def forged(answer: Result, cell: int = 1, metric: str = "train_loss") -> Result:
    """The same with another number of one cell, and the digests that are right."""
    column = answer.columns[metric].copy()
    column[cell, -1] += 0.125
    return whole(Result(answer.header, {**answer.columns, metric: column}, answer.digests))


def again(answer: Result) -> Result:
    """The very numbers, from another run: other bytes."""
    timings = msgspec.structs.replace(answer.header.timings, cpu=answer.header.timings.cpu + 1)
    return whole(Result(msgspec.structs.replace(answer.header, timings=timings), answer.columns, answer.digests))


def whole(answer: Result) -> Result:
    """The result as it is read from its bytes."""
    return result.decode(result.encode(answer), "a result")


def test_stored_cells_are_loaded_bit_for_bit(tmp_path: Path) -> None:
    answer = exact(UNIT)
    filed(tmp_path, UNIT, answer)
    contents = load(tmp_path, COMPGEN)
    table = contents.table
    assert table.seed.tolist() == [1000, 1001]
    assert {axis: values.tolist() for axis, values in table.condition.items()} == {
        "width": [32, 32], "depth": [1, 1], "learning_rate": [0.05, 0.05],
    }  # fmt: skip
    assert list(table.metrics) == list(COMPGEN.metrics)
    values = answer.values(COMPGEN)
    for name in COMPGEN.metrics:
        assert table.metrics[name].tobytes() == values[name].tobytes()
        assert table.final(name).tolist() == values[name][:, -1].tolist()
    assert (len(contents.hosts), contents.near, contents.disagreements) == (1, False, [])


@pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=lambda experiment: experiment.name)
def test_no_two_columns_have_one_name(experiment: object) -> None:
    names = schema.of(experiment).names  # type: ignore[arg-type]
    assert len(set(names)) == len(names)


def test_storing_twice_is_harmless(tmp_path: Path) -> None:
    assert {filed(tmp_path, UNIT) for _ in range(3)} == set(listed(tmp_path))
    assert list(place(tmp_path).iterdir()) == listed(tmp_path)
    contents = load(tmp_path, COMPGEN)
    assert len(contents.table.seed) == 2
    assert contents.left_out.repeated_cells == 0


def test_many_results_become_one_file_in_the_order_of_their_seeds(tmp_path: Path) -> None:
    units = [tiny.unit(first, 1 + first % 3) for first in (50, 0, 20, 30)]
    for unit in units:
        stored(tmp_path, unit)
    assert brought_in(tmp_path) == []
    (path,) = listed(tmp_path)
    seeds = [seed for unit in sorted(units, key=lambda unit: unit.seeds.first)
             for seed in range(unit.seeds.first, unit.seeds.last + 1)]  # fmt: skip
    assert pq.read_table(path)["seed"].to_pylist() == seeds
    assert load(tmp_path, COMPGEN).table.seed.tolist() == seeds


def test_files_and_row_groups_are_no_longer_than_they_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 4 * len(COMPGEN.metrics) * COMPGEN.measurements
    monkeypatch.setattr(schema, "FILE_BYTES", 5 * size)
    monkeypatch.setattr(schema, "GROUP_BYTES", 2 * size)
    for first in range(0, 21, 3):
        stored(tmp_path, tiny.unit(first, 3))
    assert brought_in(tmp_path) == []
    assert [pq.read_metadata(path).num_rows for path in listed(tmp_path)] == [3] * 7
    monkeypatch.setattr(schema, "FILE_BYTES", 100 * size)
    for first in range(30, 51, 3):
        stored(tmp_path, tiny.unit(first, 3))
    assert brought_in(tmp_path) == []
    (large,) = (found for path in listed(tmp_path) if (found := pq.read_metadata(path)).num_rows > 3)
    assert [large.row_group(number).num_rows for number in range(large.num_row_groups)] == [2] * 10 + [1]
    assert load(tmp_path, COMPGEN).table.seed.tolist() == [*range(21), *range(30, 51)]


def test_any_parquet_reader_sees_where_a_row_comes_from(tmp_path: Path) -> None:
    answer = exact(UNIT)
    path = filed(tmp_path, UNIT, answer)
    row = pq.ParquetFile(path).read().to_pylist()[0]
    origin = {
        "workunit": UNIT.name, "boinc_id": 7, "upload": UPLOAD, "checksum": answer.checksum.hex(), "host_id": 12,
        "app_version": "0.1.0", "engine": "c", "agreement": "exact", "seed": 1000,
    }  # fmt: skip
    assert row.items() >= origin.items()
    gap = answer.values(COMPGEN)["gap"][0]
    np.testing.assert_array_equal(np.float32(row["gap"]), gap)
    assert row["gap_final"] == gap[-1]
    assert row["digest"] == answer.digests[0].tobytes().hex()

    filed(tmp_path, UNIT)
    (tmp_path / "results" / "experiment=compgen" / "version=1" / "other.part").write_bytes(b"being written")
    with duckdb.connect() as db:
        found = db.execute(
            "SELECT DISTINCT experiment, version, host_id, upload FROM read_parquet(?, hive_partitioning = true)",
            [str(tmp_path / "results" / "**" / "*.parquet")],
        ).fetchall()
    assert found == [("compgen", 1, 12, UPLOAD)]
    (path,) = listed(tmp_path)
    rows = pyarrow.dataset.dataset([str(path)], partitioning="hive", partition_base_dir=str(tmp_path / "results"))
    assert rows.to_table(columns=["experiment"])["experiment"].to_pylist() == ["compgen"] * 2


def test_what_boinc_does_not_tell_is_null(tmp_path: Path) -> None:
    row = pq.ParquetFile(filed(tmp_path, UNIT, host=None)).read().to_pylist()[0]
    assert row["host_id"] is None
    contents = load(tmp_path, COMPGEN)
    assert contents.table.seed.tolist() == [1000, 1001]
    assert (contents.hosts, contents.unknown_hosts) == (frozenset(), True)


def test_a_file_says_what_it_holds(tmp_path: Path) -> None:
    answer = exact(UNIT)
    metadata = pq.read_metadata(filed(tmp_path, UNIT, answer)).metadata
    assert json.loads(metadata[b"axiom"]) == {
        "schema": 2,
        "experiment": "compgen",
        "version": COMPGEN.version,
        "clock": {"unit": COMPGEN.clock.unit, "ticks": list(COMPGEN.clock.ticks)},
        "units": {name: metric.unit for name, metric in COMPGEN.metrics.items()},
        "results": [
            {
                "checksum": answer.checksum.hex(), "cells": 2, "workunit": UNIT.name, "boinc_id": 7, "upload": UPLOAD,
                "host_id": 12, "app_version": "0.1.0", "engine": "c", "agreement": "exact",
            }
        ],
    }  # fmt: skip


def test_a_files_name_ends_in_the_digest_that_b2sum_prints(tmp_path: Path) -> None:
    path = filed(tmp_path, UNIT)
    printed = subprocess.run(["b2sum", "-l", "128", path], capture_output=True, text=True, check=True).stdout
    assert path.name == f"compgen_1.{printed.split()[0]}.parquet"


def test_without_data_the_failure_says_so(tmp_path: Path) -> None:
    with pytest.raises(NothingAssimilated) as caught:
        load(tmp_path / "none", COMPGEN)
    assert caught.value.code == 41


def test_a_folder_that_cannot_be_made_is_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "results").write_bytes(b"a file in the way")
    stored(tmp_path, UNIT)
    with pytest.raises(CannotWrite):
        brought_in(tmp_path)


def test_a_result_that_the_archive_lacks_is_missing_and_no_other(tmp_path: Path) -> None:
    gone, torn = stored(tmp_path, UNIT), stored(tmp_path, tiny.unit(3000, 1))
    stored(tmp_path, OTHER)
    archive.place(tmp_path, gone).unlink()
    archive.place(tmp_path, torn).write_bytes(b"torn")
    missing = brought_in(tmp_path)
    assert [one.result.name for one in missing] == [UNIT.name, tiny.unit(3000, 1).name]
    assert re.search("no such file", missing[0].why, re.IGNORECASE)
    assert load(tmp_path, COMPGEN).table.seed.tolist() == [2000, 2001, 2002]


def test_another_result_in_a_results_place_in_the_archive_is_not_taken(tmp_path: Path) -> None:
    checksum = stored(tmp_path, UNIT)
    archive.place(tmp_path, checksum).write_bytes(result.encode(forged(exact(UNIT))))
    (missing,) = brought_in(tmp_path)
    assert "another result than its name says" in missing.why


def test_a_cell_that_two_results_have_alike_counts_once_and_is_told(tmp_path: Path) -> None:
    answer = exact(UNIT)
    filed(tmp_path, OTHER)
    filed(tmp_path, UNIT, answer)
    filed(tmp_path, UNIT, again(answer), 13, 1)
    contents = load(tmp_path, COMPGEN)
    assert contents.table.seed.tolist() == [1000, 1001, 2000, 2001, 2002]
    assert contents.left_out.repeated_cells == 2
    assert (contents.left_out.contradicted_seeds, contents.disagreements) == ([], [])


def test_seeds_of_which_exact_results_disagree_are_left_out_with_both_hosts_named(tmp_path: Path) -> None:
    answer = exact(UNIT)
    filed(tmp_path, OTHER)
    filed(tmp_path, UNIT, answer)
    filed(tmp_path, UNIT, forged(answer), 13, 1)
    contents = load(tmp_path, COMPGEN)
    assert contents.table.seed.tolist() == [1000, 2000, 2001, 2002]
    assert contents.left_out.contradicted_seeds == [1001]
    assert contents.left_out.contradicted_cells == 1
    assert contents.left_out.repeated_cells == 1
    (found,) = contents.disagreements
    assert {found.first.host_id, found.second.host_id} == {12, 13}
    assert {found.first.upload, found.second.upload} == {UPLOAD, f"{UNIT.name}_1_r77_0"}
    assert found.cells == 1


def test_a_digest_that_differs_is_a_disagreement_though_no_number_does(tmp_path: Path) -> None:
    answer = exact(UNIT)
    digests = answer.digests.copy()
    digests[0] = 0
    other = Result(answer.header, answer.columns, digests)
    filed(tmp_path, UNIT, answer)
    filed(tmp_path, UNIT, whole(other), 13, 1)
    contents = load(tmp_path, COMPGEN)
    assert contents.left_out.contradicted_seeds == [1000]
    assert len(contents.disagreements) == 1


def test_with_nothing_but_contradictions_the_failure_says_so(tmp_path: Path) -> None:
    unit = tiny.unit(1000, 1)
    answer = exact(unit)
    filed(tmp_path, unit, answer)
    filed(tmp_path, unit, forged(answer, 0), 13, 1)
    with pytest.raises(NothingSound, match="different numbers"):
        load(tmp_path, COMPGEN)


def test_near_results_count_only_where_they_are_asked_for(tmp_path: Path, tiny_result: Result) -> None:
    assert tiny_result.header.agreement == "near"
    filed(tmp_path, UNIT, tiny_result)
    with pytest.raises(NothingSound, match="1 near"):
        load(tmp_path, COMPGEN)
    filed(tmp_path, OTHER)
    contents = load(tmp_path, COMPGEN)
    assert contents.table.seed.tolist() == [2000, 2001, 2002]
    assert [one.cells for one in contents.left_out.near] == [2]
    assert not contents.near
    both = load(tmp_path, COMPGEN, near=True)
    assert both.table.seed.tolist() == [1000, 1001, 2000, 2001, 2002]
    assert both.near
    assert both.left_out.near == []


@pytest.mark.parametrize("lower", [True, False])
def test_of_a_cell_that_is_there_exactly_and_nearly_the_exact_one_counts(
    tmp_path: Path, tiny_result: Result, lower: bool
) -> None:
    """Whichever of the two has the lower checksum."""
    answer, near = exact(UNIT), tiny_result
    while (near.checksum < answer.checksum) is not lower:
        near = again(near)
    filed(tmp_path, UNIT, near)
    filed(tmp_path, UNIT, answer, 13, 1)
    contents = load(tmp_path, COMPGEN, near=True)
    assert contents.left_out.repeated_cells == 2
    assert (contents.disagreements, contents.near) == ([], False)
    assert contents.table.metrics["gap"].tobytes() == answer.values(COMPGEN)["gap"].tobytes()


def test_a_metric_is_read_when_it_is_asked_for_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filed(tmp_path, UNIT)
    read: list[str] = []
    real = pq.ParquetFile.read_row_group

    def noted(self: pq.ParquetFile, number: int, columns: list[str]) -> object:
        read.extend(columns)
        return real(self, number, columns=columns)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", noted)
    table = load(tmp_path, COMPGEN).table
    assert read == []
    table.final("gap")
    table.final("gap")
    assert read == ["gap_final"]
    assert table.metrics["gap"].shape == (2, COMPGEN.measurements)
    assert read == ["gap_final", "gap"]


def test_columns_that_were_asked_for_are_forgotten_where_they_would_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed(tmp_path, UNIT)
    monkeypatch.setattr(columns, "KEPT_BYTES", 2 * 2 * 4 * COMPGEN.measurements)
    metrics = load(tmp_path, COMPGEN).table.metrics
    first, second, third = list(COMPGEN.metrics)[:3]
    one, two = metrics[first], metrics[second]
    assert (metrics[first] is one, metrics[second] is two) == (True, True)
    metrics[third]
    assert (metrics[second] is two, metrics[first] is one) == (True, False)


def test_a_seed_with_part_of_the_grid_is_in_the_table_and_counted(tmp_path: Path) -> None:
    filed(tmp_path, UNIT)
    contents = load(tmp_path, COMPGEN)
    assert contents.left_out.incomplete_seeds == 2
    assert contents.table.seed.tolist() == [1000, 1001]
