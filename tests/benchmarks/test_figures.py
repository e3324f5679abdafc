"""README.md and docs/ tell what benchmarks/results/ has, no digit else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import figures, record

PAGES = {name: (figures.ROOT / name).read_text(encoding="utf-8") for name in figures.PAGES}


@pytest.mark.parametrize("name", figures.PAGES)
def test_the_page_tells_what_was_measured(name: str) -> None:
    assert PAGES[name] == figures.filled(PAGES[name], figures.of_results), "run `make figures`"


@pytest.mark.parametrize("name", figures.FIGURES)
def test_every_figure_is_told_and_a_changed_digit_is_noticed(name: str) -> None:
    (page, *_) = [text for text in PAGES.values() if name in figures.names(text)]
    begin = page.index(f"<!-- figures: {name} -->") + len(f"<!-- figures: {name} -->")
    end = page.index("<!-- end of figures -->", begin)
    digits = [begin + match.start() for match in re.finditer(r"\d", page[begin:end])]
    assert digits
    for at in (digits[0], digits[-1]):
        changed = page[:at] + str((int(page[at]) + 1) % 10) + page[at + 1 :]
        assert figures.filled(changed, figures.of_results) == figures.filled(page, figures.of_results) != changed


def test_every_mark_is_whole_and_known() -> None:
    for text in PAGES.values():
        assert text.count("<!-- figures: ") == text.count("<!-- end of figures -->") == len(figures.names(text))
        assert set(figures.names(text)) <= figures.FIGURES.keys()


def test_a_mark_at_the_beginning_of_a_line_has_its_text_on_other_lines() -> None:
    """Markdown takes a line that begins with a comment for HTML as a whole."""
    for text in PAGES.values():
        for line in text.splitlines():
            assert not line.startswith("<!-- figures: ") or line.endswith(" -->"), line
            assert not line.startswith("<!-- end") or line == "<!-- end of figures -->", line


def test_the_text_is_replaced_where_it_stands() -> None:
    page = "a <!-- figures: x -->old<!-- end of figures --> b\n<!-- figures: y -->\nold\n<!-- end of figures -->\nc\n"
    new = "a <!-- figures: x -->X<!-- end of figures --> b\n<!-- figures: y -->\nY\n<!-- end of figures -->\nc\n"
    assert figures.filled(page, str.upper) == new
    assert figures.filled(new, str.upper) == new


@pytest.mark.parametrize(
    "path", sorted(record.RESULTS.glob("*/*.json")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_every_result_can_be_read_and_lies_where_it_belongs(path: Path) -> None:
    written = record.decode(path.read_bytes(), path)
    assert record.place(written.benchmark, written.host.processor) == path
    assert path.read_bytes() == record.encode(written)
