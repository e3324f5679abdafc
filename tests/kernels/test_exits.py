"""How a command ends: with its own exit code, or with that of its failure, which is shown in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernels.errors import CannotRead, CannotWrite, Failure, Interrupted, NotEnoughMemory
from kernels.exits import exit_code, unforeseen

ROOT = Path(__file__).parents[2]
MUCH = 1_000_000  # more than buffers and pipes hold


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
    failure = CannotRead("wu.json", "no such file", "Check the path")
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


def test_a_want_of_memory_is_no_fault_of_ours() -> None:
    code, (failure,) = ended(MemoryError())
    assert code == NotEnoughMemory.code
    assert "not enough memory" in str(failure)


def printing(
    redirected: str, *, text: str = "hello", times: int = 1, code: int = 0, encoding: str = "utf-8"
) -> tuple[int, str]:
    """Exit code and standard error of a process whose command prints a text to a redirected output."""
    program = (
        "import sys; from kernels.exits import exit_code\n"
        f"def command():\n    print({text!r} * {times})\n    return {code}\n"
        "def complain(failure):\n    print(failure, file=sys.stderr)\n"
        "sys.exit(exit_code(command, complain))"
    )
    done = subprocess.run(
        ["bash", "-c", f'"$0" "$@" {redirected}', sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding}, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("redirected", "times", "why"),
    [
        ("> /dev/full", 1, ("No space left on device", "Free some space")),
        ("> /dev/full", MUCH, ("No space left on device", "Free some space")),
        (">&-", 1, ("it is closed", "Open it")),
    ],
)
def test_output_that_cannot_be_written_is_33_and_one_sentence(
    redirected: str, times: int, why: tuple[str, str]
) -> None:
    code, said = printing(redirected, times=times)
    assert code == CannotWrite.code, said
    assert said.splitlines() == [str(CannotWrite("the standard output", *why))]


def test_a_reader_that_has_enough_is_no_failure() -> None:
    assert printing("> >(exec <&-)", times=MUCH) == (0, "")


def test_a_commands_own_code_outranks_its_lost_output() -> None:
    assert printing("> /dev/full", code=3) == (3, "")


def test_an_error_output_that_cannot_be_written_changes_no_code() -> None:
    assert printing("2> /dev/full") == (0, "")
    assert printing("> /dev/full 2> /dev/full")[0] == CannotWrite.code
    assert printing("> /dev/full 2>&-")[0] == CannotWrite.code


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_what_an_encoding_lacks_is_printed_as_an_escape(encoding: str) -> None:
    assert printing("> >(cat >&2)", text="▁▂█ ≥", encoding=encoding) == (0, r"\u2581\u2582\u2588 \u2265" + "\n")
