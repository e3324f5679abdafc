"""Results of trusted hosts wait together for one drawing, and what a wrong one among them does to the others."""

from __future__ import annotations

import math
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kernels.errors import CannotWrite
from kernels.formats import result
from kernels.formats.workunit import WorkUnit
from server_validator.boinc import names
from server_validator.checking import check, drawing, recomputation, spans, trust
from server_validator.checking.audit import audit
from server_validator.checking.check import Passed, Terms
from server_validator.checking.reading import read_for_verdict
from server_validator.checking.spans import Looked
from server_validator.commands.archived import Archived
from server_validator.dataset import archive
from server_validator.errors import RecomputationDiffers, SpanRefused, TryLater
from server_validator.ledger import Ledger, hosts, returned, standing, taken_back, verdicts
from server_validator.ledger.returned import Returned
from tests.kernels import tiny
from tests.server_validator.checking.attacks import invented
from tests.server_validator.data import checked, issued
from tests.server_validator.forging import changed
from tests.server_validator.truth import remembered

UNITS = [tiny.unit(1000 + 2 * number) for number in range(9)]
HOST = 12
LATER = math.inf  # than any result


@pytest.fixture(autouse=True)
def a_cell_is_a_small_part_of_a_work_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of default work units; these have two cells, which would make new hosts' spans long."""
    monkeypatch.setattr(drawing, "dear", lambda unit: 0.0)


@pytest.fixture(autouse=True)
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Seeds of the cells that are recomputed."""
    seeds: list[int] = []

    def counted(experiment, cells, engine):  # type: ignore[no-untyped-def]
        seeds.extend(cell.seed for cell in cells)
        return remembered(experiment, cells, engine)

    monkeypatch.setattr(recomputation, "compute", counted)
    return seeds


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return issued(tmp_path, *UNITS)


@pytest.fixture
def ledger(data: Path) -> Iterator[Ledger]:
    with Ledger(data) as opened:
        yield opened


def trusted(ledger: Ledger, host: int = HOST, proven: int = trust.TRUSTED) -> None:
    with ledger.writing() as db:
        hosts.add_proven(db, host, proven)


def uploaded(data: Path, unit: WorkUnit, *forged: int, number: int = 0) -> Path:
    path = data.parent / f"{unit.name}_{number}_r7_0"
    content = result.encode(tiny.computed(unit, "c"))
    path.write_bytes(changed(content, lambda top: invented(top, *forged)) if forged else content)
    return path


def sent(data: Path, unit: WorkUnit, *forged: int, host: int | None = HOST, number: int = 0) -> Passed:
    return checked(uploaded(data, unit, *forged, number=number), data, Terms(host=host))


def stands(ledger: Ledger, unit: WorkUnit) -> str:
    return next(one.standing for one in standing.units(ledger) if one.digest == unit.digest)


def made(ledger: Ledger, before: float = LATER) -> list[str]:
    return [look() for look in audit(ledger, Archived(ledger.data), before)]


def test_a_hosts_first_results_are_recomputed_each_and_then_only_some_of_a_span(
    data: Path, ledger: Ledger, computed: list[int]
) -> None:
    trusted(ledger, proven=trust.TRUSTED - 1)
    assert sent(data, UNITS[0]).words.startswith("2 recomputed (seed 100")
    assert hosts.proven(ledger, HOST) == trust.TRUSTED
    computed.clear()
    for unit in UNITS[1:4]:
        assert "waits in its host's open span" in sent(data, unit).words
    assert computed == []
    last = sent(data, UNITS[4])
    assert "recomputed of 4 results of its host" in last.words
    assert 1 <= len(computed) <= trust.CELLS_OF_A_SPAN
    assert len(last.recomputed) == len(computed)
    assert hosts.proven(ledger, HOST) == trust.TRUSTED + 4
    assert returned.span(ledger, HOST) == []


@pytest.mark.parametrize("host", [None, 99])
def test_of_an_unknown_and_a_new_host_cells_are_recomputed_at_once(
    data: Path, ledger: Ledger, host: int | None, computed: list[int]
) -> None:
    trusted(ledger)
    sent(data, UNITS[0], host=host)
    assert len(computed) == 2
    assert hosts.proven(ledger, host) == (host == 99)
    checked(uploaded(data, UNITS[0]), data, Terms(host=host, anew=True))
    assert hosts.proven(ledger, host) == (host == 99), "one result counts once"


def test_a_wrong_result_of_a_span_takes_all_of_it_back_and_the_host_is_new(
    data: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "among", lambda works, count: Counter({0: count}))  # or the true one could be drawn
    trusted(ledger)
    sent(data, UNITS[0], 0, 1)
    sent(data, UNITS[1], 0, 1)
    sent(data, UNITS[2], 0, 1)
    with pytest.raises((RecomputationDiffers, SpanRefused)) as caught:
        sent(data, UNITS[3])
    assert str(uploaded(data, UNITS[3])) in str(caught.value)
    assert [stands(ledger, unit) for unit in UNITS[:5]] == ["revoked"] * 4 + ["outstanding"]
    assert hosts.proven(ledger, HOST) == 0
    taken = taken_back.listed(ledger)
    assert [(one.host, one.workunit, one.credit) for one in taken] == [(HOST, unit.name, None) for unit in UNITS[:4]]
    assert sum(one.wrong == 1 for one in taken) == 1, "the others were not looked at"
    assert {one.work for one in taken} == {float(drawing.work(UNITS[0]).sum())}
    for unit in UNITS[:4]:
        with pytest.raises((RecomputationDiffers, SpanRefused)):
            checked(data.parent / f"{unit.name}_0_r7_0", data, Terms(host=HOST))


def test_true_results_of_a_refused_span_are_told_from_wrong_ones_by_the_audit_and_stay_refused(
    data: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted(ledger)
    monkeypatch.setattr(drawing, "among", lambda works, count: {1: count})
    sent(data, UNITS[0], 0, 1)
    sent(data, UNITS[1], 0, 1)
    sent(data, UNITS[2])
    with pytest.raises(SpanRefused, match=f"differs in the digest of its state, in {UNITS[1].name}_0_r7_0"):
        sent(data, UNITS[3])
    assert [one.wrong for one in taken_back.listed(ledger)] == [None, 1, None, None]
    assert len(made(ledger)) == 3
    assert [one.wrong for one in taken_back.listed(ledger)] == [1, 1, 0, 0]
    assert made(ledger) == [], "nothing is looked at twice"
    assert stands(ledger, UNITS[2]) == "revoked"
    assert hosts.proven(ledger, HOST) == 0


def test_a_span_is_closed_when_its_first_result_has_waited_for_long(data: Path, ledger: Ledger) -> None:
    trusted(ledger)
    sent(data, UNITS[0])
    sent(data, UNITS[1])
    with ledger.writing() as db:
        db.execute("UPDATE returned SET time = 100.0 WHERE workunit = ?", [UNITS[0].name])
    assert made(ledger, before=99.0) == []
    (said,) = made(ledger, before=101.0)
    assert "the span of host 12 with 2 results is closed" in said
    assert hosts.proven(ledger, HOST) == trust.TRUSTED + 2
    assert made(ledger) == []


def test_a_forger_who_leaves_loses_what_waits(data: Path, ledger: Ledger) -> None:
    trusted(ledger)
    sent(data, UNITS[0], 0, 1)
    sent(data, UNITS[1], 0, 1)
    assert "not valid" in made(ledger)[0]
    assert [stands(ledger, unit) for unit in UNITS[:2]] == ["revoked"] * 2


def test_what_the_budget_leaves_is_owed_and_counts_when_it_is_done(
    data: Path, ledger: Ledger, computed: list[int]
) -> None:
    path = uploaded(data, UNITS[0])
    words = checked(path, data, Terms(host=HOST, budget=0.0)).words
    assert "1 recomputed" in words
    assert "and 1 left to axiom-server audit" in words
    assert (len(computed), hosts.proven(ledger, HOST)) == (1, 0)
    assert [owed for _, owed in returned.owing(ledger)] == [1]
    (said,) = made(ledger, before=0.0)
    assert "is valid: 1 more recomputed" in said
    assert (len(computed), hosts.proven(ledger, HOST), returned.owing(ledger)) == (2, 1, [])


def test_what_is_found_wrong_later_takes_back_what_waits(data: Path, ledger: Ledger) -> None:
    """By another result of the work unit; a host's proven results stay."""
    sent(data, UNITS[0])
    trusted(ledger)
    sent(data, UNITS[1], 1)
    sent(data, UNITS[2])
    sent(data, UNITS[1], host=77, number=1)
    assert [stands(ledger, unit) for unit in UNITS[:3]] == ["checked", "checked", "revoked"]
    assert [(one.workunit, one.wrong) for one in taken_back.listed(ledger)] == [
        (UNITS[1].name, 1), (UNITS[2].name, None),
    ]  # fmt: skip
    assert (hosts.proven(ledger, HOST), hosts.proven(ledger, 77)) == (0, 1)


def test_who_was_caught_is_not_caught_by_the_same_result_again(data: Path, ledger: Ledger) -> None:
    trusted(ledger)
    path = uploaded(data, UNITS[0], 1)
    checked(path, data, Terms(host=HOST))
    for _ in range(2):
        with pytest.raises(RecomputationDiffers):
            checked(path, data, Terms(host=HOST, anew=True, cells=2))
        trusted(ledger)
    assert hosts.proven(ledger, HOST) == 2 * trust.TRUSTED


def test_a_result_that_is_valid_again_is_not_taken_back(data: Path, ledger: Ledger) -> None:
    trusted(ledger)
    sent(data, UNITS[0])
    sent(data, UNITS[1], 1)
    with pytest.raises(RecomputationDiffers):
        checked(uploaded(data, UNITS[1], 1), data, Terms(host=HOST, anew=True, cells=2))
    assert stands(ledger, UNITS[0]) == "revoked"
    checked(uploaded(data, UNITS[0]), data, Terms(host=HOST, anew=True))
    assert stands(ledger, UNITS[0]) == "checked"
    assert [one.workunit for one in taken_back.listed(ledger)] == [UNITS[1].name]


def test_bytes_are_in_the_archive_before_a_result_is_valid(
    data: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise CannotWrite("the archive", "the disk is full", "Free some space")

    for record in (0, trust.TRUSTED):
        trusted(ledger, proven=record)
        path = uploaded(data, UNITS[record % 9])
        with monkeypatch.context() as patch:
            patch.setattr(archive, "keep", full)
            with pytest.raises(CannotWrite):
                checked(path, data, Terms(host=HOST))
        assert not verdicts.any_given(ledger, path.name)
        assert returned.span(ledger, HOST) == []
        checksum = checked(path, data, Terms(host=HOST)).answer.result.checksum
        assert archive.read(data, checksum) == path.read_bytes()


def test_without_the_archive_a_span_stays_open_and_nobody_is_blamed(
    data: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted(ledger)
    for unit in UNITS[:3]:
        sent(data, unit)
    shutil.rmtree(data / "archive")
    monkeypatch.setattr(drawing, "among", lambda works, count: {0: count})
    with pytest.raises(TryLater, match="the archive's copy of it cannot be used"):
        sent(data, UNITS[3])
    assert "waits" in sent(data, UNITS[3]).words
    assert len(returned.span(ledger, HOST)) == 4
    assert taken_back.listed(ledger) == []


def test_the_pace_is_the_median_over_hosts_of_what_their_results_tell(ledger: Ledger) -> None:
    assert returned.median_pace(ledger, "compgen", 1) is None
    paces = {1: [1.0, 2.0, 9.0], 2: [3.0], 3: [1e9] * 50, None: [1e12] * 9}
    count = 0
    for host, values in paces.items():
        for pace in values:
            count += 1
            one = returned.Returned(f"wu{count}_0_r1_0", count.to_bytes(16), "wu", host, "compgen", 1, 6.0 * pace, 6.0)
            returned.enter(ledger, one, "", 0)
    returned.enter(ledger, replace(one, upload="x_0_r1_0", host=4, cpu=0.0), "", 0)
    assert returned.median_pace(ledger, "compgen", 1) == 3.0
    assert returned.median_pace(ledger, "compgen", 2) is None


def test_a_span_has_both_its_cells_recomputed_whatever_the_budget(
    data: Path, ledger: Ledger, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a host with dear cells would be asked for one."""
    trusted(ledger)
    monkeypatch.setattr(drawing, "among", lambda works, count: {3: count})
    for unit in UNITS[:4]:
        checked(uploaded(data, unit), data, Terms(host=HOST, budget=0.0))
    assert sorted(computed) == [1006, 1007]


def test_what_another_call_proved_meanwhile_is_refused_with_the_span_that_it_was_drawn_from(
    data: Path, ledger: Ledger
) -> None:
    trusted(ledger)
    for unit in UNITS[:3]:
        sent(data, unit)
    span = returned.span(ledger, HOST)
    returned.prove(ledger, span, "proven by another call")
    assert hosts.proven(ledger, HOST) == trust.TRUSTED + 3
    returned.prove(ledger, span, "proven by another call")
    assert hosts.proven(ledger, HOST) == trust.TRUSTED + 3, "nothing is counted twice"
    spans.close(ledger, span, lambda result, count, budget: Looked(wrong="it is wrong"))
    assert [stands(ledger, unit) for unit in UNITS[:3]] == ["revoked"] * 3
    returned.prove(ledger, span, "proven by a third one")
    assert hosts.proven(ledger, HOST) == 0, "what was refused is not proven any more"


def test_the_pace_is_of_exact_results_of_processors_alone(data: Path, ledger: Ledger) -> None:
    path = uploaded(data, UNITS[0])
    path.write_bytes(result.encode(tiny.computed(UNITS[0], "c", "torch")))
    checked(path, data, Terms(host=HOST))
    assert returned.median_pace(ledger, "compgen", 1) is None
    sent(data, UNITS[1])
    expected = float(drawing.work(UNITS[1]).sum()) / tiny.TIMINGS.cpu
    assert returned.median_pace(ledger, "compgen", 1) == expected


def test_what_another_call_refused_meanwhile_is_not_found_valid_by_other_cells(data: Path, ledger: Ledger) -> None:
    """As of two daemons that were asked of one upload at once."""
    path = uploaded(data, UNITS[0])
    answer = read_for_verdict(names.upload(path), ledger)
    own = check.returned(names.upload(path), answer, HOST)

    def look(result: Returned, count: int, budget: float) -> Looked:
        spans.refuse(ledger, own, Looked(wrong="another call found it wrong"))
        return Looked(["a cell that is right"])

    spans.alone(ledger, own, look, trust.CELLS, math.inf, lambda: None)
    verdict = verdicts.given(ledger, path.name, answer.result.checksum)
    assert verdict is not None
    assert (verdict.code, verdict.words) == (RecomputationDiffers.code, "another call found it wrong")
    assert hosts.proven(ledger, HOST) == 0
