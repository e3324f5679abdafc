"""Whether two results of one work unit agree, as BOINC asks where it has sent out several copies."""

from __future__ import annotations

from kernels.experiments import EXPERIMENTS
from server_validator.boinc.names import Upload
from server_validator.checking.agreement import common_class, difference
from server_validator.checking.reading import read_for_verdict
from server_validator.errors import ResultsDiffer
from server_validator.ledger import Ledger


def compare(first: Upload, second: Upload, ledger: Ledger) -> str:
    """What two results agree in, as a sentence; ResultsDiffer if they do not, another Failure if one is none.

    Two of class exact must have the same digests; with one of class torch all is within its tolerances.
    """
    answers = [read_for_verdict(upload, ledger) for upload in (first, second)]
    (result, unit), (other_result, other_unit) = ((answer.result, answer.unit) for answer in answers)
    if unit != other_unit:
        raise ResultsDiffer(first.path, second.path, f"they answer {unit.name} and {other_unit.name}")
    kind = common_class(result, other_result)
    for cell, other in zip(result.cells, other_result.cells, strict=True):
        if wrong := difference(EXPERIMENTS[result.experiment], cell, other, kind):
            raise ResultsDiffer(first.path, second.path, f"cell {cell.seed} {cell.condition} differs in {wrong}")
    how = "bit for bit" if kind == "exact" else "within the tolerances of class torch"
    return f"{unit.name}: {len(result.cells)} cells agree {how}"
