"""Looking at a result: cells of it are drawn and recomputed."""

from __future__ import annotations

from server_validator.checking import centring, drawing, recomputation
from server_validator.checking.archive import Archive
from server_validator.checking.reading import Answer, read_again
from server_validator.checking.spans import Look, Looked
from server_validator.errors import NotCentred
from server_validator.ledger import Ledger, deviations
from server_validator.ledger.returned import Returned


def looking(ledger: Ledger, archive: Archive, at: Answer | None = None, once_more: bool = False) -> Look:
    """How results are looked at: the one that has come as it was read, others by their bytes in the archive.

    What is recomputed of a near result counts into whether its host's differences are centred, but for `once_more`:
    the same cells could be drawn again.
    """

    def look(result: Returned, count: int, budget: float) -> Looked:
        if at and at.result.checksum == result.checksum:
            answer = at
        else:
            answer = read_again(ledger, archive, result.checksum, result.upload)
        drawn = drawing.draw(drawing.work(answer.unit), count)
        try:
            computed = recomputation.recompute(answer, drawn, budget)
        except recomputation.Differs as differs:
            return Looked(wrong=str(differs))
        if answer.result.header.agreement == "near" and result.host is not None and not once_more:
            experiment, seen = answer.unit.experiment, centring.deviations(answer, computed)
            known = deviations.add(ledger, result.host, experiment.name, experiment.version, seen)
            if wrong := centring.off_centre(experiment, known):
                return Looked(wrong=wrong, code=NotCentred.code)
        cells = [f"seed {one.cell.seed} {one.cell.condition}" for one in computed.values()]
        return Looked(cells, owed=len(drawn) - len(computed))

    return look
