"""assimilate: what was found valid is stored, and what BOINC gave up remembered."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kernels import tiny
from tests.server_validator.data import Run
from tests.server_validator.forging import changed


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
    assert run("--data", data.parent / "none", "assimilate", "--error", 4, "x", 77, 3).code == 42


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


def test_a_full_disk_is_33_and_leaves_the_data_set_as_it_was(
    data: Path, run: Callable[..., Run], tiny_file: Path
) -> None:
    from tests.kernels.disk import full_above

    assert run("--data", data, "assimilate", 1, tiny_file).code == 0
    folder = data / "results" / "compgen" / "1"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    # Above the ledger's size, so that only the data set meets the limit.
    table = next(iter(before.values()))
    shutil.copy(data / "ledger.sqlite", data / "kept")
    with full_above(len(table) - 1):
        code = run("--data", data, "assimilate", 1, tiny_file).code
    assert code in (33, 42)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_failure_of_a_work_unit_nobody_issued_is_refused(tmp_path: Path, run: Callable[..., Run]) -> None:
    data = tmp_path / "data"
    assert run("--data", data, "make-wu", "compgen", "--count", 1, "--first", 1).code == 0
    assert run("--data", data, "assimilate", "--error", 16, "compgen_1_2_1", 7, 0).code == 22
    assert run("--data", data, "assimilate", "--error", 16, "compgen_1_1_1", 7, 0).code == 0
