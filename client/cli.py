"""axiom-worker's way in. In a slot of BOINC, a computer that has no room for the program now does not end the task."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from client import memory
from wrapper import Runtime, StockRuntime, is_slot, postpone, remove_endings, show_no_error_boxes

_SLOT = Path()


def main(arguments: Sequence[str] | None = None) -> int:
    """Load the program and run one command; the exit code from the table in kernels/errors.py."""
    show_no_error_boxes()
    if not is_slot(_SLOT):
        return _loaded()(arguments)
    # Asked before: a library that finds no memory may end the process itself, and the client goes by the file then.
    with contextlib.suppress(OSError):
        postpone(_SLOT, memory.DELAY, memory.REASON)
    try:
        run = _loaded()
    except Exception as error:
        if memory.is_lacking(error):
            with contextlib.suppress(OSError):
                print(memory.REASON, file=sys.stderr)
            wrapped = "wrapped" in (sys.argv[1:] if arguments is None else arguments)
            return (StockRuntime if wrapped else Runtime).exit_unfinished
        _take_back()
        raise
    _take_back()
    return run(arguments)


def _loaded() -> Callable[[Sequence[str] | None], int]:
    """The rest of the program, with numpy and all that is large."""
    from client import commands

    return commands.main


def _take_back() -> None:
    with contextlib.suppress(OSError):
        remove_endings(_SLOT)
