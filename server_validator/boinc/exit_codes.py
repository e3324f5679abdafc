"""Exit codes for a script that BOINC's validator calls: 0 is a valid result, any other but 3 an invalid one.

So a failure has its own number only where it blames the result; every other one is a 3, which the scripts keep from
BOINC: they wait and ask again. This is the one place that decides it.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from kernels.errors import CannotWrite, Failure
from kernels.exits import unforeseen
from kernels.text import printable
from server_validator.errors import TryLater


def told(path: Path, check: Callable[[], str], in_a_log: bool) -> int:
    """Make a check of a file and print in a line what it says or why it fails; its exit code.

    What goes into a daemon's log begins with the time.
    """
    time = logged if in_a_log else str
    try:
        said = check()
    except Exception as error:
        failure = _about_the_result(error, f"{path}: ")
    else:
        _say(time(f"{path}: {said}"), sys.stdout)
        return 0
    _say(time(f"axiom-server: {failure}"), sys.stderr)
    return failure.code


def logged(text: str) -> str:
    """The line as it stands in a log, with the time as BOINC's own daemons write it, in UTC."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {text}"


def _say(text: str, stream: TextIO) -> None:
    """Print a line, whatever a file's name is; on a full disk the exit code has to be enough."""
    with contextlib.suppress(CannotWrite):
        print(printable(text), file=stream, flush=True)


def asked_by_daemon(command: Callable[[], int]) -> int:
    """The exit code of a command that a daemon has called; whatever ends it early is a TryLater."""
    try:
        return command()
    except (Exception, KeyboardInterrupt) as error:
        raise _about_the_result(error, "") from error


def _about_the_result(error: Exception | KeyboardInterrupt, where: str) -> Failure:
    """The failure if it blames the result, else a TryLater that tells it."""
    if isinstance(error, KeyboardInterrupt):
        return TryLater(f"{where}it was interrupted")
    failure = error if isinstance(error, Failure) else unforeseen(error)
    return failure if failure.blames_result or isinstance(failure, TryLater) else TryLater(f"{where}{failure}")
