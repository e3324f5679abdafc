"""Elements: whatever text comes, it stays text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server_validator.reporting.html.markup import Markup, element, text
from tests.server_validator.reporting.html.parsed import parse


@given(st.text())
def test_any_text_stays_text(words: str) -> None:
    page = f"<html>{element('p', words, title=words)}</html>"
    (paragraph,) = parse(page).all()
    assert not any(ord(c) < 32 and c not in "\n" for c in page)
    shown = "".join(c if c.isprintable() or c in "\n\u202f\xa0" else "?" for c in words)
    assert paragraph.attributes == {"title": shown}
    assert paragraph.text == " ".join(shown.split())
    page.encode()


def test_children_and_attributes() -> None:
    inner = ["a & b", element("b", 7), None]
    made = element("p", inner, class_="one", aria_label="x", data=None, width=1.25, height=2.0)
    assert made == '<p class="one" aria-label="x" width="1.2" height="2">a &amp; b<b>7</b></p>\n'
    assert text("<", Markup("<br>")) == "&lt;<br>"
