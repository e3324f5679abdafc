"""Every failure a person can meet: a class with its own exit code, whose docstring is the sentence they read.

Exit codes 0 (done), 1 (our fault) and 2 (wrong command line) have their usual meaning; 192 and above belong to BOINC.
Other rooms add failures of their own to the table; all numbers are different.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar


class Failure(Exception):
    """Something is wrong inside this program: {}. Please report it with this line."""

    code: ClassVar[int] = 1
    blames_result: ClassVar[bool] = False  # whether it says that a result is wrong, as no fault of host or server does

    def __str__(self) -> str:
        return (type(self).__doc__ or "").format(*self.args)


class Stopped(Failure):
    """Stopped at {}; the same command goes on from the checkpoint {}."""

    code = 4


class Interrupted(Failure):
    """Interrupted; the same command can be given again."""

    code = 5


# --- work units


class WorkUnitUnreadable(Failure):
    """{} is not a work unit: {}. Fetch it again or make it with axiom-server make-wu."""

    code = 10


class WorkUnitFormat(Failure):
    """{} has work-unit format {}, but this program reads format {}. Use the program version it was made for."""

    code = 11


class UnknownExperiment(Failure):
    """There is no experiment {!r} in this program (known: {}). Correct the name or use a newer program."""

    code = 12


class ExperimentVersion(Failure):
    """The work unit asks for {} version {}, but this program computes version {}. Use the matching program."""

    code = 13


class WorkUnitField(Failure):
    """A field of the work unit is wrong: {}. Correct the work unit."""

    code = 14


class GridBeyondLimits(Failure):
    """The work unit's grid does not fit {}: {}. Leave the grid out or narrow it within the experiment's values."""

    code = 15


class TooManyCells(Failure):
    """The work unit asks for {} cells, but at most {} are allowed. Give it fewer seeds or a narrower grid."""

    code = 16


# --- results


class ResultUnreadable(Failure):
    """{} is no whole result: {}. The file is refused and nothing was stored."""

    code = 20
    blames_result = True


class ResultFormat(Failure):
    """{} has result format {}, but this program reads format {}. Use the program version that reads it."""

    code = 21
    blames_result = True


class ResultMismatch(Failure):
    """{} does not answer its work unit: {}. The result is refused."""

    code = 23
    blames_result = True


class Inconsistent(Failure):
    """{} contradicts itself: {}. The result is refused."""

    code = 24
    blames_result = True


# --- the worker's host


class NoDevice(Failure):
    """Cannot compute on {}: {}. Choose another device; this program never falls back by itself."""

    code = 30


class NoEngine(Failure):
    """The {} engine cannot run here: {}. Choose another with --engine, or another computer."""

    code = 31


class CannotRead(Failure):
    """Cannot read {}: {}. Check the path and its permissions."""

    code = 32
    blames_result = True  # an upload that is no file; what the server itself fails to read is another failure


class CannotWrite(Failure):
    """Cannot write {}: {}. Free some space, check that the folder exists and its permissions, then run again."""

    code = 33


class SelfTestFailed(Failure):
    """The program computes wrongly here: {}. Install it again; if that does not help, report this line."""

    code = 34


class NotInThisProgram(Failure):
    """The command {} is not in this program ({}). Install axiom-worker from its sources with the extra {}."""

    code = 35


def unforeseen(error: Exception) -> Failure:
    """An error that nobody foresaw as a failure of this program: its kind, place and text in one line."""
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = f"{Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}" if where else "an unknown place"
    return Failure(f"{type(error).__name__} at {place}, {one_line(error)}")


def exit_code(command: Callable[[], int], complain: Callable[[Failure], object]) -> int:
    """Run a program's command: its own exit code, or that of the failure it ends with, which `complain` shows."""
    try:
        return command()
    except Failure as failure:
        found = failure
    except KeyboardInterrupt:
        found = Interrupted()
    except Exception as error:
        found = unforeseen(error)
    complain(found)
    return found.code


def one_line(text: object, limit: int = 160) -> str:
    """Text from elsewhere (a library, a file) as it may stand in a sentence: one line, printable, not too long."""
    shown = printable(" ".join(str(text).split()))
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def printable(text: str) -> str:
    """Text as any terminal and log can take it, in one line."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _walk(kind: type[Failure]) -> list[type[Failure]]:
    return [kind, *(found for sub in kind.__subclasses__() for found in _walk(sub))]


def table() -> dict[int, type[Failure]]:
    """Every exit code of a failure and its class; AssertionError if two share one."""
    found: dict[int, type[Failure]] = {}
    for kind in _walk(Failure):
        assert kind.code not in found, f"{kind} and {found[kind.code]} share exit code {kind.code}"
        found[kind.code] = kind
    return found
