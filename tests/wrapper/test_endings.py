"""The bytes of the two files that explain an exit with 0."""

import math
from pathlib import Path

import pytest

from wrapper import endings
from wrapper.files import write_whole


def test_finish_bytes() -> None:
    assert endings.finish_bytes(None, False) == b"0\n"
    assert endings.finish_bytes("all fine", False) == b"0\nall fine\n\n"
    assert endings.finish_bytes("all fine", True) == b"0\nall fine\nnotice\n"
    assert endings.finish_bytes("größer \udcff", False) == "0\ngrößer ?\n\n".encode()


@pytest.mark.parametrize("message", ["", " ", "two\nlines", "one line\n", "a\rb", "nul\0"])
def test_a_message_must_be_one_line(message: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        endings.finish_bytes(message, False)
    with pytest.raises(ValueError, match="one line"):
        endings.temporary_exit_bytes(30, message, False)


def test_a_notice_needs_a_message() -> None:
    with pytest.raises(ValueError, match="without a message"):
        endings.finish_bytes(None, True)


def test_temporary_exit_bytes() -> None:
    assert endings.temporary_exit_bytes(30, "no memory left", False) == b"30\nno memory left\n"
    assert endings.temporary_exit_bytes(0.2, "GPU busy", False) == b"1\nGPU busy\n"
    assert endings.temporary_exit_bytes(86400, "x", True) == b"86400\nx\nnotice\n"


@pytest.mark.parametrize("delay", [-1, 86400.5, math.inf, math.nan])
def test_delays_the_client_would_not_take(delay: float) -> None:
    with pytest.raises(ValueError, match="0 to 86400"):
        endings.temporary_exit_bytes(delay, "x", False)


def test_an_ending_is_written_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "boinc_finish_called", b"0\n")
    assert [path.name for path in tmp_path.iterdir()] == ["boinc_finish_called"]
    endings.remove_endings(tmp_path)
    endings.remove_endings(tmp_path)
    assert not list(tmp_path.iterdir())
