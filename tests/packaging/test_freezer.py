"""Which Python freezes for which platform."""

from __future__ import annotations

from pathlib import Path

import freezer
import pytest


def test_this_python_freezes_for_this_platform() -> None:
    python = freezer.of(freezer.here())
    assert python.windows is None
    assert python.path(Path("/a b/c")) == "/a b/c"


def test_on_linux_windows_own_freezes_for_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freezer, "here", lambda: "x86_64-pc-linux-gnu")
    python = freezer.of("windows_x86_64")
    assert python.path(Path("/a b/c")) == "Z:\\a b\\c"


def test_where_it_is_not_made_the_sentence_says_how(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(freezer, "here", lambda: "x86_64-pc-linux-gnu")
    monkeypatch.setattr(freezer, "WINDOWS", tmp_path)
    with pytest.raises(freezer.NoFreezer, match=r"there is no Windows in .*; make it with packaging/wine/make.py"):
        freezer.of("windows_x86_64")


@pytest.mark.parametrize("there", ["arm64-apple-darwin", "aarch64-unknown-linux-gnu"])
def test_nobody_here_freezes_for_the_others(there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freezer, "here", lambda: "x86_64-pc-linux-gnu")
    with pytest.raises(freezer.NoFreezer, match="cannot be frozen on x86_64-pc-linux-gnu; build it there"):
        freezer.of(there)
