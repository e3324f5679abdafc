"""Standard output and error as they may be: a full disk, a pipe that nobody reads any more, closed, of any encoding."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from kernels.errors import CannotWrite
from kernels.refusals import cannot_write

_OUTPUT = "the standard output"


def _nobody_reads(error: OSError) -> bool:
    """Whether the reader of a pipe has gone. Windows' C library calls that an invalid argument."""
    return isinstance(error, BrokenPipeError) or (sys.platform == "win32" and error.errno == errno.EINVAL)


class _Stream(io.TextIOBase):
    """A standard stream that prints what its encoding lacks as an escape.

    What the reader of an output no longer wants is dropped without a word; any other trouble is a CannotWrite. Troubles
    of a stream for complaints change nothing: the exit code has to be enough, and the disk may have space again later.
    """

    def __init__(self, stream: TextIO | None, complaints: bool) -> None:
        self._stream = stream
        self._complaints = complaints
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Of what is written."""
        return self._stream.encoding if self._stream else "utf-8"

    def isatty(self) -> bool:
        """Whether a person watches."""
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        """The descriptor, for who asks how wide the terminal is."""
        if self._stream is None:
            raise OSError("the stream is closed")
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write text, or see above."""
        if self._stream is not None:
            with self._troubles():
                self._stream.write(text)
        elif not self._complaints:
            raise CannotWrite(_OUTPUT, "it is closed", "Open it")
        return len(text)

    def flush(self) -> None:
        """As `write`, with what was held back."""
        with self._troubles():
            if self._stream is not None:
                self._stream.flush()

    def deliver(self, text: str) -> None:
        """Write text that somebody has to get: here a reader that has gone is a CannotWrite as well."""
        if self._stream is None:
            raise CannotWrite(_OUTPUT, "it is closed", "Open it")
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError as error:
            self.drop()
            raise cannot_write(_OUTPUT, error) from error

    def drop(self) -> None:
        """Let what is still held back, and all that follows, go nowhere: Python tries it once more at its end."""
        if self._stream is not None:
            with Path(os.devnull).open("w") as nowhere, contextlib.suppress(OSError):
                os.dup2(nowhere.fileno(), self._stream.fileno())

    @contextlib.contextmanager
    def _troubles(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if self._complaints:
                return
            self.drop()
            if not _nobody_reads(error):
                raise cannot_write(_OUTPUT, error) from error


@contextlib.contextmanager
def checked() -> Iterator[None]:
    """The section has such streams in place of the process's."""
    _fill_closed_descriptors()
    output, error = sys.stdout, sys.stderr
    complaints = _Stream(error, complaints=True)
    sys.stdout, sys.stderr = _Stream(output, complaints=False), complaints
    try:
        yield
    finally:
        sys.stdout = output
        if sys.stderr is complaints:
            sys.stderr = error
        try:
            if error is not None:
                error.flush()
        except OSError:
            complaints.drop()


def deliver(text: str) -> None:
    """Write text to standard output, within `checked`, so that it has got somewhere. CannotWrite."""
    assert isinstance(sys.stdout, _Stream)
    sys.stdout.deliver(text)


def _fill_closed_descriptors() -> None:
    """Where a standard stream is closed, its number would go to the next file opened: to the ledger for one."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
