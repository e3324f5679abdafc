"""The report's page: everything is in it, nothing else is asked for, and nobody's name does harm."""

from __future__ import annotations

import itertools
import re

import pytest

from kernels.experiments import EXPERIMENTS
from server_validator.reporting.html.numerals import plain, signed
from server_validator.reporting.html.page import page
from tests.server_validator.reporting.html.parsed import Node, parse
from tests.server_validator.reporting.invented import HOSTILE, alarming, composed, gathered

NAMES = [name for name in EXPERIMENTS if name != "batchsize"]  # of one nothing came back yet


@pytest.fixture(scope="module")
def source() -> str:
    found = [alarming(name) if name == "compgen" else gathered(name) for name in NAMES]
    return page(composed(found, [gathered(name, 8, 1) for name in NAMES[1:]]))


@pytest.fixture(scope="module")
def html(source: str) -> Node:
    return parse(source)


def of(html: Node, name: str) -> Node:
    (section,) = (node for node in html.all("section") if node.attributes.get("aria-labelledby") == name)
    return section


@pytest.mark.parametrize("name", NAMES)
def test_every_finding_is_there_with_its_numbers(html: Node, name: str) -> None:
    section, found = of(html, name), gathered(name).findings
    row = found.experiment
    assert row.question[1:] in section.text
    for fact in (
        f"version {row.version}",
        f"{found.cells:,} networks",
        "8 seeds",
        "20 hosts",
        "bit-exact results only",
    ):
        assert fact in section.text
    cards = list(section.all("article"))
    assert len(cards) == len(row.claims)
    for card, decided in zip(cards, found.claims, strict=True):
        claim, estimate = decided.claim, decided.estimate
        words = (claim.finding, claim.text, claim.unit, claim.published, decided.verdict)
        for word in (*words, signed(estimate.mean), f"{signed(estimate.low)} to {signed(estimate.high)}", "8 seeds"):
            assert " ".join(word.split()) in card.text


@pytest.mark.parametrize("name", NAMES)
def test_every_curve_is_drawn_and_its_numbers_are_a_table(html: Node, name: str) -> None:
    figures = list(of(html, name).all("figure"))
    plots = gathered(name).findings.plots
    assert [next(figure.all("figcaption")).text for figure in figures] == list(plots)
    for figure, lines in zip(figures, plots.values(), strict=True):
        rows = [[cell.text for cell in row.children if isinstance(cell, Node)] for row in figure.all("tr")][1:]
        points = [(drawn, *point) for drawn in lines for point in drawn.estimates.items()]
        for row, (drawn, value, estimate) in zip(rows, points, strict=True):
            known = drawn.curve.published.get(value)
            numbers = [plain(estimate.mean), f"{plain(estimate.low)} to {plain(estimate.high)}", "8"]
            assert row[-4:] == [*numbers, "" if known is None else plain(known)]
            assert drawn.curve.line in row[0]
        (plot,) = (svg for svg in figure.all("svg") if "plot" in svg.classes)
        solid = [mark for mark in plot.all("path") if "mark" in mark.classes and "open" not in mark.classes]
        assert len(solid) == len(points)
        shapes = {mark.attributes["d"] for mark in solid}
        assert len(shapes) == len(lines), "lines are told apart by colour alone"
        published = [mark for mark in plot.all("path") if "open" in mark.classes]
        assert len(published) == sum(value in drawn.curve.published for drawn, value, _ in points)


def test_nothing_is_fetched_and_nothing_runs(source: str, html: Node) -> None:
    (policy,) = (meta for meta in html.all("meta") if meta.attributes.get("http-equiv") == "Content-Security-Policy")
    assert policy.attributes["content"].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    tags = {node.tag for node in html.all()}
    assert not tags & {"script", "iframe", "object", "embed", "img", "form", "base", "use", "image"}
    for node in html.all():
        assert not [name for name in node.attributes if name.startswith("on")], node.tag
        for name in ("href", "src", "action", "xlink:href"):
            assert node.attributes.get(name, "#").startswith(("#", "data:,")), node.attributes
    assert not re.search(r"https?:|//[a-z]|url\(|@import", source)


def test_names_that_mean_harm_are_text(source: str, html: Node) -> None:
    assert "alert(1)" in of(html, "alarms").text
    assert "alert(1)" in of(html, "compgen").text
    assert not set(HOSTILE) & {"\u202e", "\x1b"} & set(source)


def test_alarms_come_first_and_name_hosts_and_reasons(html: Node) -> None:
    (main,) = html.all("main")
    first = next(node for node in main.children if isinstance(node, Node))
    assert first.attributes["aria-labelledby"] == "alarms"
    for word in ("host 12 (compgen_1_0_8_0_r77_0)", "host 4711", "3 bit-exact cells of work unit compgen_1_0_8"):
        assert word in first.text
    assert "host 666 (compgen_1_8_8_0_r5_0), work unit compgen_1_8_8" in first.text
    assert "cell 7 computes to other digests" in first.text


def test_without_alarms_that_is_said() -> None:
    html = parse(page(composed([gathered("compgen")])))
    assert not [node for node in html.all("section") if node.attributes["aria-labelledby"] == "alarms"]
    assert "No alarms" in next(html.all("main")).text


def test_what_is_left_out_is_said(html: Node) -> None:
    text = of(html, "compgen").text
    assert "3 of 8 seeds incomplete" in text
    assert "/results/work_unit" in text
    assert "Left out" not in of(html, "prunecomp").text


def test_the_summary_counts_what_there_is(html: Node) -> None:
    text = of(html, "summary").text
    found = [gathered(name).findings for name in NAMES]
    verdicts = [decided.verdict for one in found for decided in one.claims]
    assert f"{verdicts.count('holds')} findings hold" in text
    assert f"{verdicts.count('refuted')} are refuted" in text
    assert f"{verdicts.count('undecided')} are undecided" in text
    assert "12 of 13 experiments" in text
    assert f"{sum(one.cells for one in found):,} networks" in text
    assert f"{8 * 12} seeds" in text
    assert "20 hosts, and others not known" in text
    assert "28 November 2026" in next(html.all("header")).text
    assert "Report of 29 November 2026" in next(html.all("header")).text
    (nav,) = html.all("nav")
    assert "No results yet: batchsize." in nav.text
    assert [a.attributes["href"] for a in nav.all("a")] == [f"#{name}" for name in NAMES]


def test_headings_are_in_order_and_every_reference_leads_somewhere(html: Node) -> None:
    levels = [int(node.tag[1]) for node in html.all() if re.fullmatch("h[1-6]", node.tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    ids = [node.attributes["id"] for node in html.all() if "id" in node.attributes]
    assert len(set(ids)) == len(ids)
    targets = {a.attributes["href"].removeprefix("#") for a in html.all("a")}
    labels = {node.attributes["aria-labelledby"] for node in html.all() if "aria-labelledby" in node.attributes}
    assert targets | labels <= set(ids)
    assert html.attributes["lang"] == "en"
    for landmark in ("header", "main", "nav", "footer"):
        assert len(list(html.all(landmark))) == 1


def test_pictures_say_what_they_show(html: Node) -> None:
    for svg in html.all("svg"):
        said = svg.attributes.get("aria-label", "")
        assert said if svg.attributes.get("role") == "img" else svg.attributes["aria-hidden"] == "true"
    for chip in (node for node in html.all("span") if "verdict" in node.classes):
        assert re.search("holds?|refuted|undecided", chip.text), "a verdict by its colour alone"


def test_the_same_report_is_the_same_page(source: str) -> None:
    found = [alarming(name) if name == "compgen" else gathered(name) for name in NAMES]
    assert page(composed(found, [gathered(name, 8, 1) for name in NAMES[1:]])) == source


def test_few_seeds_are_said_to_decide_nothing() -> None:
    for seeds, words in ((1, "by one seed, which has no interval"), (7, "needs at least 8 seeds")):
        (card,) = parse(page(composed([gathered("compgen", seeds)]))).all("article")
        assert words in card.text
        assert "undecided" in card.text


def test_which_results_count_is_said() -> None:
    text = parse(page(composed([gathered("compgen")], near=True))).text
    assert "bit-exact and near results" in text
    assert "bit-exact results only" not in text
