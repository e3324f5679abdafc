"""Whatever asks the program to stop is asked for in the section, and as before behind it."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator

import pytest

from client import cli, stops


class Console:
    """In the place of the system's."""

    def __init__(self) -> None:
        self.ask: Callable[[], object] | None = None

    @contextlib.contextmanager
    def ends(self, ask: Callable[[], object]) -> Iterator[None]:
        self.ask = ask
        yield
        self.ask = None


def test_signals_and_the_console_ask_in_the_section_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console()
    monkeypatch.setattr(stops, "console_ends", console.ends)
    asked: list[str] = []
    former = signal.getsignal(signal.SIGTERM)
    with stops.told_to(lambda: asked.append("leave")):
        signal.raise_signal(signal.SIGTERM)
        assert asked == ["leave"]
        assert console.ask is not None
        console.ask()
        assert asked == ["leave", "leave"]
    assert console.ask is None
    assert signal.getsignal(signal.SIGTERM) is former


def test_error_boxes_are_turned_off_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def loaded() -> Callable[[object], int]:
        done.append("loaded")
        return lambda arguments: 0

    monkeypatch.setattr(cli, "show_no_error_boxes", lambda: done.append("no boxes"))
    monkeypatch.setattr(cli, "_loaded", loaded)
    assert cli.main([]) == 0
    assert done == ["no boxes", "loaded"]
