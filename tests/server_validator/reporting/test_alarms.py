"""Alarms in words: who, how many, why."""

from __future__ import annotations

from dataclasses import replace

from server_validator.ledger.verdicts import TakenBack
from server_validator.reporting import alarms
from tests.server_validator.reporting.invented import alarming, gathered


def test_nothing_to_look_at_is_no_alarm() -> None:
    assert alarms.of(gathered("compgen")) == []


def test_what_was_taken_back_for_one_reason_is_one_alarm() -> None:
    """A host that is caught loses all that it returned since its last proof: thousands of results."""
    span = [TakenBack(f"u{number}", 12, f"w{number}", "cell 3 differs, in u0") for number in range(3)]
    others = [TakenBack("u7", 13, "w7", "cell 3 differs, in u0"), TakenBack("", None, "w8", "cell 5 differs")]
    said = [alarm.words for alarm in alarms.of(replace(gathered("compgen"), taken_back=[*span, *others]))]
    assert said == [
        "host 12 (u0), work unit w0 and 2 more of its results: found valid once, and taken back after a later look: "
        "cell 3 differs, in u0",
        "host 13 (u7), work unit w7: found valid once, and taken back after a later look: cell 3 differs, in u0",
        "a host that is not known (an upload that BOINC did not name), work unit w8: found valid once, and taken back "
        "after a later look: cell 5 differs",
    ]


def test_hosts_that_disagree_come_before_what_was_taken_back() -> None:
    assert [alarm.kind for alarm in alarms.of(alarming("compgen"))] == ["disagreement", "taken back"]
