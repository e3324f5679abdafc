"""What the tests of several commands share."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.server_validator.data import Run, issued


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("AXIOM_DATA", raising=False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return issued(tmp_path / "a place")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    return lambda *arguments: Run(capsys, *arguments)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """An entry for each time that this test has opened an SQLite file."""
    opened: list[object] = []
    real = sqlite3.connect

    def connect(*arguments: Any, **options: Any) -> Any:
        opened.append(arguments)
        return real(*arguments, **options)

    monkeypatch.setattr(sqlite3, "connect", connect)
    return opened
