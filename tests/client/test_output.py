"""What is printed where it cannot be written, or not be seen: a sentence and its code, and the work goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernels.formats import result
from tests.client.sessions import cells
from tests.client.standalone import redirected, written
from tests.kernels import tiny

NOWHERE = pytest.mark.parametrize("where", ["> /dev/full", ">&-"])


@NOWHERE
@pytest.mark.parametrize("command", ["experiments", "selftest"])
def test_what_cannot_be_printed_is_33(tmp_path: Path, command: str, where: str) -> None:
    code, err = redirected(tmp_path, where, command)
    assert code == 33, err
    (line,) = err.splitlines()
    assert "Cannot write the standard output: " in line


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_so_it_is_for_what_the_parser_prints(tmp_path: Path, option: str) -> None:
    code, err = redirected(tmp_path, "> /dev/full", option)
    assert code == 33, err
    assert err.splitlines() == [
        "Cannot write the standard output: No space left on device. Free some space, then run again."
    ]


@pytest.mark.parametrize("where", ["2> /dev/full", "2>&-", "2> >(exec <&-)", "> /dev/full 2>&1", ">&- 2>&-"])
def test_a_run_that_nobody_can_see_is_a_run(tmp_path: Path, where: str) -> None:
    unit = tiny.unit()
    code, _ = redirected(tmp_path, where, "run", written(tmp_path, unit), "--out", "out.msgpack")
    assert code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"wu.json", "out.msgpack"}
    assert cells(result.read(tmp_path / "out.msgpack")) == cells(tiny.computed(unit, "c"))


@pytest.mark.parametrize("where", ["2> /dev/full", "2>&-", "> /dev/full 2> /dev/full"])
def test_a_failure_that_nobody_can_see_has_its_code(tmp_path: Path, where: str) -> None:
    assert redirected(tmp_path, where, "run", tmp_path / "none.json") == (32, "")
    assert redirected(tmp_path, where, "fly") == (2, "")
