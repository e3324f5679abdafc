"""How a program ends: the exit code of its command, and the sentence of a failure.

0 is done, 1 a fault of ours, 2 a wrong command line, 3 "try again later" as BOINC's validator reads it; 192 and above
belong to BOINC. All others are failures', of kernels/errors.py, client/errors.py and server_validator/errors.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kernels.errors import Failure, Interrupted
from kernels.text import one_line


def unforeseen(error: Exception) -> Failure:
    """An error that nobody foresaw as a failure of this program: its kind, place and text in one line."""
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = f"{Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}" if where else "an unknown place"
    return Failure(f"{type(error).__name__} at {place}, {one_line(error)}")


def exit_code(command: Callable[[], int], complain: Callable[[Failure], object]) -> int:
    """Run a program's command: its own exit code, or that of the failure it ends with, which `complain` shows."""
    try:
        return command()
    except Failure as failure:
        found = failure
    except KeyboardInterrupt:
        found = Interrupted()
    except Exception as error:
        found = unforeseen(error)
    complain(found)
    return found.code
