"""The numbers of a report, as they are kept to compare the next one with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernels.formats import atomic
from server_validator.reporting import findings_json
from server_validator.reporting.alarms import Alarm
from server_validator.reporting.gathering import Gathered

FORMAT = 1
MOST_BYTES = 1 << 26  # some thousand times what a report of all experiments takes
ClaimKey = tuple[str, str]  # finding and text
PointKey = tuple[str, str, str]  # plot, line, place on the axis


class Unreadable(Exception):
    """What was kept is not what this program keeps, and why."""


@dataclass(frozen=True)
class Known:
    """An estimate as it was reported; None where there were too few seeds for a number."""

    mean: float | None
    low: float | None
    high: float | None
    seeds: int


@dataclass(frozen=True)
class Numbers:
    """What a report says of one experiment."""

    version: int
    cells: int
    seeds: int
    verdicts: Mapping[ClaimKey, str]
    claims: Mapping[ClaimKey, Known]
    points: Mapping[PointKey, Known]


@dataclass(frozen=True)
class Numbered:
    """What a report says: of each experiment by its name, and its alarms; `day` is that of its newest data."""

    day: str
    experiments: Mapping[str, Numbers]
    alarms: frozenset[str]


Kept = Mapping[str, Any]
"""The same as JSON: day, experiments, alarms."""


def kept(day: str, experiments: Sequence[Gathered], alarms: Sequence[Alarm]) -> Kept:
    """What is kept of a report."""
    of_experiments = [findings_json.as_json(gathered.findings) for gathered in experiments]
    return {"day": day, "experiments": of_experiments, "alarms": [alarm.key for alarm in alarms]}


def before(path: Path, now: Kept) -> Kept | None:
    """The numbers that a report is compared with: the newest others, so that it says the same when made again.

    None where nothing is kept yet. Unreadable, and CannotRead where the file is there and cannot be read.
    """
    if not path.exists():
        return None
    try:
        tree = json.loads(atomic.read(path, MOST_BYTES))
        if tree["format"] != FORMAT:
            raise Unreadable(f"it has format {tree['format']}, but this program reads {FORMAT}")
        last: Kept | None = tree["before"] if _same(tree["now"], now) else tree["now"]
        if last is not None:
            numbered(last)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable("it is not what axiom-server report keeps") from error
    return last


def _same(one: Kept, other: Kept) -> bool:
    """Whether two reports say the same, whatever the days of their data."""
    return all(one[part] == other[part] for part in ("experiments", "alarms"))


def write(path: Path, now: Kept, last: Kept | None) -> None:
    """Keep a report's numbers, and those that it was compared with. CannotWrite."""
    text = json.dumps({"format": FORMAT, "now": now, "before": last}, indent=1, allow_nan=False)
    atomic.write_beside_others(path, text.encode())


def numbered(tree: Kept) -> Numbered:
    """The numbers in their types; ValueError, KeyError or TypeError if it is something else."""
    return Numbered(
        _of(tree["day"], str),
        {_of(found["experiment"], str): _numbers(found) for found in tree["experiments"]},
        frozenset(_of(words, str) for words in tree["alarms"]),
    )


def _numbers(found: Mapping[str, Any]) -> Numbers:
    claims = {(_of(claim["finding"], str), _of(claim["text"], str)): claim for claim in found["claims"]}
    points = {
        (_of(curve["title"], str), _of(curve["line"], str), str(point["at"])): _known(point)
        for curve in found["curves"]
        for point in curve["points"]
    }
    return Numbers(
        version=_of(found["version"], int),
        cells=_of(found["cells"], int),
        seeds=_of(found["seeds"], int),
        verdicts={key: _of(claim["verdict"], str) for key, claim in claims.items()},
        claims={key: _known(claim) for key, claim in claims.items()},
        points=points,
    )


def _known(tree: Mapping[str, Any]) -> Known:
    mean, low, high = (None if tree[name] is None else float(tree[name]) for name in ("mean", "low", "high"))
    return Known(mean, low, high, _of(tree["seeds"], int))


def _of(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
