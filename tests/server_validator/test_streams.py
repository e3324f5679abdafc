"""Standard output that is full, closed, read no further, or of another encoding: a sentence and the right exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kernels.formats.workunit import Seeds, WorkUnit
from server_validator.ledger import Ledger
from server_validator.ledger.issued import find
from tests.kernels import tiny
from tests.server_validator.data import Run, issued

SERVER = Path(sys.executable).with_name("axiom-server")
UNIT = WorkUnit(tiny.unit().experiment, Seeds(3, 1))


def shell(line: str, folder: Path, **environment: str) -> tuple[int, str]:
    """The exit code of the last command that bash sees fail, and what is said on standard error."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.replace("SERVER", f"'{SERVER}' --data data")],
        cwd=folder, env={**os.environ, "COLUMNS": "200", **environment}, capture_output=True, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stderr.decode(errors="replace")


@pytest.fixture
def folder(tmp_path: Path, tiny_bytes: bytes) -> Path:
    """With a data directory, and results enough that what `show` prints of them fills every pipe."""
    issued(tmp_path)
    (tmp_path / "r").write_bytes(tiny_bytes)
    return tmp_path


def was_issued(folder: Path, unit: WorkUnit) -> bool:
    with Ledger(folder / "data") as ledger:
        return find(ledger, unit.digest) is not None


@pytest.mark.parametrize("command", ["show r", "show --json r", "--help"])
@pytest.mark.parametrize(
    ("where", "why"), [(">/dev/full", "No space left on device"), (">&-", "it is closed")], ids=["full", "closed"]
)
def test_output_that_cannot_be_written_is_33_in_one_sentence(folder: Path, command: str, where: str, why: str) -> None:
    code, said = shell(f"SERVER {command} {where}", folder)
    assert code == 33
    assert said.startswith(f"axiom-server: Cannot write the standard output: {why}.")
    assert said.count("\n") == 1


@pytest.mark.parametrize("command", ["show r", "show --json r", "--help"])
def test_a_reader_that_has_enough_ends_it_quietly(folder: Path, command: str) -> None:
    assert shell(f"SERVER {command} | head -n 1 >/dev/null", folder) == (0, "")
    assert shell(f"SERVER {command} | sleep 0", folder) == (0, "")


@pytest.mark.parametrize("where", [">/dev/full", ">&-", "| sleep 0"], ids=["full", "closed", "unread"])
def test_no_seeds_are_entered_for_a_work_unit_that_nobody_gets(folder: Path, where: str) -> None:
    code, said = shell(f"SERVER make-wu compgen --first 3 --count 1 {where}", folder)
    assert code == 33
    assert "Cannot write the standard output" in said
    assert not was_issued(folder, UNIT)


@pytest.mark.parametrize(("out", "code"), [("''", 2), ("none/wu.json", 33), ("/dev/full/x", 33)])
def test_no_seeds_are_entered_for_a_file_that_cannot_be_written(folder: Path, out: str, code: int) -> None:
    assert shell(f"SERVER make-wu compgen --first 3 --count 1 --out {out}", folder)[0] == code
    assert not was_issued(folder, UNIT)
    assert shell("SERVER make-wu compgen --first 3 --count 1 --out wu.json", folder)[0] == 0
    assert was_issued(folder, UNIT)


@pytest.mark.parametrize("words", ["2>/dev/full", "2>&-", "2> >(sleep 0)"], ids=["full", "closed", "unread"])
def test_complaints_that_nobody_gets_leave_the_exit_code(folder: Path, words: str) -> None:
    assert shell(f"SERVER show none {words}", folder)[0] == 32
    assert shell(f"SERVER make-wu compgen --first 3 --count 1 --out wu.json {words}", folder)[0] == 0


@pytest.mark.parametrize("where", [">/dev/full", ">&-", "| sleep 0"], ids=["full", "closed", "unread"])
def test_a_verdict_that_nobody_reads_is_still_the_exit_code(folder: Path, where: str) -> None:
    code, said = shell(f"SERVER validate r {where}", folder)
    assert (code, said) == (0, "")
    (folder / "r").write_bytes(b"torn")
    assert shell(f"SERVER validate r {where}", folder)[0] == 20


@pytest.mark.parametrize("files", ["r", "r r r"])
def test_results_that_cannot_be_compared_are_a_wrong_command_line(folder: Path, files: str) -> None:
    code, said = shell(f"SERVER compare {files}", folder)
    assert (code, said.count("\n")) == (2, 1)
    assert "are not as many of one result as of another" in said


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "euc-jp"])
def test_a_terminal_of_another_encoding_gets_bars_that_it_has(folder: Path, encoding: str) -> None:
    (folder / "r").rename(folder / "r\u00e9\u6f22")
    code, said = shell("SERVER show r* >shown", folder, PYTHONIOENCODING=encoding)
    assert (code, said) == (0, "")
    text = (folder / "shown").read_bytes().decode(encoding)
    gap = next(line for line in text.splitlines() if line.startswith("  gap"))
    assert set(gap.split()[1]) <= set("_.-~=+*#")
    assert len(gap.split()[1]) == tiny.unit().experiment.measurements


@pytest.mark.parametrize(
    "words",
    [
        ["show", "r", "--plot", "x.xyz"], ["show", "r", "--plot", ""], ["show", ""], ["findings", "--plots", ""],
        ["--data", "", "findings"], ["repair", ""],
    ],
)  # fmt: skip
def test_paths_that_are_none_are_a_wrong_command_line(run: Callable[..., Run], words: list[str]) -> None:
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert "usage: axiom-server" in done.err


def test_an_empty_variable_names_no_data_directory(folder: Path) -> None:
    line = f"AXIOM_DATA= '{SERVER}' findings"
    assert "axiom-data" in shell(line, folder)[1]
