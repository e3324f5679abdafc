"""How a program ends: the exit code of its command, and the sentence of a failure.

0 is done, 1 a fault of ours, 2 a wrong command line, 3 "try again later" as BOINC's validator reads it; 192 and above
belong to BOINC. All others are failures', of kernels/errors.py, client/errors.py and server_validator/errors.py.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from kernels.errors import CannotWrite, Failure, Interrupted, NotEnoughMemory
from kernels.text import one_line

_OUTPUT = "the standard output"


class _Output(io.TextIOWrapper):
    """Standard output, whose troubles are told from those of other files, and which prints what it cannot encode."""

    def write(self, text: str, /) -> int:
        with _told():
            return super().write(text)

    def flush(self) -> None:
        with _told():
            super().flush()


class _NoOutput(io.TextIOBase):
    """In the place of a standard output that was closed before the start: what is printed there is lost."""

    def write(self, text: str, /) -> int:
        raise CannotWrite(_OUTPUT, "it is closed")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotWrite(_OUTPUT, error.strerror or error) from error


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
    _watch_output()
    code = 0
    failed: Failure | None = None
    try:
        code = command()
    except Failure as failure:
        failed = failure
    except KeyboardInterrupt:
        failed = Interrupted()
    except MemoryError:
        failed = NotEnoughMemory()
    except SystemExit:
        if (failed := _finished(sys.stdout)) is None:
            _finished(sys.stderr)
            raise
    except Exception as error:
        failed = unforeseen(error)
    unwritten = _finished(sys.stdout)
    if failed is None and not code:
        failed = unwritten
    if failed is not None:
        with contextlib.suppress(OSError, ValueError):  # nobody hears it; the code says it too
            complain(failed)
        code = failed.code
    _finished(sys.stderr)
    return code


def _watch_output() -> None:
    if sys.stdout is None:
        sys.stdout = _NoOutput()
    elif sys.stdout is sys.__stdout__ and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout = _Output(
            sys.stdout.buffer, sys.stdout.encoding, "backslashreplace", line_buffering=sys.stdout.line_buffering
        )


def _finished(stream: TextIO | None) -> Failure | None:
    """Why what was printed cannot be written, if so. It is thrown away then: Python would try again at its end."""
    if stream is None:
        return None
    try:
        with _told():
            stream.flush()
    except CannotWrite as failure:
        with contextlib.suppress(OSError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
        return failure
    except ValueError:  # closed by the command
        pass
    return None
