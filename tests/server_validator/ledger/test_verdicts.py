"""Uploads and verdicts as the ledger remembers them."""

from __future__ import annotations

from pathlib import Path

from server_validator.ledger import Ledger, uploads, verdicts


def test_the_first_name_of_a_file_stays_its_first(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        assert uploads.first_upload(ledger, b"a" * 16, "first_0") == "first_0"
        assert uploads.first_upload(ledger, b"a" * 16, "second_0") == "first_0"
        assert uploads.first_upload(ledger, b"b" * 16, "second_0") == "second_0"
    with Ledger(tmp_path) as ledger:
        assert uploads.first_upload(ledger, b"a" * 16, "third_0") == "first_0"


def test_the_last_valid_file_of_a_name_is_the_accepted_one(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        assert verdicts.accepted(ledger, "x_0_r1_0") is None
        for checksum in (b"a" * 16, b"a" * 16, b"b" * 16):
            verdicts.accept(ledger, "x_0_r1_0", checksum)
            assert verdicts.accepted(ledger, "x_0_r1_0") == checksum
        assert verdicts.accepted(ledger, "y_0_r1_0") is None
