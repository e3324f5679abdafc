"""The failures of the server side: classes of the table that kernels/errors.py begins, with numbers of their own.

Exit code 3 is what BOINC's validator takes for "try again later".
"""

from __future__ import annotations

from kernels.errors import Failure


class TryLater(Failure):
    """The check could not be made ({}): run it again later."""

    code = 3


class NotIssued(Failure):
    """{} answers a work unit that this ledger never issued ({}). Check --data, or refuse the file."""

    code = 22
    blames_result = True


class RecomputationDiffers(Failure):
    """{} is not what its cells compute to: {}. The result is refused."""

    code = 25
    blames_result = True


class Duplicate(Failure):
    """{} has the very bytes of {}, uploaded before. The result is refused."""

    code = 26
    blames_result = True


class WrongClass(Failure):
    """{} is of engine class {}, which this check does not accept. Register axiom_validate_torch for such work."""

    code = 27
    blames_result = True


class ResultsDiffer(Failure):
    """{} and {} do not agree: {}. They are no match."""

    code = 28
    blames_result = True


class SeedsTaken(Failure):
    """Seeds {} to {} of {} version {} overlap work unit {}, issued before. The first free seed is {}."""

    code = 40


class NothingAssimilated(Failure):
    """No result of {} has been assimilated in {} yet. Assimilate results first."""

    code = 41


class DataDirectory(Failure):
    """The data directory {} cannot be used: {}. Correct --data or AXIOM_DATA."""

    code = 42


class NotValidated(Failure):
    """{} is not the file that was found valid under its name. Validate it first."""

    code = 43


class LedgerVersion(Failure):
    """The ledger {} has schema version {}, but this program reads up to version {}. Use the program that made it."""

    code = 44
