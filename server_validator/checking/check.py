"""Whether a result is believed; cheapest first: size, decode, work unit, consistency, copies, recomputation."""

from __future__ import annotations

from dataclasses import dataclass

from kernels.cells import Cell
from kernels.engine.contract import Agreement
from server_validator.boinc.names import Upload
from server_validator.checking import drawing, recomputation
from server_validator.checking.reading import Answer, read_for_verdict
from server_validator.errors import Duplicate, WrongClass
from server_validator.ledger import Ledger, uploads, verdicts


@dataclass(frozen=True)
class Terms:
    """What staff ask of a result."""

    agreements: tuple[Agreement, ...] = ("exact", "near")
    cells: int = 1  # to recompute
    budget: float = 60.0  # seconds after which no further cell is begun


@dataclass(frozen=True)
class Verdict:
    """A result that passed, with its work unit and the cells that were recomputed."""

    answer: Answer
    recomputed: list[Cell]


def check(upload: Upload, ledger: Ledger, terms: Terms) -> Verdict:
    """Check a result file against the ledger: a verdict, or a Failure that says what is wrong.

    Only a Failure that blames the result (`blames_result`) says anything about it.
    """
    path, names = upload.path, upload.names
    answer = read_for_verdict(upload, ledger)
    result = answer.result
    if result.agreement not in terms.agreements:
        raise WrongClass(path, result.engine)
    if names:
        first = uploads.first_upload(ledger, result.checksum, names.result)
        if first != names.result:
            raise Duplicate(path, first)
    cells = answer.unit.cells
    drawn = drawing.draw(len(cells), terms.cells)
    recomputed = recomputation.recompute(answer, drawn, terms.budget, str(path))
    if names:  # a host could upload another file before this one is assimilated
        verdicts.accept(ledger, path.name, result.checksum)
    return Verdict(answer, [cells[number] for number in recomputed])
