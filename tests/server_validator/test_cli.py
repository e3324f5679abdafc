"""axiom-server from a work unit to a finding, and every refusal with its exit code and one line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from client import cli as worker
from kernels import cost, result, workunit
from kernels.experiments import compgen
from kernels.workunit import Seeds, WorkUnit
from server_validator import ledger
from tests.kernels import tiny
from tests.server_validator.data import Run, curve, forge, issued, put

ROOT = Path(__file__).parents[2]
PNG = b"\x89PNG\r\n\x1a\n"
WIDTHS = {"width": [32, 128]}


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("AXIOM_DATA", raising=False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return issued(tmp_path / "a place")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    return lambda *arguments: Run(capsys, *arguments)


def one_line(found: Run) -> str:
    (line,) = found.err.splitlines()
    assert line.startswith("axiom-server: ")
    return line


# --- the whole path


def test_from_a_work_unit_to_a_finding(tmp_path: Path, run: Callable[..., Run]) -> None:
    """Every command as staff types it, in folders with blanks; all 24 conditions of one seed, about 5 s."""
    folder = tmp_path / "my project"
    folder.mkdir()
    data, wu, out = folder / "the data", folder / "work unit.json", folder / "a result.msgpack"
    made = run("--data", data, "make-wu", "compgen", "--first", 70, "--count", 1, "--out", wu)
    assert made.code == 0, made.err
    assert json.loads(wu.read_bytes()) == {
        "format": 1, "experiment": "compgen", "version": 1, "seeds": {"first": 70, "count": 1}, "grid": {},
    }  # fmt: skip
    assert "compgen_1_70_1: 24 cells" in made.err
    assert worker.main(["run", str(wu), "--out", str(out), "--threads", "2"]) == 0
    valid = run("--data", data, "validate", out)
    assert (valid.code, valid.err) == (0, "")
    assert f"{out}: valid, compgen_1_70_1 of class exact" in valid.out
    assert len(re.findall(r"seed 70 \{", valid.out)) == 4
    for _ in range(2):
        stored = run("--data", data, "assimilate", 5, out)
        assert stored.code == 0, stored.err
        assert "24 cells in" in stored.out
    found = run("--data", data, "findings", "compgen", "--plots", folder / "the plots")
    assert found.code == 0, found.err
    assert "24 networks, seeds: 1;" in found.out
    (plot,) = (folder / "the plots").iterdir()
    assert plot.read_bytes().startswith(PNG)
    assert plot.stat().st_size > 5000


def assimilated(folder: Path, run: Callable[..., Run], *units: WorkUnit) -> tuple[Path, list[dict[str, Any]]]:
    """A data directory with the units' results, and all their cells by show --json."""
    data, cells = issued(folder, *units), []
    for unit in units:
        path = folder / f"{unit.name}.msgpack"
        path.write_bytes(result.encode(tiny.computed(unit)))
        assert run("--data", data, "assimilate", 1, path).code == 0
        cells += json.loads(run("show", path, "--json").out)["cells"]
    return data, cells


def test_findings_are_what_show_json_gives_by_hand(tmp_path: Path, run: Callable[..., Run]) -> None:
    units = tiny.unit(0, 5, **WIDTHS), tiny.unit(5, 4, **WIDTHS)
    data, cells = assimilated(tmp_path, run, *units)
    gap = {(c["seed"], c["condition"]["width"]): c["metrics"]["gap"][-1] for c in cells}
    found = run("--data", data, "findings")
    assert found.code == 0, found.err
    assert "18 networks, seeds: 9;" in found.out
    for width, published in ((32, "0.645"), (128, "0.679")):
        gaps = np.array([gap[seed, width] for seed in range(9)])
        row = re.search(rf"│ +{width} │ +(\S+) │ +(\S+) \.\. (\S+) │ +9 │ +(\S+) │", found.out)
        assert row is not None, found.out
        assert float(row[1]) == pytest.approx(gaps.mean(), abs=0.00051)
        low, high = bootstrap(gaps)
        assert float(row[2]) == pytest.approx(low, abs=0.004)
        assert float(row[3]) == pytest.approx(high, abs=0.004)
        assert row[4] == published
    differences = np.array([gap[seed, 128] - gap[seed, 32] for seed in range(9)])
    low, high = bootstrap(differences)
    line = re.search(r"measured: .* (\S+) \[(\S+), (\S+)\], 9 seeds", found.out)
    assert line is not None, found.out
    assert float(line[1]) == pytest.approx(differences.mean(), abs=0.000051)
    assert float(line[2]) == pytest.approx(low, abs=0.004)
    assert float(line[3]) == pytest.approx(high, abs=0.004)
    shown = (float(line[2]), float(line[3]))
    verdict = "holds" if shown[0] > 0 else "refuted" if shown[1] < 0 else "undecided"
    assert f"#31 Wider networks generalize worse to unseen combinations: {verdict}" in found.out
    assert "published: gap .645 / .663 / .679" in found.out
    assert "needs at least" not in found.out
    assert run("--data", data, "findings").out == found.out, "the same data give the same numbers"


def bootstrap(values: np.ndarray) -> tuple[float, float]:
    """By numpy's own generator."""
    draw = np.random.default_rng(0)
    means = values[draw.integers(0, len(values), (50_000, len(values)))].mean(1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def test_few_seeds_are_said_to_decide_nothing(tmp_path: Path, run: Callable[..., Run]) -> None:
    data, _ = assimilated(tmp_path, run, tiny.unit(0, 2, **WIDTHS))
    found = run("--data", data, "findings", "compgen")
    assert ": undecided" in found.out
    assert "a decision needs at least 8 seeds" in found.out


def test_a_claim_without_its_widths_is_undecided(tmp_path: Path, run: Callable[..., Run]) -> None:
    data, _ = assimilated(tmp_path, run, tiny.unit())
    found = run("--data", data, "findings", "--plots", tmp_path / "plots")
    assert found.code == 0, found.err
    assert "no complete seed" in found.out
    assert ": undecided" in found.out


def test_findings_without_data_are_41(data: Path, run: Callable[..., Run]) -> None:
    found = run("--data", data, "findings")
    assert found.code == 41
    assert "Assimilate results first" in one_line(found)


def test_plots_that_cannot_be_written_are_33(tmp_path: Path, run: Callable[..., Run]) -> None:
    data, _ = assimilated(tmp_path, run, tiny.unit())
    (tmp_path / "file").write_bytes(b"")
    assert run("--data", data, "findings", "--plots", tmp_path / "file").code == 33


def test_a_damaged_data_set_is_one_sentence(tmp_path: Path, run: Callable[..., Run]) -> None:
    data, _ = assimilated(tmp_path, run, tiny.unit())
    (data / "results" / "compgen" / "1" / "other.parquet").write_bytes(b"damaged")
    found = run("--data", data, "findings")
    assert found.code not in (0, 1)
    one_line(found)


# --- make-wu


def test_make_wu_prints_the_work_unit_without_out(tmp_path: Path, run: Callable[..., Run]) -> None:
    made = run("--data", tmp_path / "new" / "data", "make-wu", "compgen", "--first", 3, "--count", 2)
    assert made.code == 0
    unit = workunit.decode(made.out.encode(), "stdout")
    assert unit == WorkUnit(1, "compgen", 1, Seeds(3, 2))
    assert ledger.find(tmp_path / "new" / "data", workunit.digest(unit)) == unit


def test_make_wu_without_count_makes_ten_minutes_of_work_and_tells_its_bounds(
    tmp_path: Path, run: Callable[..., Run]
) -> None:
    made = run("--data", tmp_path / "data", "make-wu", "compgen", "--first", 3)
    unit = workunit.decode(made.out.encode(), "stdout")
    assert [unit] == cost.default_units("compgen", 3)
    words = made.err.splitlines()[-1].split()
    told = dict(zip(words[2::2], map(float, words[3::2]), strict=True))
    found = cost.cost(unit)
    assert told["--rsc_fpops_est"] == pytest.approx(found.operations, rel=0.01)
    assert told["--rsc_fpops_bound"] > 10 * found.operations
    assert told["--rsc_memory_bound"] > found.memory
    assert told["--rsc_disk_bound"] > found.disk


def test_make_wu_of_a_long_seed_makes_several_work_units(tmp_path: Path, run: Callable[..., Run]) -> None:
    parts = cost.default_units("cellauto", 3)
    assert len(parts) > 1
    for _ in range(2):
        made = run("--data", tmp_path, "make-wu", "cellauto", "--first", 3, "--out", tmp_path / "wu.json")
        assert (made.code, made.out) == (0, "")
        files = [tmp_path / f"wu-{number}.json" for number in range(1, len(parts) + 1)]
        assert [workunit.read(file) for file in files] == parts
    for part, file in zip(parts, files, strict=True):
        assert ledger.find(tmp_path, workunit.digest(part)) == part
        assert f"{part.name} in {file}" in made.err
    printed = run("--data", tmp_path, "make-wu", "cellauto", "--first", 4)
    lines = printed.out.splitlines()
    assert [workunit.decode(line.encode(), "line") for line in lines] == cost.default_units("cellauto", 4)


def test_make_wu_again_gives_the_same_file(tmp_path: Path, run: Callable[..., Run]) -> None:
    outs = [tmp_path / name for name in ("a.json", "b.json")]
    for out in outs:
        assert run("--data", tmp_path, "make-wu", "compgen", "--first", 3, "--count", 2, "--out", out).code == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_make_wu_of_taken_seeds_is_40_and_writes_nothing(tmp_path: Path, data: Path, run: Callable[..., Run]) -> None:
    made = run("--data", data, "make-wu", "compgen", "--first", 1001, "--count", 5, "--out", tmp_path / "wu.json")
    assert made.code == 40
    assert "first free seed is 1002" in one_line(made)
    assert not (tmp_path / "wu.json").exists()
    assert made.out == ""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nope", "--first", "1", "--count", "1"], 12),
        (["compgen", "--first", "1", "--count", "200"], 16),
        (["memdyn", "--first", "1", "--count", "800"], 16),  # 4000 cells, whose result the validator would refuse
        (["compgen", "--first", str(2**48 - 1), "--count", "2"], 14),
        (["compgen", "--first", str(2**48), "--count", "1"], 2),
        (["compgen", "--first", "-1", "--count", "1"], 2),
        (["compgen", "--first", "1.0", "--count", "1"], 2),
        (["compgen", "--first", "1", "--count", "0"], 2),
        (["--first", "1", "--count", "1"], 2),
    ],
)
def test_a_work_unit_that_a_worker_would_refuse_is_not_issued(
    tmp_path: Path, run: Callable[..., Run], arguments: list[str], code: int
) -> None:
    made = run("--data", tmp_path / "data", "make-wu", *arguments)
    assert (made.code, made.out) == (code, "")
    assert not (tmp_path / "data").exists()


def test_the_data_directory_comes_from_the_environment(
    tmp_path: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXIOM_DATA", str(tmp_path / "from env"))
    assert run("make-wu", "compgen", "--first", 3, "--count", 1).code == 0
    assert (tmp_path / "from env" / "ledger.sqlite").is_file()


# --- validate


def test_validate_takes_several_files_and_a_bad_one_is_told(
    tmp_path: Path, data: Path, run: Callable[..., Run], tiny_bytes: bytes
) -> None:
    good, bad, none = tmp_path / "good", tmp_path / "bad", tmp_path / "none"
    good.write_bytes(tiny_bytes)
    bad.write_bytes(tiny_bytes[:-1])
    found = run("--data", data, "validate", bad, good, none)
    assert found.code != 0
    assert f"{good}: valid" in found.out
    assert [str(p) in line for p, line in zip((bad, none), found.err.splitlines(), strict=True)] == [True, True]
    assert run("--data", data, "validate", bad).code == 20
    assert run("--data", data, "validate", good).code == 0


def test_validate_refuses_invented_numbers_with_25(
    tmp_path: Path, data: Path, run: Callable[..., Run], tiny_bytes: bytes
) -> None:
    path = tmp_path / "forged"
    path.write_bytes(forge(tiny_bytes, lambda top: put(top, 0, "train_loss", curve(top, 0, "train_loss") / 2)))
    found = run("--data", data, "validate", path)
    assert (found.code, found.out) == (25, "")
    assert "train_loss" in one_line(found)


def test_a_result_from_elsewhere_is_22(tmp_path: Path, run: Callable[..., Run], tiny_file: Path) -> None:
    data = issued(tmp_path, tiny.unit(1))
    assert run("--data", data, "validate", tiny_file).code == 22
    assert run("--data", data, "assimilate", 1, tiny_file).code == 22


def test_a_fault_of_the_checker_is_3_and_says_nothing_about_the_result(
    data: Path, run: Callable[..., Run], tiny_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from kernels.experiments import EXPERIMENTS

    def broken(*_: Any) -> Any:
        raise MemoryError("no memory\nleft")

    monkeypatch.setitem(EXPERIMENTS, "compgen", replace(compgen.EXPERIMENT, start=broken))
    found = run("--data", data, "validate", tiny_file)
    assert found.code == 3
    assert "no memory left" in one_line(found)


@pytest.mark.parametrize("ledger_is", ["garbage", "missing", "a folder", "locked"])
def test_a_data_directory_that_cannot_be_used_is_3_for_the_validator(
    data: Path, run: Callable[..., Run], tiny_file: Path, ledger_is: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = data / "ledger.sqlite"
    if ledger_is == "garbage":
        path.write_bytes(b"garbage" * 1000)
    elif ledger_is == "missing":
        path.unlink()
    elif ledger_is == "a folder":
        path.unlink()
        path.mkdir()
    else:
        import sqlite3

        monkeypatch.setattr(ledger, "_LOCK_SECONDS", 0.05)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            assert run("--data", data, "validate", tiny_file).code == 3
        finally:
            other.close()
        return
    assert run("--data", data, "validate", tiny_file).code == 3


@pytest.mark.parametrize("command", ["validate", "assimilate", "show"])
@pytest.mark.parametrize("name", ["folder", "none", "loop", "fifo", "/dev/zero", "socket"])
def test_what_is_no_file_ends_at_once_with_32(
    tmp_path: Path, data: Path, run: Callable[..., Run], command: str, name: str
) -> None:
    import socket

    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")
    here = os.open(".", os.O_RDONLY)
    os.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        os.fchdir(here)
        os.close(here)
        found = run("--data", data, command, *(["1"] if command == "assimilate" else []), tmp_path / name)
    assert (found.code, found.out) == (32, "")
    assert name in one_line(found)


def test_huge_and_empty_files_are_refused(tmp_path: Path, data: Path, run: Callable[..., Run]) -> None:
    for size in (0, 10**12):
        with (tmp_path / "r").open("wb") as file:
            file.truncate(size)
        for command in ("validate", "show"):
            assert run("--data", data, command, tmp_path / "r").code == 20


# --- assimilate


def test_assimilating_a_damaged_result_stores_nothing(
    tmp_path: Path, data: Path, run: Callable[..., Run], tiny_bytes: bytes
) -> None:
    path = tmp_path / "r"
    for content, code in ((tiny_bytes[:-1], 20), (forge(tiny_bytes, lambda top: top["cells"].pop()), 23)):
        path.write_bytes(content)
        assert run("--data", data, "assimilate", 1, path).code == code
    assert not (data / "results").exists()


def test_an_error_is_recorded(data: Path, run: Callable[..., Run]) -> None:
    for _ in range(2):
        found = run("--data", data, "assimilate", "--error", 4, tiny.unit().name, 77, 3)
        assert (found.code, found.err) == (0, "")
        assert tiny.unit().name in found.out
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
    found = run("--data", data, "assimilate", *words)
    assert (found.code, found.out) == (2, "")


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


# --- everything else


@pytest.mark.parametrize("arguments", [[], ["fly"], ["validate"], ["show"], ["--data"]])
def test_a_wrong_command_line_is_2(run: Callable[..., Run], arguments: list[str]) -> None:
    found = run(*arguments)
    assert (found.code, found.out) == (2, "")
    assert "usage: axiom-server" in found.err


def test_help_names_the_commands(run: Callable[..., Run]) -> None:
    found = run("--help")
    assert found.code == 0
    assert all(command in found.out for command in ("make-wu", "validate", "assimilate", "show", "findings"))


def test_as_a_process_it_ends_with_the_code_and_one_line(tmp_path: Path, tiny_file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "server_validator", "--data", tmp_path / "none", "validate", tmp_path / "nothing"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (32, "")
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_experiment_has_no_findings(run: Callable[..., Run]) -> None:
    assert run("findings", "nope").code == 12


def test_a_new_ledger_is_announced_once(tmp_path: Path, run: Callable[..., Run]) -> None:
    command = ("--data", tmp_path / "data", "make-wu", "compgen", "--count", 1, "--first")
    assert "a new ledger was made" in run(*command, 1).err
    assert "ledger" not in run(*command, 2).err


def test_a_failure_of_a_work_unit_nobody_issued_is_refused(tmp_path: Path, run: Callable[..., Run]) -> None:
    data = tmp_path / "data"
    assert run("--data", data, "make-wu", "compgen", "--count", 1, "--first", 1).code == 0
    assert run("--data", data, "assimilate", "--error", 16, "compgen_1_2_1", 7, 0).code == 22
    assert run("--data", data, "assimilate", "--error", 16, "compgen_1_1_1", 7, 0).code == 0
