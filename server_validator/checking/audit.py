"""What no upload brings about: cells that are owed, spans that nobody fills, a closer look at what was taken back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

from server_validator.checking import spans, trust
from server_validator.checking.archive import Archive
from server_validator.checking.looking import looking
from server_validator.checking.spans import Look
from server_validator.errors import TryLater
from server_validator.ledger import Ledger, returned, taken_back, verdicts
from server_validator.ledger.returned import Returned
from server_validator.ledger.taken_back import Taken


def audit(ledger: Ledger, archive: Archive, before: float) -> Iterator[Callable[[], str]]:
    """All that is to be looked at, one after the other; each says what it found. TryLater where it cannot.

    First cells that are owed; then spans that are full, or whose first result came before a time (Unix seconds): they
    are closed as they are. At last each result that was taken back by itself, to tell which of a host's were wrong;
    none becomes valid again by that, since other cells of it may be wrong.
    """
    look = looking(ledger, archive)
    for result, owed in returned.owing(ledger):
        yield partial(_pay, ledger, result, look, owed)
    for host, (count, first) in returned.spans(ledger).items():
        if first < before or count >= trust.LONGEST:
            yield partial(_close, ledger, host, look)
    again = looking(ledger, archive, once_more=True)
    for taken in taken_back.listed(ledger):
        if taken.wrong is None:
            yield partial(_look_again, ledger, taken, again)


def _pay(ledger: Ledger, result: Returned, look: Look, owed: int) -> str:
    spans.pay(ledger, result, look, owed)
    return _said(ledger, result)


def _close(ledger: Ledger, host: int, look: Look) -> str:
    span = returned.span(ledger, host)
    if not span:
        return f"the span of host {host} was closed meanwhile"
    spans.close(ledger, span, look)
    return f"the span of host {host} with {len(span)} results is closed; {_said(ledger, span[-1])}"


def _look_again(ledger: Ledger, taken: Taken, look: Look) -> str:
    with ledger.reading() as db:
        result = next(one for one in returned.of_bytes(db, taken.checksum) if one.upload == taken.upload)
    found = look(result, trust.CELLS, math.inf)
    taken_back.looked(ledger, taken, bool(found.wrong))
    return f"{taken.upload} was taken back: {found.wrong or f'nothing is wrong in {len(found.cells)} cells'}"


def _said(ledger: Ledger, result: Returned) -> str:
    """The verdict on a result as it is now."""
    verdict = verdicts.given(ledger, result.upload, result.checksum)
    if verdict is None:
        raise TryLater(f"{result.upload} has no verdict in the ledger")
    return f"{result.upload} is {'not valid' if verdict.code else 'valid'}: {verdict.words}"
