"""export: what others get is what findings rest on, the same bytes for the same data, and tells nobody's host."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from kernels.cells import Value
from kernels.experiments import EXPERIMENTS
from kernels.formats import workunit
from kernels.formats.result import Result
from server_validator.dataset import archive, compaction, export, lock, mending, pseudonyms, schema, withdrawals
from server_validator.dataset.withdrawals import Rule
from server_validator.ledger import Ledger, verdicts
from server_validator.ledger.verdicts import Verdict
from tests.kernels import tiny
from tests.kernels.disk import PAGE, mounted
from tests.server_validator.data import Run, one_line
from tests.server_validator.dataset.test_dataset import again, forged
from tests.server_validator.storing import COMPGEN, brought_in, damage, exact, filed, stored

WIDTHS: dict[str, list[Value]] = {"width": [32, 256], "learning_rate": [0.01, 0.05]}
UNITS = [tiny.unit(20, 2), tiny.unit(0, 3, **WIDTHS), tiny.unit(10, 1)]
HOSTS = [987654321, 123456789, 1234567890]  # too long to come about in a digest
FILES = ["README.md", "SHA256SUMS", "croissant.json", "data/experiment=compgen/version=1/part-00000.parquet"]
MORTAL = """
import os, signal, sys
from pathlib import Path
from kernels.formats import atomic
from server_validator.cli import main

left = int(sys.argv[1])

def mortal(real):
    def call(*arguments):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return real(*arguments)
    return call

atomic.write = mortal(atomic.write)
Path.rename = mortal(Path.rename)
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture(scope="module")
def answers() -> list[Result]:
    return [exact(unit) for unit in UNITS]


@pytest.fixture
def data(tmp_path: Path, answers: list[Result]) -> Path:
    """Three results of three hosts that wait to be written into the data set."""
    for unit, answer, host in zip(UNITS, answers, HOSTS, strict=True):
        stored(tmp_path / "data", unit, answer, host)
    return tmp_path / "data"


def listed(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def content(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in listed(folder)}


def rows(folder: Path, name: str = "compgen") -> list[dict[str, Any]]:
    """All rows of an experiment, one file after the other."""
    paths = sorted(folder.glob(f"data/experiment={name}/version=1/*.parquet"))
    return [row for path in paths for row in pq.ParquetFile(path).read().to_pylist()]


def seeds(folder: Path) -> list[int]:
    return sorted({row["seed"] for row in rows(folder)})


def card(folder: Path) -> str:
    return (folder / "README.md").read_text(encoding="utf-8")


def test_every_cell_is_a_row_with_what_was_computed_and_where_it_comes_from(
    data: Path, tmp_path: Path, answers: list[Result], run: Callable[..., Run]
) -> None:
    done = run("--data", data, "export", tmp_path / "out")
    assert (done.code, done.err) == (0, "")
    assert listed(tmp_path / "out") == FILES
    found = rows(tmp_path / "out")
    order = [(row["seed"], row["width"], row["depth"], row["learning_rate"]) for row in found]
    assert order == sorted(order)
    hidden = pseudonyms.opened(data)
    by_cell = {(row["seed"], row["width"], row["learning_rate"]): row for row in found}
    assert len(by_cell) == len(found) == 15
    for unit, answer, host in zip(UNITS, answers, HOSTS, strict=True):
        curves = answer.values(COMPGEN)
        for number, cell in enumerate(unit.cells):
            row = by_cell[cell.seed, cell.condition["width"], cell.condition["learning_rate"]]
            assert row["digest"] == answer.digests[number].tobytes().hex()
            assert (row["workunit"], row["host"]) == (unit.name, hidden.of(host))
            assert (row["app_version"], row["engine"], row["agreement"]) == ("0.1.0", "c", "exact")
            for name, curve in curves.items():
                assert np.float32(row[name]).tobytes() == curve[number].tobytes()
                assert row[f"{name}_final"] == row[name][-1]


def test_columns_tell_their_meaning_and_unit(data: Path, tmp_path: Path, run: Callable[..., Run]) -> None:
    run("--data", data, "export", tmp_path / "out")
    columns = pq.read_schema(tmp_path / "out" / FILES[-1])
    about = json.loads(columns.metadata[b"axiom"])
    assert about["clock"] == {"unit": "epoch", "ticks": list(COMPGEN.clock.ticks)}
    for column in columns:
        assert column.metadata[b"meaning"]
        assert f"| `{column.name}` | " in card(tmp_path / "out")
    for name, metric in COMPGEN.metrics.items():
        assert columns.field(name).metadata == {b"meaning": metric.meaning.encode(), b"unit": metric.unit.encode()}
        assert about["units"][name] == about["units"][f"{name}_final"] == metric.unit


def test_the_same_data_are_the_same_bytes_however_their_files_came_about(
    data: Path, tmp_path: Path, answers: list[Result], run: Callable[..., Run]
) -> None:
    run("--data", data, "export", tmp_path / "waiting")
    with lock.changing(data):
        compaction.join(data, COMPGEN)
    run("--data", data, "export", tmp_path / "joined")
    with Ledger(data) as ledger:
        mending.rebuild(ledger)
    run("--data", data, "export", tmp_path / "rebuilt")
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / pseudonyms.FILE).write_bytes((data / pseudonyms.FILE).read_bytes())
    for unit, answer, host in zip(reversed(UNITS), reversed(answers), reversed(HOSTS), strict=True):
        filed(other, unit, answer, host)
    run("--data", other, "export", tmp_path / "by other files")
    first = content(tmp_path / "waiting")
    for name in ("joined", "rebuilt", "by other files"):
        assert content(tmp_path / name) == first


def test_many_rows_are_several_files_in_one_order(
    data: Path, tmp_path: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of the results lie across each other: seeds 0 to 4 are parted in two results by their widths."""
    stored(data, tiny.unit(0, 3, width=[64]))
    run("--data", data, "export", tmp_path / "one")
    size = 4 * len(COMPGEN.metrics) * COMPGEN.measurements
    monkeypatch.setattr(export, "FILE_BYTES", 7 * size)
    monkeypatch.setattr(schema, "GROUP_BYTES", 2 * size)
    run("--data", data, "export", tmp_path / "several")
    paths = sorted((tmp_path / "several" / "data").rglob("*.parquet"))
    assert [path.name for path in paths] == [f"part-0000{number}.parquet" for number in range(3)]
    told = [pq.read_metadata(path) for path in paths]
    assert [[one.row_group(number).num_rows for number in range(one.num_row_groups)] for one in told] == [
        [2, 2, 2, 1], [2, 2, 2, 1], [2, 2],
    ]  # fmt: skip
    assert rows(tmp_path / "several") == rows(tmp_path / "one")


def test_the_digest_of_everything_is_that_of_the_list_of_digests(
    data: Path, tmp_path: Path, run: Callable[..., Run]
) -> None:
    done = run("--data", data, "export", tmp_path / "out")
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "out", capture_output=True, text=True)
    assert checked.stdout.splitlines() == [f"{name}: OK" for name in FILES if name != "SHA256SUMS"]
    digest = hashlib.sha256((tmp_path / "out" / "SHA256SUMS").read_bytes()).hexdigest()
    assert done.out.splitlines()[-1].endswith(digest)


def test_nothing_tells_a_host_an_upload_or_boincs_numbers(
    data: Path, tmp_path: Path, answers: list[Result], run: Callable[..., Run]
) -> None:
    """Of Parquet files the columns are searched as they are without compression, too."""
    brought_in(data)
    filed(data, UNITS[0], again(answers[0]), 555555555, 1)
    stored(data, tiny.unit(40, 1), host=None)
    withdrawals.enter(data, Rule("host_id", HOSTS[2]))
    assert run("--data", data, "export", tmp_path / "out").code == 0
    for path in list((tmp_path / "out").rglob("*.parquet")):
        plain = tmp_path / f"{path.name}.plain"
        table = pq.ParquetFile(path).read()
        pq.write_table(table, plain, compression="none", use_dictionary=False)
        path.with_suffix(".text").write_text(str(table.to_pylist()))
        path.with_suffix(".bytes").write_bytes(plain.read_bytes())
    for name, found in content(tmp_path / "out").items():
        for host in (*HOSTS, 555555555):
            assert str(host).encode() not in found, name
            assert host.to_bytes(8, "little") not in found, name
        for word in (b"_r77_0", b"host_id", b"boinc_id", b"upload", str(tmp_path).encode()):
            assert word not in found, (name, word)
        for answer in answers:
            assert answer.checksum.hex().encode() not in found
    assert {row["host"] is None for row in rows(tmp_path / "out")} == {False, True}


def test_pseudonyms_are_the_same_in_the_next_export_and_others_elsewhere(
    data: Path, tmp_path: Path, run: Callable[..., Run]
) -> None:
    run("--data", data, "export", tmp_path / "one")
    stored(data, tiny.unit(50, 1), host=HOSTS[0])
    run("--data", data, "export", tmp_path / "next")
    hosts = {row["seed"]: row["host"] for row in rows(tmp_path / "next")}
    assert {row["seed"]: row["host"] for row in rows(tmp_path / "one")}.items() < hosts.items()
    assert hosts[50] == hosts[20]
    assert len({hosts[0], hosts[10], hosts[20]}) == 3
    (data / pseudonyms.FILE).unlink()
    run("--data", data, "export", tmp_path / "another key")
    assert not {row["host"] for row in rows(tmp_path / "another key")} & set(hosts.values())


def test_what_findings_leave_out_is_left_out_and_counted(
    data: Path, tmp_path: Path, tiny_result: Result, run: Callable[..., Run]
) -> None:
    run("--data", data, "export", tmp_path / "before")
    stored(data, tiny.unit(1000, 2), tiny_result)
    revoked = stored(data, tiny.unit(60, 1))
    stored(data, tiny.unit(70, 1), host=13)
    brought_in(data)
    contradicted = tiny.unit(80, 1)
    filed(data, contradicted)
    filed(data, contradicted, forged(exact(contradicted), 0), 14, 1)
    damage(filed(data, tiny.unit(90, 1)))
    for checksum in (exact(tiny.unit(90, 1)).checksum, stored(data, tiny.unit(95, 1))):
        archive.place(data, checksum).unlink()
    with Ledger(data) as ledger:
        verdicts.record(ledger, Verdict("", revoked, tiny.unit(60, 1).name, 25, "cell 1 differs"))
    withdrawals.enter(data, Rule("host_id", 13))
    assert run("--data", data, "export", tmp_path / "out").code == 0
    assert seeds(tmp_path / "out") == [0, 1, 2, 10, 20, 21]
    assert rows(tmp_path / "out") == rows(tmp_path / "before")
    for said in (
        "1 result with 2 cells, computed by an engine that is not exact",
        "1 result with 1 cell, withdrawn by staff",
        "1 result with 1 cell, found wrong by a later look",
        "1 seed with 1 cell, of which two results have different numbers",
        "1 damaged file",
        "2 results that no sound file has",
        "part of the grid of 6 seeds",
    ):
        assert f"- `compgen`: {said}" in card(tmp_path / "out")
    assert "withdrawn" not in card(tmp_path / "before")


def test_a_cell_that_two_results_have_is_one_row(
    data: Path, tmp_path: Path, answers: list[Result], run: Callable[..., Run]
) -> None:
    run("--data", data, "export", tmp_path / "before")
    filed(data, UNITS[2], again(answers[2]), 14, 1)
    assert run("--data", data, "export", tmp_path / "out").code == 0
    assert seeds(tmp_path / "out") == seeds(tmp_path / "before")
    assert len(rows(tmp_path / "out")) == len(rows(tmp_path / "before"))
    assert "- `compgen`: 1 row of cells that another result has as well" in card(tmp_path / "out")


def test_the_cards_header_names_each_experiments_files(data: Path, tmp_path: Path, run: Callable[..., Run]) -> None:
    run("--data", data, "export", tmp_path / "out")
    header = yaml.safe_load(card(tmp_path / "out").split("---\n")[1])
    assert header["license"] == "cc-by-4.0"
    assert header["size_categories"] == ["n<1K"]
    (config,) = header["configs"]
    assert config["config_name"] == "compgen"
    assert [path.name for path in (tmp_path / "out").glob(config["data_files"])] == ["part-00000.parquet"]
    assert "| 15 | 6 | 3 | 1 |" in card(tmp_path / "out"), "cells, seeds, hosts, files"


def test_the_card_tells_how_to_compute_a_row_again(data: Path, tmp_path: Path, run: Callable[..., Run]) -> None:
    run("--data", data, "export", tmp_path / "out")
    (line,) = [line for line in card(tmp_path / "out").splitlines() if line.startswith('    {"format"')]
    (tmp_path / "wu.json").write_text(line.strip())
    unit = workunit.read(tmp_path / "wu.json", EXPERIMENTS)
    assert len(unit.cells) == 1
    assert exact(unit).digests[0].tobytes().hex() == rows(tmp_path / "out")[0]["digest"]


@pytest.mark.filterwarnings("ignore")  # of the libraries that read it
def test_croissant_metadata_are_valid_and_load_the_records(
    data: Path, tmp_path: Path, run: Callable[..., Run], caplog: pytest.LogCaptureFixture
) -> None:
    import mlcroissant

    run("--data", data, "export", tmp_path / "out")
    text = (tmp_path / "out" / "croissant.json").read_text(encoding="utf-8")
    described = mlcroissant.Dataset(tmp_path / "out" / "croissant.json")
    issues = described.metadata.ctx.issues
    assert not issues.errors
    assert all("datePublished" in one or "/version" in one for one in issues.warnings), "an export has neither"
    assert "not standard" not in caplog.text
    (record_set,) = described.metadata.record_sets
    lists = {field.name for field in record_set.fields if field.repeated}
    assert lists == set(COMPGEN.metrics)
    records = list(described.records("compgen"))
    wanted = rows(tmp_path / "out")
    assert len(records) == len(wanted)
    for record, row in zip(records, wanted, strict=True):
        plain = {name: value.encode() if isinstance(value, str) else value for name, value in row.items()}
        assert record == {f"compgen/{name}": value for name, value in plain.items()}
    files = [entry for entry in json.loads(text)["distribution"] if entry["@type"] == "cr:FileObject"]
    for entry in files:
        found = (tmp_path / "out" / entry["contentUrl"]).read_bytes()
        assert entry["sha256"] == hashlib.sha256(found).hexdigest()
        assert entry["contentSize"] == f"{len(found)} B"
    assert [entry["contentUrl"] for entry in files] == FILES[3:]


def test_killed_at_any_moment_it_leaves_no_half_export(data: Path, tmp_path: Path, run: Callable[..., Run]) -> None:
    """And the next one goes on as if there had been none."""
    run("--data", data, "export", tmp_path / "whole")
    out, kills = tmp_path / "out", 0
    while True:
        command = [sys.executable, "-c", MORTAL, str(kills), "--data", str(data), "export", str(out)]
        code = subprocess.run(command, capture_output=True).returncode
        if code == 0:
            break
        assert code == -signal.SIGKILL
        assert not out.exists()
        kills += 1
    assert kills == len(FILES) + 1, "before each file, and before the renaming"
    assert content(out) == content(tmp_path / "whole")
    assert not (tmp_path / "out.part").exists()


def test_on_a_full_disk_it_is_33_and_nothing_is_left(data: Path, tmp_path: Path, run: Callable[..., Run]) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    brought_in(data)
    with mounted(disk, 5):
        done = run("--data", data, "export", disk / "out")
        assert done.code == 33
        assert "Free some space" in one_line(done)
        assert list(disk.iterdir()) == []
        assert os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize == 5 * PAGE


def test_a_folder_that_has_something_is_61(data: Path, tmp_path: Path, run: Callable[..., Run]) -> None:
    assert run("--data", data, "export", tmp_path / "out").code == 0
    before = content(tmp_path / "out")
    stored(data, tiny.unit(50, 1))
    done = run("--data", data, "export", tmp_path / "out")
    assert done.code == 61
    assert "new or empty" in one_line(done)
    assert content(tmp_path / "out") == before


def test_with_nothing_to_export_there_is_no_folder(tmp_path: Path, run: Callable[..., Run]) -> None:
    data = tmp_path / "data"
    assert run("--data", data, "export", tmp_path / "out").code == 45, "no ledger tells what was revoked"
    run("--data", data, "init")
    assert run("--data", data, "export", tmp_path / "out").code == 41
    stored(data, tiny.unit(), host=13)
    withdrawals.enter(data, Rule("host_id", 13))
    done = run("--data", data, "export", tmp_path / "out")
    assert done.code == 48
    assert "compgen" in one_line(done)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_an_experiment_of_which_nothing_can_be_used_is_told_and_48(
    data: Path, tmp_path: Path, run: Callable[..., Run]
) -> None:
    folder = data / "results" / "experiment=prunecomp" / "version=1"
    folder.mkdir(parents=True)
    (folder / "torn.parquet").write_bytes(b"")
    done = run("--data", data, "export", tmp_path / "out")
    assert done.code == 48
    assert "prunecomp" in one_line(done)
    assert listed(tmp_path / "out") == FILES
    assert "- `prunecomp`: all, since none of its results can be used" in card(tmp_path / "out")
