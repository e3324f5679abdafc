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


class WrongEngine(Failure):
    """{} was computed by engine {}, which this check does not accept. Register axiom_validate_torch for such work."""

    code = 27
    blames_result = True


class ResultsDiffer(Failure):
    """{} and {} do not agree: {}. They are no match."""

    code = 28
    blames_result = True


class SpanRefused(Failure):
    """{} came back with a result that is wrong, of the same host and unproven as well: {}. Both are refused."""

    code = 29
    blames_result = True


class NotCentred(Failure):
    """{} and its host's results before it differ from what cells compute to in one direction: {}. It is refused."""

    code = 38
    blames_result = True


class SeedsTaken(Failure):
    """Seeds {} to {} of {} version {} overlap work unit {}, issued before. The first free seed is {}."""

    code = 40


class NothingAssimilated(Failure):
    """No result of {} has been assimilated in {} yet{}. Assimilate results first."""

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


class NoLedger(Failure):
    """There is no {} in {}. Correct --data or AXIOM_DATA, restore a copy, or begin with axiom-server init."""

    code = 45


class LedgerInTheWay(Failure):
    """{} has results but no ledger: a new one would give out their seeds again. Restore a copy of the ledger."""

    code = 46


class StillOut(Failure):
    """Work unit {} is {}: only one that is given up, lost or revoked is given out again. Wait for it, or keep it."""

    code = 47


class NothingSound(Failure):
    """Nothing of {} in the data set can be used: {}. Run axiom-server repair, withdraw --undo, or findings --near."""

    code = 48


class ComputeAgain(Failure):
    """{} work units have to be computed again, as the archive lacks what came back: {}. Use make-work --again."""

    code = 49


class NeedsAnotherProgram(Failure):
    """Work unit {} is of {}, which this program cannot check. Run axiom-server {} until status shows none of it out."""

    code = 50


class ResultLost(Failure):
    """{} cannot be stored: {}. Its work unit is recorded in the ledger as lost and can be given out again."""

    code = 51


class VersionsOut(Failure):
    """Version {} cannot check work units that are still out: {}. Keep the one in use until status shows none."""

    code = 52


class NotSubmitted(Failure):
    """BOINC's {} does not take work unit {}: {}. Mend that; the next make-work begins with this work unit."""

    code = 53


class NoRows(Failure):
    """The data set in {} has no {} rows of {}. Correct it; axiom-server withdraw lists what is withdrawn."""

    code = 54


class AuditIncomplete(Failure):
    """Left for the next audit: {} of {}."""

    code = 55


class NotInArchive(Failure):
    """The archive lacks {} results that the ledger has as stored: {}. Put copies there, or run axiom-server repair."""

    code = 60


class FolderInTheWay(Failure):
    """No export can be written to {}: {}. Name a folder that is new or empty."""

    code = 61
