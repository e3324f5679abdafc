"""What a person is told to do follows what the system said."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

import patience
from kernels.refusals import cannot_read, cannot_write
from tests.support.held import refusal

HELD = "End the program that has it open, or have virus scanners leave its folder out"
EITHER = "End the program that has it open, or give this user the permission"


def of_errno(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def of_windows(number: int) -> OSError:
    error = OSError(errno.EINVAL, "Invalid argument")
    error.winerror = number  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (of_errno(errno.ENOSPC), "Free some space"),
        (of_errno(errno.EDQUOT), "Free some space"),
        (of_errno(errno.EROFS), "Make its file system writable"),
        (of_errno(errno.EACCES), "Give this user the permission"),
        (of_errno(errno.EPERM), "Give this user the permission"),
        (of_errno(errno.ENOENT), "Make its folder"),
        (of_errno(errno.EIO), "Check the disk"),
        (of_errno(errno.EFBIG), "Check its folder, permissions and free space"),
        (OSError("the stream is closed"), "Check its folder, permissions and free space"),
        (of_windows(39), "Free some space"),
        (of_windows(1295), "Free some space"),
        (refusal("x", 19), "Make its file system writable"),
    ],
    ids=str,
)
@pytest.mark.parametrize("windows", [False, True])
def test_the_advice_follows_the_cause(
    error: OSError, advice: str, windows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if windows and isinstance(error, PermissionError) and getattr(error, "winerror", None) is None:
        advice = EITHER
    monkeypatch.setattr(patience, "FILES_ARE_HELD", windows)
    assert str(cannot_write("a", error)) == f"Cannot write a: {error.strerror or error}. {advice}, then run again."


@pytest.mark.parametrize(("number", "advice"), [(32, HELD), (33, HELD), (5, EITHER), (None, EITHER)])
def test_what_another_program_holds_is_no_matter_of_space(
    number: int | None, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "FILES_ARE_HELD", True)
    error = refusal("a", number)
    assert str(cannot_write("a", error)) == f"Cannot write a: {error.strerror}. {advice}, then run again."
    assert str(cannot_read("a", error)) == f"Cannot read a: {error.strerror}. {advice}."


@pytest.mark.parametrize("number", [5, None])
def test_a_file_with_the_attribute_read_only_is_held_by_nobody(
    number: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.touch()
    monkeypatch.setattr(patience, "FILES_ARE_HELD", True)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    assert "Take its attribute read-only away, then" in str(cannot_write(path, refusal(path, number)))


def test_what_cannot_be_read_elsewhere_is_a_matter_of_permissions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FILES_ARE_HELD", False)
    error = of_errno(errno.EACCES)
    assert str(cannot_read("a", error)) == "Cannot read a: Permission denied. Check the path and its permissions."
