"""Failures: what can go wrong with what a person did or gave, each a class with its own exit code and sentence.

The sentence is the class's docstring. Here is what every room can meet; client/errors.py and server_validator/errors.py
have their own. All exit codes are different; kernels/exits.py says which are nobody's.
"""

from __future__ import annotations

from typing import ClassVar


class Failure(Exception):
    """Something is wrong inside this program: {}. Please report it with this line."""

    code: ClassVar[int] = 1
    blames_result: ClassVar[bool] = False  # whether it says that a result is wrong, as no fault of host or server does

    def __str__(self) -> str:
        return (type(self).__doc__ or "").format(*self.args)


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


# --- files


class CannotRead(Failure):
    """Cannot read {}: {}. {}."""

    code = 32
    blames_result = True  # an upload that is no file; what the server itself fails to read is another failure


class NotEnoughMemory(Failure):
    """There is not enough memory here. Close other programs, or give the work fewer threads, then run again."""

    code = 36


class CannotWrite(Failure):
    """Cannot write {}: {}. {}, then run again."""

    code = 33
