"""What changed between two reports: verdicts, then estimates that moved by more than their interval, then seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from server_validator.reporting.numbers import ClaimKey, Known, Numbered, Numbers, PointKey


@dataclass(frozen=True)
class Turned:
    """A claim with another verdict than before."""

    experiment: str
    claim: ClaimKey
    before: str
    now: str


@dataclass(frozen=True)
class Moved:
    """An estimate, of a claim or of a curve's point, that lies outside of the interval that it had before."""

    experiment: str
    of: ClaimKey | PointKey
    before: Known
    now: Known


@dataclass(frozen=True)
class Grown:
    """An experiment with more seeds or cells than before, or fewer."""

    experiment: str
    seeds: tuple[int, int]  # before, now
    cells: tuple[int, int]


@dataclass(frozen=True)
class Changes:
    """All that is different from the report on the data of the day `since`."""

    since: str
    turned: Sequence[Turned]
    moved: Sequence[Moved]
    grown: Sequence[Grown]
    renewed: Sequence[tuple[str, int, int]]  # experiments with another version than before: before, now
    begun: Sequence[str]  # experiments that had no findings before
    ended: Sequence[str]  # those that have none any more
    alarms: frozenset[str]  # that were not there before

    def any(self) -> bool:
        """Whether there is one."""
        return any((self.turned, self.moved, self.grown, self.renewed, self.begun, self.ended, self.alarms))

    def of_claim(self, experiment: str, claim: ClaimKey) -> tuple[Turned | None, Moved | None]:
        """What changed of one claim."""
        turned = (one for one in self.turned if (one.experiment, one.claim) == (experiment, claim))
        moved = (one for one in self.moved if (one.experiment, one.of) == (experiment, claim))
        return next(turned, None), next(moved, None)


def between(before: Numbered, now: Numbered) -> Changes:
    """The changes from one report to another, in the order of the later one."""
    both = {
        name: (before.experiments[name], new) for name, new in now.experiments.items() if name in before.experiments
    }
    return Changes(
        since=before.day,
        turned=[change for name, pair in both.items() for change in _turned(name, *pair)],
        moved=[change for name, pair in both.items() for change in _moved(name, *pair)],
        grown=[
            Grown(name, (old.seeds, new.seeds), (old.cells, new.cells))
            for name, (old, new) in both.items()
            if (old.seeds, old.cells) != (new.seeds, new.cells)
        ],
        renewed=[(name, old.version, new.version) for name, (old, new) in both.items() if old.version != new.version],
        begun=[name for name in now.experiments if name not in before.experiments],
        ended=[name for name in before.experiments if name not in now.experiments],
        alarms=now.alarms - before.alarms,
    )


def _turned(name: str, old: Numbers, new: Numbers) -> Iterator[Turned]:
    for claim, verdict in new.verdicts.items():
        if claim in old.verdicts and old.verdicts[claim] != verdict:
            yield Turned(name, claim, old.verdicts[claim], verdict)


def _moved(name: str, old: Numbers, new: Numbers) -> Iterator[Moved]:
    known: list[tuple[ClaimKey | PointKey, Known | None, Known]] = [
        *((claim, old.claims.get(claim), estimate) for claim, estimate in new.claims.items()),
        *((point, old.points.get(point), estimate) for point, estimate in new.points.items()),
    ]
    for of, before, now in known:
        if before and _outside(before, now):
            yield Moved(name, of, before, now)


def _outside(before: Known, now: Known) -> bool:
    """Whether an estimate is outside of the interval that it had."""
    if before.low is None or before.high is None or now.mean is None:
        return False
    return not before.low <= now.mean <= before.high
