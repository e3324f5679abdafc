"""How a command ends: with its own exit code, or with that of its failure, which is shown in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernels.errors import CannotRead, Failure, Interrupted
from kernels.exits import exit_code, unforeseen


def ended(error: BaseException) -> tuple[int, list[Failure]]:
    """How a command that raises an error ends: its exit code, and what was shown."""
    shown: list[Failure] = []

    def command() -> int:
        raise error

    return exit_code(command, shown.append), shown


@pytest.mark.parametrize("code", [0, 3])
def test_a_command_that_ends_has_its_own_code_and_shows_nothing(code: int) -> None:
    shown: list[Failure] = []
    assert exit_code(lambda: code, shown.append) == code
    assert shown == []


def test_a_failure_is_shown_and_its_code_is_the_commands() -> None:
    failure = CannotRead("wu.json", "no such file")
    assert ended(failure) == (CannotRead.code, [failure])


def test_an_interrupted_command_says_so() -> None:
    code, (failure,) = ended(KeyboardInterrupt())
    assert isinstance(failure, Interrupted)
    assert code == Interrupted.code


def test_what_nobody_foresaw_is_one_line_with_its_kind_and_place() -> None:
    code, (failure,) = ended(RuntimeError("two\nlines"))
    assert code == 1
    line = str(failure)
    assert f"RuntimeError at {Path(__file__).name}:" in line
    assert "two lines" in line
    assert "\n" not in line


def test_the_place_is_where_it_was_raised_not_where_it_was_called() -> None:
    def inner() -> None:
        raise ValueError("deep")  # this line

    with pytest.raises(ValueError, match="deep") as caught:
        inner()
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines, 1) if line.endswith("# this line")]
    assert f":{number}," in str(unforeseen(caught.value))


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert "ValueError at an unknown place, odd" in str(unforeseen(ValueError("odd")))


def test_a_program_that_asks_to_end_is_left_to_it() -> None:
    with pytest.raises(SystemExit):
        ended(SystemExit(7))
