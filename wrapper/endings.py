"""How a task ends: exit codes and the two files that tell the client why the program exited 0.

BOINC runtime protocol, "ending". An exit with 0 and neither file counts as premature: the client starts the task again.
"""

import functools
import math
from pathlib import Path
from typing import Final

from patience import patiently
from wrapper.files import write_whole

FINISH_FILE: Final = "boinc_finish_called"
TEMPORARY_EXIT_FILE: Final = "boinc_temporary_exit"
MAX_DELAY: Final = 86400.0  # seconds; the client replaces a longer delay by its own 300

EXIT_STOPPED: Final = 0  # quit by the client, or the client has gone: the client ignores the code
EXIT_FAILED: Final = 1
EXIT_ABORTED: Final = 194  # "aborted by client"


def finish_bytes(message: str | None, notice: bool) -> bytes:
    """boinc_finish_called: the exit status 0; with a message also its line and a line `notice` or an empty one.

    Raises ValueError for a message of no or several lines, or a notice without a message.
    """
    if message is None:
        if notice:
            raise ValueError("finish was asked for a notice without a message; give it a message")
        return b"0\n"
    return f"0\n{_one_line(message, 'finish message')}\n{'notice' if notice else ''}\n".encode("utf-8", "replace")


def temporary_exit_bytes(delay: float, reason: str, notice: bool) -> bytes:
    """boinc_temporary_exit: the delay in whole seconds, rounded up, the reason, and for a notice the line `notice`.

    Raises ValueError for a delay outside 0..86400 seconds or a reason of no or several lines: the client ignores the
    file without a reason and counts a premature exit.
    """
    if not 0.0 <= delay <= MAX_DELAY:
        raise ValueError(f"a temporary exit of {delay} s was asked for; the client takes 0 to {MAX_DELAY:.0f}")
    lines = [str(math.ceil(delay)), _one_line(reason, "reason for the temporary exit"), *(["notice"] if notice else [])]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def postpone(slot: Path, delay: float, reason: str) -> None:
    """Leave word in `slot` that the task starts again after `delay` seconds. Raises ValueError as above, OSError."""
    write_whole(slot / TEMPORARY_EXIT_FILE, temporary_exit_bytes(delay, reason, notice=False))


def remove_endings(slot: Path) -> None:
    """Remove both files of an earlier run.

    The client deletes the temporary exit at the next start, but a finish it had no time to notice before it was shut
    down stays: it would abort the restarted task 300 s later for not having left.
    """
    for name in (FINISH_FILE, TEMPORARY_EXIT_FILE):
        patiently(functools.partial((slot / name).unlink, missing_ok=True))


def _one_line(text: str, what: str) -> str:
    if len(text.splitlines()) != 1 or not text.strip() or "\0" in text or text.splitlines()[0] != text:
        raise ValueError(f"the {what} is {text!r}; it must be one line, not empty")
    return text
