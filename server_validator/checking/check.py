"""Whether a result is believed; cheapest first: size, decode, work unit, consistency, copies, recomputation.

What was found of a file is remembered by its checksum and said again: a second drawing could find otherwise, and a
validator that is asked twice would then hear two answers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from kernels.cells import Cell
from kernels.engine.contract import Agreement
from server_validator.boinc.names import Upload
from server_validator.checking import drawing, fingerprint, recomputation
from server_validator.checking.reading import Answer, read_for_verdict
from server_validator.errors import Duplicate, RecomputationDiffers, WrongEngine
from server_validator.ledger import Ledger, issued, uploads, verdicts
from server_validator.ledger.verdicts import Verdict


@dataclass(frozen=True)
class Terms:
    """What staff ask of a result."""

    agreements: tuple[Agreement, ...] = ("exact", "near")
    cells: int = 1  # to recompute
    budget: float = 60.0  # seconds after which no further cell is begun
    anew: bool = False  # whatever was found of the file before; all cells of one that was refused


@dataclass(frozen=True)
class Passed:
    """A result that is believed, and what was recomputed of it: now, or as the words tell when it was first checked."""

    answer: Answer
    recomputed: list[Cell]
    words: str


def check(upload: Upload, ledger: Ledger, terms: Terms) -> Passed:
    """Check a result file against the ledger: it passes, or a Failure says what is wrong.

    Only a Failure that blames the result (`blames_result`) says anything about it.
    """
    path, names = upload.path, upload.names
    answer = read_for_verdict(upload, ledger)
    result = answer.result
    if result.agreement not in terms.agreements:
        raise WrongEngine(path, result.engine)
    if names:
        first = uploads.first_upload(ledger, result.checksum, names.result)
        if first != names.result:
            raise Duplicate(path, first)
    verdict = verdicts.given(ledger, known_as(upload), result.checksum)
    recomputed: list[Cell] = []
    if verdict is None or terms.anew:
        if verdict and verdict.code:  # cells drawn anew could be others than the wrong one
            terms = replace(terms, cells=len(answer.unit.cells), budget=math.inf)
        verdict, recomputed = _found(answer, terms, ledger, _unsaid(upload, answer))
        verdicts.record(ledger, verdict)
    if verdict.code:
        raise RecomputationDiffers(path, verdict.words)
    return Passed(answer, recomputed, verdict.words)


def known_as(upload: Upload) -> str:
    """The name under which verdicts on a file are remembered: BOINC's, or none."""
    return upload.path.name if upload.names else ""


def revoke(upload: Upload, answer: Answer, ledger: Ledger, cell: int) -> None:
    """Recompute a cell of a result that was found valid; if it is wrong, that is no longer so."""
    try:
        recomputation.recompute(answer, [cell], 0.0)
    except recomputation.Differs as differs:
        refused = replace(_unsaid(upload, answer), code=RecomputationDiffers.code, words=str(differs))
        verdicts.record(ledger, refused)


def _unsaid(upload: Upload, answer: Answer) -> Verdict:
    """A verdict without words, to be filled in."""
    name = upload.names.workunit if upload.names else answer.unit.name
    return Verdict(known_as(upload), answer.result.checksum, name, 0, "")


def _found(answer: Answer, terms: Terms, ledger: Ledger, unsaid: Verdict) -> tuple[Verdict, list[Cell]]:
    """What recomputing finds of a result, and of which cells: some are drawn.

    Where another result of the work unit was found valid and has another cell, that cell is recomputed as well: one of
    the two is wrong.
    """
    cells, prints = answer.unit.cells, fingerprint.of(answer.result)
    try:
        done = recomputation.recompute(answer, drawing.draw(len(cells), terms.cells), terms.budget)
        for other in verdicts.valid_of(ledger, issued.names(ledger, answer.unit)):
            differing = fingerprint.differing(prints, other.cells)
            if (other.upload, other.checksum) == (unsaid.upload, unsaid.checksum) or not differing:
                continue
            done += recomputation.recompute(answer, differing[:1], terms.budget)
            cell = cells[differing[0]]
            words = f"cell {cell.seed} {cell.condition} differs in the digest of its state"
            verdicts.record(ledger, replace(other, code=RecomputationDiffers.code, words=words, cells=b""))
    except recomputation.Differs as differs:
        return replace(unsaid, code=RecomputationDiffers.code, words=str(differs)), []
    drawn = "; ".join(f"seed {cells[number].seed} {cells[number].condition}" for number in done)
    words = f"{len(done)} recomputed ({drawn})"
    return replace(unsaid, words=words, cells=prints), [cells[number] for number in done]
