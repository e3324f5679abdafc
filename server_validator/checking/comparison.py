"""Whether two results of one work unit agree, as BOINC asks where it has sent out several copies."""

from __future__ import annotations

from server_validator.boinc.names import Upload
from server_validator.checking.agreement import common_agreement, difference
from server_validator.checking.check import known_as, revoke
from server_validator.checking.reading import read_for_verdict
from server_validator.errors import ResultsDiffer
from server_validator.ledger import Ledger, verdicts


def compare(first: Upload, second: Upload, ledger: Ledger) -> str:
    """What two results agree in, as a sentence; ResultsDiffer if they do not, another Failure if one is none.

    Two exact ones must have the same digests; with a near one all is within its tolerances. Of two that were found
    valid and differ, at least one was so wrongly: the cell that tells them apart is recomputed, and the verdict on the
    one that is wrong revoked.
    """
    answers = [read_for_verdict(upload, ledger) for upload in (first, second)]
    unit, other = (answer.unit for answer in answers)
    if unit != other:
        raise ResultsDiffer(first.path, second.path, f"they answer {unit.name} and {other.name}")
    said, others = (answer.said for answer in answers)
    if wrong := difference(unit.experiment, said, others):
        number, what = wrong
        for upload, answer in zip((first, second), answers, strict=True):
            verdict = verdicts.given(ledger, known_as(upload), answer.result.checksum)
            if verdict and verdict.code == 0:
                revoke(upload, answer, ledger, number)
        raise ResultsDiffer(first.path, second.path, f"{unit.cell(number)} differs in {what}")
    exact = common_agreement(said.agreement, others.agreement) == "exact"
    how = "bit for bit" if exact else "within the tolerances of near results"
    return f"{unit.name}: {len(said.digests)} cells agree {how}"
