"""The report at a glance, and the way to each experiment."""

from __future__ import annotations

from collections import Counter

from kernels.claims import Verdict
from server_validator.reporting.gathering import Gathered
from server_validator.reporting.html import verdicts
from server_validator.reporting.html.markup import Markup, element
from server_validator.reporting.html.numerals import count
from server_validator.reporting.report import Report


def section(report: Report) -> Markup:
    """How many findings hold, and what they rest on."""
    of = report.verdicts
    shares = [
        element("span", class_=f"share {verdict}", style=f"flex-grow:{of[verdict]}")
        for verdict in verdicts.VERDICTS
        if of[verdict]
    ]
    return element(
        "section",
        element("h2", "At a glance", id="summary"),
        element("ul", [_verdict(verdict, of[verdict]) for verdict in verdicts.VERDICTS], class_="verdicts"),
        element("div", shares, class_="shares", aria_hidden="true"),
        element("ul", [_fact(number, noun) for number, noun in _facts(report)], class_="totals"),
        class_="summary", aria_labelledby="summary",
    )  # fmt: skip


def index(report: Report) -> Markup:
    """A line for each experiment."""
    entries = [_entry(gathered) for gathered in report.experiments]
    names = ", ".join(row.name for row in report.empty)
    return element(
        "nav",
        element("h2", "Experiments", id="experiments"),
        element("ul", entries, class_="index"),
        element("p", f"No results yet: {names}.", class_="note") if names else None,
        aria_labelledby="experiments",
    )


def _verdict(verdict: Verdict, number: int) -> Markup:
    said = [element("b", count(number)), " ", element("span", _said(verdict, number))]
    return element("li", verdicts.shape(verdict), element("span", said), class_=verdict)


def _said(verdict: Verdict, number: int) -> str:
    one = {"holds": "finding holds", "refuted": "is refuted", "undecided": "is undecided"}
    many = {"holds": "findings hold", "refuted": "are refuted", "undecided": "are undecided"}
    return (one if number == 1 else many)[verdict]


def _facts(report: Report) -> list[tuple[str, str]]:
    found = [gathered.findings for gathered in report.experiments]
    known = frozenset[int]().union(*(gathered.hosts for gathered in report.experiments))
    unknown = any(gathered.unknown_hosts for gathered in report.experiments)
    return [
        (count(len(found)), f"of {len(found) + len(report.empty)} experiments with results"),
        (count(sum(one.cells for one in found)), "networks"),
        (count(sum(one.seeds for one in found)), "seeds, over all experiments"),
        (count(len(known)), "hosts, and others not known" if unknown else "hosts")
        if known
        else ("?", "hosts: not known"),
    ]


def _fact(number: str, noun: str) -> Markup:
    return element("li", element("b", number), " ", element("span", noun))


def _entry(gathered: Gathered) -> Markup:
    found = gathered.findings
    of: Counter[Verdict] = Counter(decided.verdict for decided in found.claims)
    chips = [verdicts.chip(verdict, of[verdict]) for verdict in verdicts.VERDICTS if of[verdict]]
    name = found.experiment.name
    return element(
        "li",
        element("a", element("b", name), href=f"#{name}"),
        element("span", found.experiment.question, class_="asked"),
        element("span", chips, class_="chips"),
        element("span", f"{count(found.seeds, 'seed')}, {count(found.cells, 'network')}", class_="note"),
    )
