"""An experiment's section: its question, what its findings rest on, claims and curves."""

from __future__ import annotations

from server_validator.reporting.changes import Changes
from server_validator.reporting.gathering import Gathered
from server_validator.reporting.html import claim, curve
from server_validator.reporting.html.changed import of_experiment
from server_validator.reporting.html.markup import Markup, element, text
from server_validator.reporting.html.numerals import count


def section(gathered: Gathered, changes: Changes | None, results: str) -> Markup:
    """All that is found; `results` says in words which count."""
    found = gathered.findings
    row = found.experiment
    cards = [claim.card(row.name, number, decided, changes) for number, decided in enumerate(found.claims, 1)]
    figures = [curve.figure(title, lines) for title, lines in found.plots.items()]
    question = row.question[0].upper() + row.question[1:]
    return element(
        "section",
        element("h2", element("span", row.name, class_="name"), " ", row.title, id=row.name),
        element("p", question, class_="question"),
        element("ul", [element("li", fact) for fact in facts(gathered, results)], class_="facts"),
        _left_out(gathered),
        of_experiment(row.name, changes),
        element("h3", "Findings"),
        element("div", cards, class_="claims"),
        text(element("h3", "Curves"), element("div", figures, class_="figures")) if figures else None,
        element("p", element("a", "All experiments", href="#experiments"), class_="back"),
        class_="experiment", aria_labelledby=row.name,
    )  # fmt: skip


def facts(gathered: Gathered, results: str) -> list[str]:
    """What the findings rest on."""
    found = gathered.findings
    return [
        f"version {found.experiment.version}",
        count(found.cells, "network"),
        count(found.seeds, "seed"),
        hosts(len(gathered.hosts), gathered.unknown_hosts),
        results,
    ]


def hosts(number: int, unknown: bool) -> str:
    """How many hosts there are, and whether others are not known."""
    if not number:
        return "hosts not known" if unknown else count(0, "host")
    return count(number, "host") + (" and others not known" if unknown else "")


def _left_out(gathered: Gathered) -> Markup | None:
    said = gathered.sentences
    if not said:
        return None
    lines = [element("li", sentence.strip()) for sentence in said]
    return element("div", element("h3", "Left out"), element("ul", lines), class_="left-out")
