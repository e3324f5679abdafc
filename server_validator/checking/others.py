"""What other results of the same work unit say, that were found valid: where one differs, one of the two is wrong."""

from __future__ import annotations

from server_validator.checking import recomputation
from server_validator.checking.agreement import difference
from server_validator.checking.archive import Archive
from server_validator.checking.reading import Answer, read_again
from server_validator.errors import RecomputationDiffers, TryLater
from server_validator.ledger import Ledger, issued, taken_back, verdicts
from server_validator.ledger.returned import Returned
from server_validator.ledger.verdicts import Verdict


def ask(ledger: Ledger, archive: Archive, answer: Answer, own: Returned) -> str:
    """Recompute the first cell in which an exact result and another one differ; what is to be said of that.

    recomputation.Differs if the result is wrong there; else the other one is, and is taken back.
    """
    said = ""
    if answer.said.agreement != "exact":  # other hosts' near results are compared within tolerances, by `compare`
        return said
    for other in verdicts.valid_of(ledger, issued.names(ledger, answer.unit)):
        if (other.upload, other.checksum) == (own.upload, own.checksum):
            continue
        name = other.upload or "a result without a name of BOINC's"
        try:
            theirs = read_again(ledger, archive, other.checksum, name)
        except TryLater as failure:
            said += f"; {failure}"
            continue
        differs = difference(answer.unit.experiment, answer.said, theirs.said)
        if differs is None or theirs.said.agreement != "exact":
            continue
        number = differs[0]
        recomputation.recompute(answer, [number], 0.0)
        wrong = f"{answer.unit.cell(number)} differs in what it was recomputed to for another result"
        taken_back.refuse(
            ledger, Verdict(other.upload, other.checksum, other.workunit, RecomputationDiffers.code, wrong), None
        )
        said += f"; {name} is taken back: {wrong}"
    return said
