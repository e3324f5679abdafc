"""What BOINC's validator is told: a failure under its own number only where it blames the result, else 3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kernels.errors import Failure
from server_validator import errors as server_errors
from server_validator.boinc.exit_codes import asked_by_daemon, told
from server_validator.errors import TryLater
from tests.failures import TABLE
from tests.kernels import tiny
from tests.server_validator.data import Run, issued

UPLOAD = f"{tiny.unit().name}_0_r77_0"
BLAMING = (20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 32, 38)
KINDS = pytest.mark.parametrize("kind", TABLE.values(), ids=lambda kind: kind.__name__)


def expected(kind: type[Failure]) -> int:
    return kind.code if kind.code in BLAMING else 3


def raises(kind: type[BaseException]) -> Any:
    def fail(*_: object) -> Any:
        raise kind(*"abcdefg")

    return fail


@KINDS
def test_a_check_ends_with_the_code_of_what_blames_the_result_or_with_3(
    kind: type[Failure], capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(Path("file"), raises(kind), False) == expected(kind)
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert str(kind(*"abcdefg")) in err


@KINDS
@pytest.mark.parametrize("command", ["validate", "compare"])
def test_the_commands_of_a_daemon_give_no_other_codes(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Failure],
    command: str,
) -> None:
    paths = [tmp_path / UPLOAD] * (2 if command == "compare" else 1)
    monkeypatch.setattr("kernels.formats.atomic.read", raises(kind))
    assert Run(capsys, "--data", issued(tmp_path), command, "--project", tmp_path, *paths).code == expected(kind)


@pytest.mark.parametrize("command", ["validate", "compare"])
@pytest.mark.parametrize(("asked", "code"), [(True, 3), (False, 5)], ids=["by a daemon", "by a person"])
def test_an_interrupted_check_says_nothing_about_a_result(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    asked: bool,
    code: int,
) -> None:
    paths = [tmp_path / UPLOAD] * (2 if command == "compare" else 1)
    monkeypatch.setattr("kernels.formats.atomic.read", raises(KeyboardInterrupt))
    project = ("--project", tmp_path) if asked else ()
    done = Run(capsys, "--data", issued(tmp_path), command, *project, *paths)
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1)


@pytest.mark.parametrize("error", [ZeroDivisionError, MemoryError, KeyboardInterrupt, server_errors.DataDirectory])
def test_whatever_ends_a_daemons_command_early_is_a_3(error: type[BaseException]) -> None:
    with pytest.raises(TryLater):
        asked_by_daemon(raises(error))
    with pytest.raises(server_errors.Duplicate):
        asked_by_daemon(raises(server_errors.Duplicate))
    assert asked_by_daemon(lambda: 20) == 20


def test_a_valid_result_is_told_in_one_line_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(Path("a\nfile"), lambda: "valid", False) == 0
    assert capsys.readouterr() == ("a?file: valid\n", "")
