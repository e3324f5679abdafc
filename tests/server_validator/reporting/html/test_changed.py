"""What the page says of changes."""

from __future__ import annotations

from dataclasses import replace

from kernels.claims import Estimate
from server_validator.reporting.findings import Decided
from server_validator.reporting.gathering import Gathered
from server_validator.reporting.html.page import page
from tests.server_validator.reporting.html.parsed import Node, parse
from tests.server_validator.reporting.invented import alarming, composed, gathered


def with_claim(found: Gathered, estimate: Estimate, verdict: str) -> Gathered:
    claim = found.findings.claims[0].claim
    decided = Decided(claim, estimate, verdict)  # type: ignore[arg-type]
    return replace(found, findings=replace(found.findings, claims=[decided]))


def changes(html: Node) -> Node:
    (section,) = (node for node in html.all("section") if node.attributes["aria-labelledby"] == "changes")
    return section


def test_verdicts_come_first_then_estimates_then_seeds() -> None:
    before = with_claim(gathered("compgen"), Estimate(0.01, -0.01, 0.03, 8), "undecided")
    now = with_claim(gathered("compgen", 12), Estimate(0.05, 0.04, 0.06, 12), "holds")
    html = parse(page(composed([now, gathered("featrank")], [before, gathered("memdyn")])))
    section = changes(html)
    assert "Since the report on the data of 3 October 2026" in section.text
    headings = [node.text for node in section.all("h3")]
    assert headings[:2] == ["Verdicts", "Estimates outside of the interval that they had"]
    assert headings[2:] == ["First findings", "No findings any more", "Seeds"]
    for words in ("holds , was undecided", "+0.0500, had −0.0100 to +0.0300", "12 seeds (+4)", "memdyn"):
        assert words in section.text
    (card, *_) = html.all("article")
    assert "was undecided in the last report; the estimate was +0.0100, and has left the interval" in card.text


def test_no_change_and_the_first_report_are_said() -> None:
    assert "Nothing, since" in changes(parse(page(composed([gathered("compgen")], [gathered("compgen")])))).text
    assert "This is the first report." in changes(parse(page(composed([gathered("compgen")])))).text


def test_new_alarms_are_marked() -> None:
    html = parse(page(composed([alarming("compgen")], [gathered("compgen")])))
    (section,) = (node for node in html.all("section") if node.attributes["aria-labelledby"] == "alarms")
    assert [node.text for node in section.all("b") if "new" in node.classes] == ["new", "new"]
    assert "2, at the top" in changes(html).text
