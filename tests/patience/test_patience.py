"""Patience: another attempt while a file may be held, on Windows alone, and in the end the error as it was."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import patience
from patience import patiently
from tests.support.held import refusal


class Door:
    """Refuses with these errors, one after the other, then lets in."""

    def __init__(self, *errors: OSError) -> None:
        self.errors = list(errors)
        self.attempts = 0

    def __call__(self) -> str:
        self.attempts += 1
        if self.errors:
            raise self.errors.pop(0)
        return "in"


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FILES_ARE_HELD", True)


@pytest.mark.parametrize("number", [5, 32, 33, None])
@pytest.mark.usefixtures("windows")
def test_a_file_that_is_held_for_a_moment_is_waited_for(number: int | None) -> None:
    door = Door(*[refusal("x", number)] * 4)
    assert patiently(door) == "in"
    assert door.attempts == 5


@pytest.mark.usefixtures("windows")
def test_one_that_is_held_for_longer_is_the_error_that_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE", 0.1)
    last = refusal("x")
    door = Door(*[last] * 1000)
    with pytest.raises(PermissionError) as caught:
        patiently(door)
    assert caught.value is last
    assert 2 < door.attempts < 1000


@pytest.mark.usefixtures("windows")
def test_patience_is_5_seconds_of_ever_longer_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    now, pauses = [100.0], []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(time, "sleep", sleep)
    with pytest.raises(PermissionError):
        patiently(Door(*[refusal("x")] * 1000))
    assert 5.0 <= sum(pauses) < 5.3
    assert pauses == sorted(pauses)
    assert pauses[0] <= 0.01
    assert 20 < len(pauses) < 50


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "x"),
        OSError(errno.ENOSPC, "x"),
        IsADirectoryError(errno.EISDIR, "x"),
        refusal("x", 19),  # a medium that is write-protected
    ],
)
@pytest.mark.usefixtures("windows")
def test_what_is_no_hold_is_an_error_at_once(error: OSError) -> None:
    door = Door(error)
    with pytest.raises(type(error)):
        patiently(door)
    assert door.attempts == 1


@pytest.mark.usefixtures("windows")
def test_a_folder_is_held_by_nobody(tmp_path: Path) -> None:
    door = Door(refusal(tmp_path, None))
    with pytest.raises(PermissionError):
        patiently(door)
    assert door.attempts == 1


@pytest.mark.parametrize("call", [lambda: Door(refusal("x", None)), lambda: Door(PermissionError(errno.EPERM, "x"))])
def test_elsewhere_a_refusal_is_a_refusal(call: Callable[[], Door], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FILES_ARE_HELD", False)
    door = call()
    with pytest.raises(PermissionError):
        patiently(door)
    assert door.attempts == 1
