"""The report's page in a real browser: on a telephone and a screen, light and dark. `make report-check` runs this."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernels.experiments import EXPERIMENTS
from server_validator.reporting.html.page import page
from tests.server_validator.reporting.invented import alarming, composed, gathered
from tests.support.chromium import Page, chromium

PICTURES = Path(__file__).parents[4] / "out" / "report-check"  # for people to look at
LOOKS = [(width, scheme) for width in (400, 1280) for scheme in ("light", "dark")]
NAMES = [name for name in EXPERIMENTS if name != "batchsize"]

OPEN_ALL = "for (const d of document.querySelectorAll('details')) d.open = true"

# Every text with the colour that it is written in and the first background below it that covers: [ratio, needed, text].
CONTRASTS = """
(() => {
  const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const parts = c => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => .2126 * linear(r / 255) + .7152 * linear(g / 255) + .0722 * linear(b / 255);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const colour = parts(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.checkVisibility()) continue;
    const style = getComputedStyle(e);
    const colour = parts(e instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(colour), light(behind(e))].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24;
    found.push([(a + .05) / (b + .05), large ? 3 : 4.5, walk.currentNode.data.trim().slice(0, 40)]);
  }
  return found;
})()
"""
# Of every plot the texts that leave the window or cover each other, and the least height of letters.
LETTERS = """
(() => {
  const wrong = [];
  let least = 99;
  for (const plot of document.querySelectorAll('svg.plot, svg.against-zero')) {
    const boxes = [...plot.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
    const frame = plot.parentElement.getBoundingClientRect();
    const scale = plot.getBoundingClientRect().width / plot.viewBox.baseVal.width;
    boxes.forEach(([text, box], i) => {
      if (!text) return;
      least = Math.min(least, scale * parseFloat(getComputedStyle(plot.querySelector('text')).fontSize));
      if (box.left < frame.left || box.right > frame.right) wrong.push(['outside', text]);
      for (const [other, b] of boxes.slice(i + 1))
        if (other && box.left < b.right && b.left < box.right && box.top + 2 < b.bottom && b.top + 2 < box.bottom)
          wrong.push(['covers', text, other]);
    });
  }
  return [wrong, least];
})()
"""


@dataclass(frozen=True)
class Shown:
    """The page in the browser, in one look, with all tables open."""

    page: Page
    path: Path
    width: int
    scheme: str


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = [alarming(name) if name == "compgen" else gathered(name) for name in NAMES]
    written = tmp_path_factory.mktemp("report") / "report.html"
    written.write_text(page(composed(found, [gathered(name, 8, 1) for name in NAMES[1:]])), encoding="utf-8")
    return written


@pytest.fixture(scope="module", params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def shown(request: pytest.FixtureRequest, browser: Page, path: Path) -> Shown:
    width, scheme = request.param
    browser.look(width, scheme)
    browser.open(path)
    PICTURES.mkdir(parents=True, exist_ok=True)
    browser.picture(PICTURES / f"{width}-{scheme}.png")
    browser.value(OPEN_ALL)
    return Shown(browser, path, width, scheme)


def test_the_page_does_not_scroll_sideways_but_wide_tables_do(shown: Shown) -> None:
    wide, inner = shown.page.value("[document.documentElement.scrollWidth, innerWidth]")
    assert (wide, inner) == (shown.width, shown.width)
    scrolling = shown.page.value(
        "[...document.querySelectorAll('.scrolls')].filter(e => e.scrollWidth > e.clientWidth).length"
    )
    assert scrolling or shown.width > 400


def test_every_text_has_the_contrast_of_level_aa(shown: Shown) -> None:
    contrasts = shown.page.value(CONTRASTS)
    assert len(contrasts) > 1000
    assert [(ratio, text) for ratio, needed, text in contrasts if ratio < needed] == []


def test_the_scheme_is_the_one_that_is_preferred(shown: Shown) -> None:
    background = shown.page.value("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (max(background) < 64) == (shown.scheme == "dark")


def test_letters_in_pictures_are_legible_and_cover_nothing(shown: Shown) -> None:
    wrong, least = shown.page.value(LETTERS)
    assert wrong == []
    assert least >= 10.5  # pixels


def test_nothing_is_complained_of_and_nothing_fetched(shown: Shown) -> None:
    events = shown.page.events
    asked = [said["request"]["url"] for method, said in events if method == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith("data:")] == [shown.path.as_uri()]
    complaints = (
        "Log.entryAdded",
        "Runtime.exceptionThrown",
        "Runtime.consoleAPICalled",
        "Page.javascriptDialogOpening",
    )
    assert [said for method, said in events if method in complaints] == []


def test_a_script_that_came_in_would_not_run(browser: Page, path: Path) -> None:
    """The policy of the page holds where every other defence has failed."""
    forced = path.with_name("forced.html")
    page_with = path.read_text(encoding="utf-8").replace("<main>", "<main><script>document.title = 'ran'</script>")
    forced.write_text(page_with, encoding="utf-8")
    browser.open(forced)
    assert browser.value("document.title") == "Findings"
    assert [said for method, said in browser.events if method == "Log.entryAdded"], "the browser complains of it"


def test_it_prints_in_light_colours_whatever_is_preferred(browser: Page, path: Path) -> None:
    browser.look(760, "dark", "print")
    browser.open(path)
    browser.picture(PICTURES / "print.png")
    assert browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert [(ratio, text) for ratio, needed, text in browser.value(CONTRASTS) if ratio < needed] == []
    assert browser.printed().startswith(b"%PDF-")
