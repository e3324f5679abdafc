"""Uploads and verdicts as the ledger remembers them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from server_validator.ledger import Ledger, create, uploads, verdicts
from server_validator.ledger.verdicts import Verdict

VALID = Verdict("x_0_r1_0", b"a" * 16, "x", 0, "2 recomputed")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    create(tmp_path)
    with Ledger(tmp_path) as opened:
        yield opened


def revoked(ledger: Ledger) -> list[tuple[str, str]]:
    with ledger.reading() as db:
        return db.execute("SELECT upload, reason FROM revoked ORDER BY upload").fetchall()


def test_the_first_name_of_a_file_stays_its_first(ledger: Ledger) -> None:
    assert uploads.first_upload(ledger, b"a" * 16, "first_0") == "first_0"
    assert uploads.first_upload(ledger, b"a" * 16, "second_0") == "first_0"
    assert uploads.first_upload(ledger, b"b" * 16, "second_0") == "second_0"
    with Ledger(ledger.data) as again:
        assert uploads.first_upload(again, b"a" * 16, "third_0") == "first_0"


def test_a_verdict_is_of_a_name_and_a_checksum(ledger: Ledger) -> None:
    verdicts.record(ledger, VALID)
    assert verdicts.given(ledger, VALID.upload, VALID.checksum) == VALID
    assert verdicts.given(ledger, VALID.upload, b"b" * 16) is None
    assert verdicts.given(ledger, "", VALID.checksum) is None
    assert verdicts.any_given(ledger, VALID.upload)
    assert not verdicts.any_given(ledger, "y_0_r1_0")


def test_a_refusal_of_what_was_valid_revokes_it_until_it_is_valid_again(ledger: Ledger) -> None:
    refused = replace(VALID, code=25, words="wrong")
    verdicts.record(ledger, replace(refused, checksum=b"b" * 16))
    assert revoked(ledger) == [], "it was never valid"
    verdicts.record(ledger, VALID)
    verdicts.record(ledger, refused)
    assert revoked(ledger) == [(VALID.upload, "wrong")]
    assert verdicts.revoked(ledger) == {VALID.checksum}
    assert verdicts.given(ledger, VALID.upload, VALID.checksum) == refused
    assert verdicts.valid_of(ledger, ["x"]) == []
    verdicts.record(ledger, VALID)
    assert revoked(ledger) == []
    assert verdicts.revoked(ledger) == frozenset()


def test_bytes_are_wrong_under_every_name(ledger: Ledger) -> None:
    """A copy that staff look at once more is the upload that BOINC gave its name."""
    verdicts.record(ledger, VALID)
    refused = replace(VALID, upload="", code=25, words="wrong")
    verdicts.record(ledger, refused)
    assert revoked(ledger) == [(VALID.upload, "wrong")]
    assert verdicts.given(ledger, VALID.upload, VALID.checksum) == replace(refused, upload=VALID.upload)
    assert verdicts.given(ledger, "another name", VALID.checksum) is not None
    verdicts.record(ledger, replace(VALID, upload=""))
    assert verdicts.given(ledger, VALID.upload, VALID.checksum) == VALID
    assert verdicts.given(ledger, "another name", VALID.checksum) is None


def test_the_valid_results_of_a_work_unit_are_found_under_all_its_names(ledger: Ledger) -> None:
    again = replace(VALID, upload="x_again1_0_r1_0", workunit="x_again1")
    for verdict in (VALID, again, replace(VALID, upload="y_0_r1_0", workunit="y")):
        verdicts.record(ledger, verdict)
    assert verdicts.valid_of(ledger, ["x", "x_again1"]) == [VALID, again]
