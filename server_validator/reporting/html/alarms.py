"""Alarms, before anything else is said."""

from __future__ import annotations

from collections.abc import Sequence

from server_validator.reporting.alarms import Alarm, Kind
from server_validator.reporting.html.markup import Markup, element
from server_validator.reporting.html.numerals import count
from server_validator.reporting.report import Report

HEADINGS: dict[Kind, str] = {
    "disagreement": "Hosts whose bit-exact cells disagree",
    "unusable": "Experiments whose data cannot be used",
    "taken back": "Results taken back",
}
MOST = 50  # of a kind that are listed; all are counted


def section(report: Report) -> Markup:
    """The alarms by their kinds; where there is none, that there is none."""
    if not report.alarms:
        words = "No alarms: no two hosts disagree on a bit-exact cell, and no result was taken back."
        return element("p", words, class_="quiet")
    new = report.changes.alarms if report.changes else frozenset()
    kinds = [_kind(kind, [alarm for alarm in report.alarms if alarm.kind == kind], new) for kind in HEADINGS]
    return element(
        "section", element("h2", "Alarms", id="alarms"), kinds, class_="alarms", aria_labelledby="alarms"
    )  # fmt: skip


def _kind(kind: Kind, alarms: Sequence[Alarm], new: frozenset[str]) -> list[Markup]:
    if not alarms:
        return []
    ordered = sorted(alarms, key=lambda alarm: alarm.key not in new)  # new ones first
    entries = [_entry(alarm, alarm.key in new) for alarm in ordered[:MOST]]
    if len(alarms) > MOST:
        entries.append(element("li", f"and {count(len(alarms) - MOST)} more"))
    return [element("h3", f"{HEADINGS[kind]}: {len(alarms)}"), element("ul", entries)]


def _entry(alarm: Alarm, new: bool) -> Markup:
    tag = element("b", "new ", class_="new") if new else None
    return element("li", tag, element("b", alarm.experiment), f": {alarm.words}")
