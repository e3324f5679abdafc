"""Where work units stand, as the ledger tells it, and those that can be given out again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server_validator.errors import NotIssued, StillOut
from server_validator.ledger import Ledger, create, issued, standing, verdicts
from server_validator.ledger.verdicts import Verdict
from tests.kernels import tiny

UNIT, OTHER = tiny.unit(), tiny.unit(2000)
NAME = UNIT.name
CHECKSUM = b"a" * 16


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    create(tmp_path)
    with Ledger(tmp_path) as opened:
        for unit in (UNIT, OTHER):
            issued.issue(opened, unit)
        yield opened


def judge(ledger: Ledger, code: int = 0, name: str = NAME) -> None:
    verdicts.record(ledger, Verdict(f"{name}_0_r7_0", CHECKSUM, name, code, "it differs" if code else "1 recomputed"))


def store(ledger: Ledger, name: str = NAME) -> None:
    judge(ledger, 0, name)
    standing.store(ledger, name, f"{name}_0_r7_0", CHECKSUM, 7, 12)


def revoke(ledger: Ledger) -> None:
    judge(ledger)
    judge(ledger, 25)


def revoke_stored(ledger: Ledger) -> None:
    store(ledger)
    judge(ledger, 25)


def lose(ledger: Ledger) -> None:
    judge(ledger)
    standing.record_lost(ledger, NAME, f"{NAME}_0_r7_0", "the file is away")


def give_up(ledger: Ledger) -> None:
    issued.record_failure(ledger, NAME, 4, 77, 3)


def give_up_stored(ledger: Ledger) -> None:
    store(ledger)
    give_up(ledger)


CASES: dict[str, tuple[Callable[[Ledger], object], standing.Standing, str]] = {
    "nothing came": (lambda ledger: None, "outstanding", ""),
    "a wrong one came": (lambda ledger: judge(ledger, 25), "outstanding", ""),
    "a valid one came": (judge, "checked", ""),
    "stored": (store, "stored", ""),
    "given up": (give_up, "given up", "error mask 4"),
    "given up when it was stored": (give_up_stored, "stored", ""),
    "lost": (lose, "lost", "the file is away"),
    "revoked": (revoke, "revoked", "it differs"),
    "revoked when it was stored": (revoke_stored, "revoked", "it differs"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_work_unit_stands_as_what_happened_to_it(ledger: Ledger, case: str) -> None:
    happens, expected, reason = CASES[case]
    happens(ledger)
    first, second = standing.units(ledger)
    assert (first.name, first.digest, first.experiment, first.version) == (NAME, UNIT.digest, "compgen", 1)
    assert first.standing == expected
    assert reason in first.reason
    assert bool(reason) == bool(first.reason)
    assert second.standing == "outstanding", "the other one has nothing to do with it"
    counts = dict.fromkeys(standing.STANDINGS, 0)
    for unit in (first, second):
        counts[unit.standing] += 1
    assert standing.counts(ledger) == {("compgen", 1): counts}
    assert standing.units(ledger, "compgen") == [first, second]
    assert standing.units(ledger, "memdyn") == []


@pytest.mark.parametrize("happens", [give_up, lose, revoke, revoke_stored])
def test_what_will_not_come_is_given_out_again_under_a_name_that_leads_to_the_same_cells(
    ledger: Ledger, happens: Callable[[Ledger], object]
) -> None:
    happens(ledger)
    again = standing.reissue(ledger, NAME)
    assert again != NAME
    assert issued.find_named(ledger, again) == issued.find_named(ledger, NAME) == UNIT
    assert issued.names(ledger, UNIT) == [NAME, again]
    assert [unit.name for unit in standing.units(ledger)] == [again, OTHER.name]
    assert standing.units(ledger)[0].standing == "outstanding"
    with pytest.raises(StillOut, match="outstanding"):
        standing.reissue(ledger, again)
    with pytest.raises(NotIssued):
        standing.reissue(ledger, NAME)
    issued.record_failure(ledger, again, 8, 78, 0)
    third = standing.reissue(ledger, again)
    assert len({NAME, again, third}) == 3
    store(ledger, third)
    assert standing.units(ledger)[0].standing == "stored"


@pytest.mark.parametrize("happens", [lambda ledger: None, judge, store])
def test_what_is_out_or_came_back_is_not_given_out_again(ledger: Ledger, happens: Callable[[Ledger], object]) -> None:
    happens(ledger)
    with pytest.raises(StillOut):
        standing.reissue(ledger, NAME)


def test_what_is_stored_tells_where_it_came_from(ledger: Ledger) -> None:
    store(ledger)
    (one,) = standing.stored(ledger)
    assert (one.digest, one.name, one.experiment, one.version) == (UNIT.digest, NAME, "compgen", 1)
    assert (one.upload, one.checksum, one.boinc_id, one.host) == (f"{NAME}_0_r7_0", CHECKSUM, 7, 12)
    assert standing.stored(ledger, "compgen", 1) == [one]
    assert standing.stored(ledger, "compgen", 2) == standing.stored(ledger, "memdyn", 1) == []


@pytest.mark.parametrize(("checksum", "host"), [(CHECKSUM, 12), (b"b" * 16, None)])
def test_a_host_that_was_known_of_a_result_stays_known(ledger: Ledger, checksum: bytes, host: int | None) -> None:
    store(ledger)
    standing.store(ledger, NAME, f"{NAME}_0_r7_0", checksum, 7, None)
    (one,) = standing.stored(ledger)
    assert (one.checksum, one.host) == (checksum, host)


def test_a_result_of_a_work_unit_that_nobody_issued_is_not_stored(ledger: Ledger) -> None:
    with pytest.raises(NotIssued):
        standing.store(ledger, "compgen_1_9_9", "compgen_1_9_9_0_r7_0", CHECKSUM, 7, None)
    assert standing.stored(ledger) == []


def test_a_stored_result_that_nothing_has_any_more_is_lost(ledger: Ledger) -> None:
    store(ledger)
    (one,) = standing.stored(ledger)
    standing.record_damaged(ledger, one, "it is gone")
    assert (standing.units(ledger)[0].standing, standing.units(ledger)[0].reason) == ("lost", "it is gone")
    store(ledger)
    standing.record_damaged(ledger, dataclasses.replace(one, checksum=b"b" * 16), "another one is gone")
    assert standing.units(ledger)[0].standing == "stored"


def test_what_was_found_valid_under_a_name_the_last_one_first(ledger: Ledger) -> None:
    upload = f"{NAME}_0_r7_0"
    for checksum, code, name in (
        (CHECKSUM, 0, upload),
        (b"b" * 16, 0, upload),
        (b"c" * 16, 25, upload),
        (b"d" * 16, 0, ""),
    ):
        verdicts.record(ledger, Verdict(name, checksum, NAME, code, ""))
    assert standing.valid_under(ledger, upload) == [(NAME, b"b" * 16), (NAME, CHECKSUM)]
    assert standing.valid_under(ledger, "") == []
