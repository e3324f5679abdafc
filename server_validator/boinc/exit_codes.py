"""Exit codes as BOINC's validator reads them: 0 is a valid result, 3 "try again later", any other an invalid result.

So a failure reaches it under its own number only where it blames the result; every other one is a 3. This is the one
place that decides it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from kernels.errors import Failure
from kernels.exits import unforeseen
from kernels.text import printable
from server_validator.errors import TryLater


def told(path: Path, check: Callable[[], str]) -> int:
    """Make a check of a file and print in a line what it says or why it fails; its exit code."""
    try:
        print(printable(f"{path}: {check()}"), flush=True)  # whatever a file's name is
    except Exception as error:
        failure = _about_the_result(error, f"{path}: ")
    else:
        return 0
    print(printable(f"axiom-server: {failure}"), file=sys.stderr, flush=True)
    return failure.code


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
