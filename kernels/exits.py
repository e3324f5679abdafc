"""How a program ends: the exit code of its command, and the sentence of a failure.

0 is done, 1 a fault of ours, 2 a wrong command line, 3 "try again later" as BOINC's validator reads it; 192 and above
belong to BOINC. All others are failures', of kernels/errors.py, client/errors.py and server_validator/errors.py.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from kernels import streams
from kernels.errors import CannotWrite, Failure, Interrupted, NotEnoughMemory
from kernels.text import one_line


def unforeseen(error: Exception) -> Failure:
    """An error that nobody foresaw as a failure of this program: its kind, place and text in one line."""
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = f"{Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}" if where else "an unknown place"
    return Failure(f"{type(error).__name__} at {place}, {one_line(error)}")


def exit_code(command: Callable[[], int], complain: Callable[[Failure], object]) -> int:
    """Run a program's command: its own exit code, or that of the failure it ends with, which `complain` shows.

    A command is done when what it printed is written. The exit of a parser for command lines passes through.
    """
    with streams.checked():
        code, failure = _run(command)
        if failure is None and not code:
            failure = _unwritten()
        if failure is None:
            return code
        complain(failure)
        return failure.code


def _run(command: Callable[[], int]) -> tuple[int, Failure | None]:
    """A command's exit code, or why it failed."""
    try:
        return command(), None
    except Failure as failure:
        return failure.code, failure
    except KeyboardInterrupt:
        return Interrupted.code, Interrupted()
    except MemoryError:
        return NotEnoughMemory.code, NotEnoughMemory()
    except SystemExit:
        if (unwritten := _unwritten()) is None:
            raise
        return unwritten.code, unwritten
    except Exception as error:
        fault = unforeseen(error)
        return fault.code, fault


def _unwritten() -> Failure | None:
    """Why what was printed cannot be written, if so."""
    try:
        sys.stdout.flush()
    except CannotWrite as failure:
        return failure
    return None
