"""assimilate: what was found valid is stored, and what BOINC gave up remembered."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from kernels.experiments import compgen
from kernels.formats import result
from server_validator.checking.check import Terms
from server_validator.dataset import files, query
from tests.kernels import tiny
from tests.server_validator.data import Run, checked, issued
from tests.server_validator.forging import changed
from tests.support import commands

ROOT = Path(__file__).parents[3]


def test_assimilating_a_damaged_result_stores_nothing(
    tmp_path: Path, data: Path, run: Callable[..., Run], tiny_bytes: bytes
) -> None:
    path = tmp_path / "r"
    for content, code in ((tiny_bytes[:-1], 20), (changed(tiny_bytes, lambda top: top["cells"].pop()), 23)):
        path.write_bytes(content)
        assert run("--data", data, "assimilate", 1, path).code == code
    assert not (data / "results").exists()


def test_an_error_is_recorded(data: Path, run: Callable[..., Run]) -> None:
    for _ in range(2):
        done = run("--data", data, "assimilate", "--error", 4, tiny.unit().name, 77, 3)
        assert (done.code, done.err) == (0, "")
        assert tiny.unit().name in done.out
    assert run("--data", data.parent / "none", "assimilate", "--error", 4, "x", 77, 3).code == 45


@pytest.mark.parametrize(
    "words",
    [
        [], ["1"], ["one", "file"], ["--error", "x", "name", "1", "2"], ["--error", "1"], ["--error", "1", "name"],
        ["--error", "1", "name", "x", "2"], ["--error", "1", "name", "1", "2", "3"], ["-1", "file"], ["9" * 30, "f"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_assimilate_with_wrong_words_is_2(data: Path, run: Callable[..., Run], words: list[str]) -> None:
    done = run("--data", data, "assimilate", *words)
    assert (done.code, done.out) == (2, "")


def test_a_full_disk_is_33_and_leaves_the_data_set_as_it_was(tmp_path: Path, run: Callable[..., Run]) -> None:
    from tests.kernels.disk import full_above

    units = tiny.unit(0, 2), tiny.unit(5, 2)
    data, paths = issued(tmp_path, *units), [tmp_path / "first", tmp_path / "second"]
    for unit, path in zip(units, paths, strict=True):
        path.write_bytes(result.encode(tiny.computed(unit)))
        checked(path, data, Terms(("exact", "near"), 1, 0.0))
    assert run("--data", data, "assimilate", 1, paths[0]).code == 0
    folder = data / "results" / "compgen" / "1"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with full_above(1000):
        code = run("--data", data, "assimilate", 1, paths[1]).code
    assert code in (33, 42), "the data set or the ledger cannot be written"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert run("--data", data, "assimilate", 1, paths[1]).code == 0


def test_without_boincs_database_the_host_is_null(tmp_path: Path, run: Callable[..., Run]) -> None:
    unit = tiny.unit()
    data, path = issued(tmp_path, unit), tmp_path / f"{unit.name}_0_r77_0"
    path.write_bytes(result.encode(tiny.computed(unit)))
    checked(path, data, Terms(("exact", "near"), 1, 0.0))
    assert run("--data", data, "assimilate", "--project", tmp_path, 7, path).code == 0
    (file,) = files.listed(files.folder(data, unit.experiment))
    assert [row["host_id"] for row in pq.read_table(file).to_pylist()] == [None, None]


def test_a_failure_of_a_work_unit_nobody_issued_is_refused(tmp_path: Path, run: Callable[..., Run]) -> None:
    data = tmp_path / "data"
    assert run("--data", data, "init").code == 0
    assert run("--data", data, "make-wu", "compgen", "--count", 1, "--first", 1).code == 0
    assert run("--data", data, "assimilate", "--error", 16, "compgen_1_2_1", 7, 0).code == 22
    assert run("--data", data, "assimilate", "--error", 16, "compgen_1_1_1", 7, 0).code == 0


@pytest.mark.parametrize("name", ["a name of my own", f"{tiny.unit().name}_0_r77_0"])
def test_what_was_not_found_valid_is_not_taken_under_any_name(
    tmp_path: Path, data: Path, run: Callable[..., Run], tiny_bytes: bytes, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(tiny_bytes)
    assert run("--data", data, "assimilate", 1, path).code == 43
    assert run("--data", data, "assimilate", "--project", tmp_path, 1, path).code == (3 if " " in name else 43)
    assert not (data / "results").exists()
    assert run("--data", data, "validate", path).code == 0
    assert run("--data", data, "assimilate", 1, path).code == 0


def test_two_commands_that_store_one_result_publish_a_whole_file(
    data: Path, tmp_path: Path, run: Callable[..., Run], tiny_file: Path
) -> None:
    """Twelve at once, as two daemons or a person could; one temporary file would be torn by another's beginning."""
    assert run("--data", data, "validate", tiny_file).code == 0
    command = [sys.executable, "-m", "server_validator", "--data", str(data), "assimilate", "1", str(tiny_file)]
    with ThreadPoolExecutor(12) as pool:
        done = list(pool.map(lambda _: commands.run(command, cwd=ROOT), range(12)))
    assert [process.returncode for process in done] == [0] * 12, done[0].stderr
    assert len(query.load(data, compgen.EXPERIMENT).table.seed) > 0
    assert [path.suffix for path in (data / "results" / "compgen" / "1").iterdir()] == [".parquet"]
