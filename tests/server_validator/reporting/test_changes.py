"""What counts as a change between two reports, and what is kept of one for the next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from server_validator.reporting import changes, numbers
from server_validator.reporting.changes import Grown, Turned
from server_validator.reporting.numbers import Known, Numbered, Numbers
from tests.server_validator.reporting.invented import alarming, composed, gathered

CLAIM = ("#31", "Wider networks generalize worse")
POINT = ("Gap by width", "", "32")


def of(verdict: str = "holds", mean: float | None = 0.5, seeds: int = 8, version: int = 1, *alarms: str) -> Numbered:
    """A report of one experiment, with one claim and one point of a curve."""
    known = Known(mean, None if mean is None else mean - 0.1, None if mean is None else mean + 0.1, seeds)
    of_one = Numbers(version, 24 * seeds, seeds, {CLAIM: verdict}, {CLAIM: known}, {POINT: known})
    return Numbered("2026-10-03", {"compgen": of_one}, frozenset(alarms))


def test_the_same_numbers_are_no_change() -> None:
    assert not changes.between(of(), of()).any()


def test_another_verdict_is_one() -> None:
    found = changes.between(of("undecided"), of("refuted"))
    assert found.turned == [Turned("compgen", CLAIM, "undecided", "refuted")]
    assert found.of_claim("compgen", CLAIM) == (found.turned[0], None)
    assert found.of_claim("featrank", CLAIM) == (None, None)
    assert found.any()


@pytest.mark.parametrize(("mean", "moved"), [(0.59, False), (0.41, False), (0.61, True), (0.39, True), (None, False)])
def test_an_estimate_moved_that_left_the_interval_it_had(mean: float | None, moved: bool) -> None:
    found = changes.between(of(mean=0.5), of(mean=mean))
    assert [one.of for one in found.moved] == ([CLAIM, POINT] if moved else [])


def test_an_estimate_without_an_interval_had_none_to_leave() -> None:
    assert changes.between(of(mean=None), of(mean=0.5)).moved == []


def test_more_seeds_and_another_version_are_told() -> None:
    found = changes.between(of(seeds=8), of(seeds=12, version=2))
    assert found.grown == [Grown("compgen", (8, 12), (192, 288))]
    assert found.renewed == [("compgen", 1, 2)]


def test_experiments_that_come_and_go() -> None:
    nothing = Numbered("2026-10-03", {}, frozenset())
    assert changes.between(nothing, of()).begun == ["compgen"]
    assert changes.between(of(), nothing).ended == ["compgen"]


def test_alarms_that_were_there_are_not_new() -> None:
    found = changes.between(of("holds", 0.5, 8, 1, "old"), of("holds", 0.5, 8, 1, "old", "new"))
    assert found.alarms == {"new"}


def kept(*names: str, seeds: int = 8, day: str = "2026-11-28") -> numbers.Kept:
    return numbers.kept(day, [gathered(name, seeds) for name in names], [])


def test_a_report_made_again_is_compared_with_what_the_first_one_was(tmp_path: Path) -> None:
    """Or it would say something else, and what it said would be lost."""
    path = tmp_path / "report.json"
    assert numbers.before(path, kept("compgen")) is None
    old, new = kept("compgen", day="2026-10-03"), kept("compgen", seeds=9)
    numbers.write(path, old, None)
    for _ in range(3):
        before = numbers.before(path, new)
        assert before == old
        numbers.write(path, new, before)
    assert numbers.before(path, kept("compgen", seeds=9, day="2026-12-01")) == old, "a file was written, nothing is new"
    assert numbers.before(path, kept("compgen", "featrank", seeds=9)) == new


def test_what_is_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    numbers.write(path, kept("compgen", "cellauto", "microscale", seeds=1), None)
    before = numbers.before(path, kept("compgen"))
    assert before is not None
    again = numbers.numbered(before)
    assert not changes.between(again, numbers.numbered(kept("compgen", "cellauto", "microscale", seeds=1))).any()
    assert list(again.experiments) == ["compgen", "cellauto", "microscale"]
    assert again.experiments["compgen"].seeds == 1


def spoilt(change: str) -> bytes:
    """What was kept, and somebody has changed."""
    tree: dict[str, Any] = {"format": 1, "now": dict(kept("compgen")), "before": None}
    match change:
        case "format":
            tree["format"] = 2
        case "no day":
            del tree["now"]["day"]
        case "before":
            tree |= {"now": dict(kept("compgen", seeds=9)), "before": "yesterday"}
        case "seeds":
            tree["now"]["experiments"][0]["seeds"] = "many"
        case "claims":
            tree["now"]["experiments"][0]["claims"] = [7]
        case "alarms":
            tree["now"]["alarms"] = [[]]
    return json.dumps(tree).encode()


SPOILT = ("format", "no day", "before", "seeds", "claims", "alarms")


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"7", b"[" * 100_000, *map(spoilt, SPOILT)])
def test_what_nobody_keeps_is_unreadable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(numbers.Unreadable, match=r"format 2|not what axiom-server report keeps"):
        numbers.before(path, kept("compgen", seeds=9))


def test_alarms_are_compared_by_their_words() -> None:
    report = composed([alarming("compgen"), gathered("featrank")], [gathered("compgen")])
    assert report.changes is not None
    assert len(report.changes.alarms) == 2
    assert {alarm.kind for alarm in report.alarms} == {"disagreement", "taken back"}
