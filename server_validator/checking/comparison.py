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
    (result, unit), (other_result, other_unit) = ((answer.result, answer.unit) for answer in answers)
    if unit != other_unit:
        raise ResultsDiffer(first.path, second.path, f"they answer {unit.name} and {other_unit.name}")
    agreement = common_agreement(result, other_result)
    for number, (cell, other) in enumerate(zip(result.cells, other_result.cells, strict=True)):
        if wrong := difference(unit.experiment, cell, other, agreement):
            for upload, answer in zip((first, second), answers, strict=True):
                verdict = verdicts.given(ledger, known_as(upload), answer.result.checksum)
                if verdict and verdict.code == 0:
                    revoke(upload, answer, ledger, number)
            raise ResultsDiffer(first.path, second.path, f"cell {cell.seed} {cell.condition} differs in {wrong}")
    how = "bit for bit" if agreement == "exact" else "within the tolerances of near results"
    return f"{unit.name}: {len(result.cells)} cells agree {how}"
