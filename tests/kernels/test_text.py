"""Text from elsewhere: whatever it holds, one printable line of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kernels.text import one_line, printable


@given(text=st.text(max_size=400), limit=st.integers(3, 200))
def test_anything_becomes_one_printable_line_that_is_not_too_long(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert line.isprintable()
    assert len(line) <= limit
    assert one_line(line, limit) == line


def test_an_ordinary_line_is_left_alone() -> None:
    assert one_line("no such file: größe.json") == "no such file: größe.json"


def test_lines_are_joined_and_what_controls_a_terminal_is_shown_as_a_question_mark() -> None:
    assert one_line(OSError("disk\n\tis \x1b[31mfull\x00")) == "disk is ?[31mfull?"
    assert printable("a\nb\u202e\x7f") == "a?b??"


def test_what_is_too_long_ends_in_dots() -> None:
    assert one_line("x" * 160) == "x" * 160
    assert one_line("x" * 161) == "x" * 157 + "..."
