"""Whether a result is believed; cheapest first: size, decode, work unit, consistency, copies, others, recomputation.

What was found of a file is remembered by its checksum and said again: a second drawing could find otherwise, and a
validator that is asked twice would then hear two answers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kernels.engine.contract import Agreement
from kernels.errors import Failure
from server_validator.boinc.names import Upload
from server_validator.checking import drawing, others, recomputation, spans, trust
from server_validator.checking.archive import Archive
from server_validator.checking.looking import looking
from server_validator.checking.reading import Answer, read_for_verdict
from server_validator.checking.spans import Looked
from server_validator.errors import Duplicate, NotCentred, RecomputationDiffers, SpanRefused, WrongEngine
from server_validator.ledger import Ledger, uploads, verdicts
from server_validator.ledger.returned import Returned
from server_validator.ledger.verdicts import Verdict

_REFUSALS = {kind.code: kind for kind in (RecomputationDiffers, SpanRefused, NotCentred)}


@dataclass(frozen=True)
class Terms:
    """What is asked of a result, and what is known of whose it is."""

    agreements: tuple[Agreement, ...] = ("exact", "near")
    cells: int | None = None  # of the result itself to recompute; None: as the host's record asks
    budget: float = 60.0  # seconds after which no further cell of it is begun
    anew: bool = False  # whatever was found of the file before; all cells of one that was refused
    host: int | None = None  # BOINC's number of the host that returned it; None where nobody can tell


@dataclass(frozen=True)
class Passed:
    """A result that is believed, and which cells were recomputed for it now; the words tell what was found first."""

    answer: Answer
    recomputed: Sequence[str]
    words: str


def check(upload: Upload, ledger: Ledger, archive: Archive, terms: Terms) -> Passed:
    """Check a result file against the ledger: it passes, or a Failure says what is wrong.

    Only a Failure that blames the result (`blames_result`) says anything about it. Bytes of a valid result are in the
    archive before the ledger says that it is valid.
    """
    path, names = upload.path, upload.names
    answer = read_for_verdict(upload, ledger)
    result = answer.result
    if result.header.agreement not in terms.agreements:
        raise WrongEngine(path, result.header.engine)
    if names:
        first = uploads.first_upload(ledger, result.checksum, names.result)
        if first != names.result:
            raise Duplicate(path, first)
    verdict = verdicts.given(ledger, known_as(upload), result.checksum)
    recomputed: Sequence[str] = ()
    said = ""
    if verdict is None or terms.anew:
        recomputed, said = _judge(returned(upload, answer, terms.host), answer, verdict, ledger, archive, terms)
        verdict = verdicts.given(ledger, known_as(upload), result.checksum)
    if verdict is None:
        raise RuntimeError(f"{path}: no verdict was entered")
    if verdict.code:
        raise refusal(path, verdict)
    return Passed(answer, recomputed, verdict.words + said)


def known_as(upload: Upload) -> str:
    """The name under which verdicts on a file are remembered: BOINC's, or none."""
    return upload.path.name if upload.names else ""


def refusal(path: Path, verdict: Verdict) -> Failure:
    """The failure that a verdict which refuses a file says."""
    return _REFUSALS[verdict.code](path, verdict.words)


def returned(upload: Upload, answer: Answer, host: int | None = None) -> Returned:
    """What the ledger remembers of a result that came back."""
    unit, result = answer.unit, answer.result
    name = upload.names.workunit if upload.names else unit.name
    work = float(drawing.work(unit).sum())
    header = result.header
    exact_on_cores = header.agreement == "exact" and header.device.kind == "cpu"
    return Returned(
        known_as(upload), result.checksum, name, host, unit.experiment.name, unit.experiment.version, work,
        header.timings.cpu if exact_on_cores else 0.0,
    )  # fmt: skip


def revoke(upload: Upload, answer: Answer, ledger: Ledger, cell: int) -> None:
    """Recompute a cell of a result that was found valid; if it is wrong, that is no longer so."""
    try:
        recomputation.recompute(answer, [cell], 0.0)
    except recomputation.Differs as differs:
        spans.refuse(ledger, returned(upload, answer), Looked(wrong=str(differs)))


def _judge(
    own: Returned, answer: Answer, before: Verdict | None, ledger: Ledger, archive: Archive, terms: Terms
) -> tuple[Sequence[str], str]:
    """Enter a verdict on a result; which cells were recomputed for it, in words, and what else is to be said."""
    keep = partial(archive.keep, own.checksum, answer.content)
    look = looking(ledger, archive, answer, once_more=before is not None)
    try:
        said = others.ask(ledger, archive, answer, own)
    except recomputation.Differs as differs:
        spans.refuse(ledger, own, Looked(wrong=str(differs)))
        return (), ""
    if before and before.code:  # cells drawn anew could be others than the wrong one
        return spans.alone(ledger, own, look, answer.unit.size, math.inf, keep, anew=True), said
    if terms.cells:
        return spans.alone(ledger, own, look, terms.cells, terms.budget, keep), said
    if answer.result.header.agreement == "near":
        return spans.alone(ledger, own, look, trust.CELLS_OF_NEAR, terms.budget, keep), said
    if before:
        return spans.alone(ledger, own, look, trust.CELLS, terms.budget, keep), said
    return spans.admit(ledger, own, drawing.dear(answer.unit), look, terms.budget, keep), said
