"""Believing what a host returns: each result by itself, or, of a trusted host, a span of several by one drawing.

Verdicts are entered in the ledger, to be read there: another call may have found something meanwhile. What recomputes
is handed in, so that the rules are here and nothing else is. docs/attacks.md proves what they promise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from server_validator.checking import drawing, trust
from server_validator.errors import RecomputationDiffers
from server_validator.ledger import Ledger, hosts, returned, taken_back
from server_validator.ledger.returned import Returned
from server_validator.ledger.verdicts import Verdict

WAITING = "none recomputed yet, as it waits in its host's open span"


@dataclass(frozen=True)
class Looked:
    """What was found where cells of a result were drawn and recomputed."""

    cells: Sequence[str] = ()  # those that are as the result says, in words
    wrong: str = ""  # what is wrong with the result, if anything
    code: int = RecomputationDiffers.code  # of the failure that says so
    owed: int = 0  # drawn, and left for another time


Look = Callable[[Returned, int, float], Looked]
"""Draws so many cells of a result by their work and recomputes them; after so many seconds it begins no further one."""


def admit(
    ledger: Ledger, result: Returned, dear: float, look: Look, budget: float, keep: Callable[[], object]
) -> Sequence[str]:
    """Believe or refuse a result as its host's record asks; which cells of which results were recomputed, in words.

    A trusted host's result joins its span, and closes it where it is the last; so does a new one's where a cell is
    `dear`, a large part of a result's work. `keep` keeps the bytes of a valid result before it is entered. Cells for
    which the budget does not last are owed; of a span, all are computed.
    """
    asked = trust.asked(hosts.proven(ledger, result.host), dear)
    if result.host is None or asked.results == 1:
        return alone(ledger, result, look, trust.CELLS, budget, keep)
    keep()
    returned.enter(ledger, result, WAITING, None)
    span = returned.span(ledger, result.host)
    return close(ledger, span, look, asked.cells) if len(span) >= asked.results else ()


def alone(
    ledger: Ledger,
    result: Returned,
    look: Look,
    count: int,
    budget: float,
    keep: Callable[[], object],
    anew: bool = False,
) -> Sequence[str]:
    """As `admit`, by `count` of the result's own cells; `anew` if they are all, so that a refusal may be taken back."""
    found = look(result, count, budget)
    if found.wrong:
        refuse(ledger, result, found)
        return ()
    keep()
    left = f", and {found.owed} left to axiom-server audit" if found.owed else ""
    words = f"{len(found.cells)} recomputed ({'; '.join(found.cells)}){left}"
    returned.enter(ledger, result, words, found.owed, anew)
    return found.cells


def pay(ledger: Ledger, result: Returned, look: Look, owed: int) -> Sequence[str]:
    """Prove or refuse a result of whose own cells some are owed; as `admit`."""
    found = look(result, owed, math.inf)
    if found.wrong:
        refuse(ledger, result, found)
        return ()
    returned.prove(ledger, [result], f"{len(found.cells)} more recomputed ({'; '.join(found.cells)})")
    return found.cells


def close(
    ledger: Ledger, span: Sequence[Returned], look: Look, cells_of_it: int = trust.CELLS_OF_A_SPAN
) -> Sequence[str]:
    """Prove all results of a span, or refuse all, by cells that are drawn over all of them; as `admit`.

    Two calls that close one span at once draw twice from it: what either finds wrong is refused.
    """
    cells: list[str] = []
    for number, count in drawing.among([result.work for result in span], cells_of_it).items():
        found = look(span[number], count, math.inf)
        if found.wrong:
            refuse(ledger, span[number], found, span)
            return ()
        cells += [f"{span[number].workunit} {cell}" for cell in found.cells]
    returned.prove(ledger, span, f"{len(cells)} recomputed of {len(span)} results of its host ({'; '.join(cells)})")
    return cells


def refuse(ledger: Ledger, result: Returned, found: Looked, together: Sequence[Returned] = ()) -> None:
    """Enter that a result is wrong, with all that follows for its host and for those that were drawn from with it."""
    verdict = Verdict(result.upload, result.checksum, result.workunit, found.code, found.wrong)
    taken_back.refuse(ledger, verdict, result.host, together)
