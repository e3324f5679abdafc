"""No way of forging earns more credit for the work than honesty does: strategies played over the whole trust cycle.

Drawing, trust, spans and ledger are the real ones; only instead of recomputing a cell it is looked up whether it was
forged. Each decision, on one result or on a span, may bring a cheat more or less than the work that was done, but
nothing on average. How far chance alone may lift the sum is Hoeffding's bound for such decisions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kernels.arrays import F64
from kernels.experiments import EXPERIMENTS
from kernels.formats.workunit import Seeds, WorkUnit
from server_validator.checking import drawing, spans, trust
from server_validator.checking.spans import Looked
from server_validator.ledger import Ledger, create, hosts, returned, verdicts
from server_validator.ledger.returned import Returned

OPERATIONS = drawing.work(WorkUnit(EXPERIMENTS["compgen"], Seeds(0, 23)))
WORK = OPERATIONS / OPERATIONS.sum()  # of each cell of a result [cells]; that of a result is 1
CELLS = len(WORK)
DEAREST = np.argsort(-WORK, kind="stable")[: CELLS // 4]
CHEAPEST = np.argsort(WORK, kind="stable")[: CELLS // 2]
RESULTS = 2500  # so that the bound says something even where all of them are in spans of sixteen
DEAR = 0.004  # where a new host's results are in spans of five
ONCE_IN = 1e6  # runs of this module that a right program fails
STRATEGIES = 20  # at most

Forged = NDArray[np.intp]
NONE, ALL = np.arange(0), np.arange(CELLS)


@dataclass
class Cheat:
    """What a cheat does next, and what came of it."""

    ledger: Ledger
    host: int = 1
    dear: float = 0.0  # the part of a result's work that a drawn cell takes, as trust is told
    waiting: int = 0  # results in the open span
    returned: list[Returned] = field(default_factory=list)
    forged: dict[str, frozenset[int]] = field(default_factory=dict)
    done: float = 0.0  # work
    decisions: list[int] = field(default_factory=list)  # results that were decided on together
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(5))

    @property
    def length(self) -> int:
        """Of the present host's span; 0 where each result is looked at by itself."""
        results = trust.asked(hosts.proven(self.ledger, self.host), self.dear).results
        return results if results > 1 else 0

    def look(self, result: Returned, count: int, budget: float) -> Looked:
        """Whether a cell that is drawn was forged."""
        drawn = drawing.draw(WORK, count)
        wrong = sorted(self.forged[result.upload].intersection(drawn))
        return Looked(wrong=f"cell {wrong[0]} is forged") if wrong else Looked([f"cell {cell}" for cell in drawn])

    def send(self, forged: Sequence[int] | Forged) -> None:
        """Return a result with these cells forged, and all others computed."""
        number = len(self.returned)
        result = Returned(f"wu{number}_0_r1_0", number.to_bytes(16), f"wu{number}", self.host, "compgen", 1, 1.0, 1.0)
        self.returned.append(result)
        self.forged[result.upload] = frozenset(int(cell) for cell in forged)
        self.done += 1.0 - float(WORK[list(self.forged[result.upload])].sum())
        spans.admit(self.ledger, result, self.dear, self.look, math.inf, lambda: None)
        self._decided(1)

    def leave(self) -> None:
        """Return nothing any more as this host: its span is closed as the audit does; a new host begins."""
        if span := returned.span(self.ledger, self.host):
            spans.close(self.ledger, span, self.look)
        self._decided(0)
        self.host += 1

    def _decided(self, new: int) -> None:
        waiting = len(returned.span(self.ledger, self.host))
        if not waiting and self.waiting + new:
            self.decisions.append(self.waiting + new)
        self.waiting = waiting

    @property
    def credit(self) -> float:
        """The work of all results that are valid in the end."""
        given = [verdicts.given(self.ledger, result.upload, result.checksum) for result in self.returned]
        return float(sum(verdict is not None and verdict.code == 0 for verdict in given))

    @property
    def by_chance(self) -> float:
        """How far above the work done the credit of a strategy without gain is once in so many runs."""
        squares = sum(size**2 for size in self.decisions)
        return math.sqrt(math.log(ONCE_IN * STRATEGIES) / 2 * squares)


Strategy = Callable[[Cheat], None]
"""Sends one result, or more."""


def share(part: float) -> Strategy:
    """Of each result about this share of the cells."""
    return lambda cheat: cheat.send(np.flatnonzero(cheat.rng.random(CELLS) < part))


def these(cells: Forged) -> Strategy:
    return lambda cheat: cheat.send(cells)


def when_trusted(cells: Forged) -> Strategy:
    """From the moment in which trust is won until caught."""
    return lambda cheat: cheat.send(cells if cheat.length else NONE)


def one_of_each_span(cheat: Cheat) -> None:
    """A whole result of each span, the first."""
    cheat.send(ALL if cheat.length and not cheat.waiting else NONE)


def last_and_leave(cheat: Cheat) -> None:
    """Honest until the span lacks two results; one more, all of it forged, and never seen again."""
    if cheat.length and cheat.waiting == cheat.length - 2:
        cheat.send(ALL)
        cheat.leave()
    else:
        cheat.send(NONE)


def leave_in_the_middle(cheat: Cheat) -> None:
    """A trusted host that leaves with one result, its dearest cells forged: the shortest span that there is."""
    cheat.send(DEAREST if cheat.length else NONE)
    if cheat.waiting:
        cheat.leave()


def always_new(cheat: Cheat) -> None:
    """A new host for each result."""
    cheat.send(DEAREST)
    cheat.leave()


def new_when_caught(cheat: Cheat) -> None:
    """Trusted, the dearest cells; the next host after it was caught."""
    trusted = bool(cheat.length)
    cheat.send(DEAREST[:20] if trusted else NONE)
    if trusted and not cheat.length:
        cheat.leave()


CHEATS: dict[str, Strategy] = {
    "all": these(ALL),
    "a tenth": share(0.1),
    "half": share(0.5),
    "one cell": these(DEAREST[:1]),
    "the dearest": these(DEAREST),
    "the cheapest": these(CHEAPEST),
    "all when trusted": when_trusted(ALL),
    "the dearest when trusted": when_trusted(DEAREST),
    "the cheapest when trusted": when_trusted(CHEAPEST),
    "a few of the dearest when trusted": when_trusted(DEAREST[:20]),
    "one whole result of each span": one_of_each_span,
    "the last and leave": last_and_leave,
    "leave in the middle": leave_in_the_middle,
    "always a new host": always_new,
    "a new host when caught": new_when_caught,
}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    create(tmp_path)
    with Ledger(tmp_path, in_memory=True) as opened:
        yield opened


def played(ledger: Ledger, strategy: Strategy, results: int = RESULTS, dear: float = 0.0) -> Cheat:
    """So many results or a few more, and the end."""
    cheat = Cheat(ledger, dear=dear)
    while len(cheat.returned) < results:
        strategy(cheat)
    cheat.leave()
    assert sum(cheat.decisions) == len(cheat.returned), "every result was decided on once"
    return cheat


def assert_no_gain(cheat: Cheat) -> None:
    gain = cheat.credit - cheat.done
    assert gain <= cheat.by_chance, f"credit {cheat.credit:.1f} for work of {cheat.done:.1f}"


@pytest.mark.parametrize("dear", [0.0, DEAR])
@pytest.mark.parametrize("name", CHEATS)
def test_no_strategy_earns_more_than_the_work_that_was_done(ledger: Ledger, name: str, dear: float) -> None:
    cheat = played(ledger, CHEATS[name], dear=dear)
    assert cheat.by_chance < 0.25 * RESULTS, "or the bound would say nothing"
    assert_no_gain(cheat)


def test_an_honest_host_loses_nothing_and_costs_less_and_less(ledger: Ledger) -> None:
    cheat = played(ledger, these(NONE), 400)
    assert cheat.credit == cheat.done == 400
    assert cheat.decisions[:11] == [1] * 10 + [4]
    assert cheat.decisions[-2] == 16
    assert hosts.proven(ledger, 1) == 400


# What the rules are for: without each of them one of the strategies pays.


def test_drawing_all_cells_alike_would_pay(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """138 of 552 cells are 85 % of the work."""
    rng = np.random.default_rng(6)

    def uniform(work: F64, count: int) -> list[int]:
        return [int(cell) for cell in rng.choice(len(work), count, replace=False)]

    monkeypatch.setattr(drawing, "draw", uniform)
    cheat = played(ledger, CHEATS["the dearest"])
    assert 1.6 < cheat.credit / cheat.done < 2.6
    with pytest.raises(AssertionError, match="credit"):
        assert_no_gain(cheat)


def test_drawing_of_one_result_of_a_span_would_pay(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "among", lambda works, count: {0: count})
    cheat = played(ledger, lambda cheat: cheat.send(ALL if cheat.length and cheat.waiting else NONE))
    with pytest.raises(AssertionError, match="credit"):
        assert_no_gain(cheat)


def test_taking_back_only_what_was_found_wrong_would_pay(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    real = spans.refuse
    monkeypatch.setattr(spans, "refuse", lambda ledger, result, found, together=(): real(ledger, result, found))
    monkeypatch.setattr(returned, "unproven", lambda db, host: [])

    def forge_one(cheat: Cheat) -> None:
        one_of_each_span(cheat)
        if not cheat.length:  # found out: what is left of its span stays
            cheat.waiting = 0

    cheat = Cheat(ledger)
    while len(cheat.returned) < 4 * RESULTS:
        forge_one(cheat)
    with pytest.raises(AssertionError, match="credit"):
        assert_no_gain(cheat)


def test_leaving_open_what_a_host_leaves_behind_would_pay(ledger: Ledger) -> None:
    cheat = Cheat(ledger)
    while len(cheat.returned) < RESULTS:
        last_and_leave_unseen(cheat)
    with pytest.raises(AssertionError, match="credit"):
        assert_no_gain(cheat)


def last_and_leave_unseen(cheat: Cheat) -> None:
    cheat.send(ALL if cheat.length else NONE)
    if cheat.length and cheat.waiting == cheat.length - 1:
        cheat.decisions.append(cheat.waiting)
        cheat.waiting = 0
        cheat.host += 1


@pytest.mark.parametrize("honest", [10, 40, 100])
def test_a_turncoat_is_caught_with_its_first_span(ledger: Ledger, honest: int) -> None:
    """Within as many results as a span has, however long its record is."""
    cheat = Cheat(ledger)
    while hosts.proven(ledger, 1) < honest:
        cheat.send(NONE)
    while cheat.waiting:
        cheat.send(NONE)
    kept, length = cheat.credit, cheat.length
    for _ in range(length):
        cheat.send(ALL)
    assert (cheat.length, cheat.credit) == (0, kept)
