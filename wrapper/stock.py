"""Life under BOINC's stock wrapper, a program of BOINC that is the client's task and starts ours.

The wrapper takes the slot and speaks with the client. It knows of us what two files tell (job.xml names them): the
fraction done, and by its time of change the checkpoint. It suspends us by SIGSTOP, which nobody needs to notice, and
asks us to leave by SIGTERM.
"""

import contextlib
import logging
import time
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Final

from wrapper import endings, softlink, system
from wrapper.control import Request
from wrapper.slot import read_init_data
from wrapper.status import fraction_to_send

FRACTION_FILE: Final = "fraction_done"  # as in packaging/server/job.xml
REPORT_INTERVAL: Final = 1.0  # seconds; the wrapper looks once a second
DEFAULT_CHECKPOINT_PERIOD: Final = 300.0  # seconds, as without the wrapper

log = logging.getLogger("wrapper")


def start_under_stock_wrapper(slot: Path) -> "StockRuntime":
    """Begin to tell the stock wrapper, which must be our parent, what we do. SlotUnreadable."""
    return StockRuntime(slot)


class StockRuntime:
    """What is left of a `Runtime` under the stock wrapper; the same names mean the same."""

    # The wrapper takes an exit with 0 for the end of the work.
    exit_unfinished: Final = endings.EXIT_FAILED

    def __init__(self, slot: Path) -> None:
        self.init = read_init_data(slot)  # written by the client for the wrapper; as true for us
        self._slot = slot
        self._parent_has_gone = system.watch_parent()
        self._quit = False
        self._fraction: float | None = None
        self._next_report = 0.0
        self._countdown_start = time.perf_counter()
        self._fraction_file: FileIO | None = None

    @property
    def request(self) -> Request:
        """QUIT once asked for, or when the wrapper has gone: the client then starts another one in the slot."""
        if not self._quit and self._parent_has_gone():
            log.warning("the process that started this program has ended: stopping")
            self._quit = True
        return Request.QUIT if self._quit else Request.RUN

    def wait(self, timeout: float | None = None) -> Request:
        """The present request, at once: a suspension stops the whole process."""
        return self.request

    def quit(self) -> None:
        """Stop as soon as possible; for the handler of SIGTERM."""
        self._quit = True

    def resolve(self, logical_name: str) -> Path:
        """The path of the file that a logical name stands for."""
        return softlink.resolve(self._slot, logical_name)

    def report(self, fraction: float) -> None:
        """Tell how much of the work is done, 0..1. Raises ValueError for NaN."""
        self._fraction = fraction_to_send(fraction, 0.0, 1.0, self._fraction)
        now = time.perf_counter()
        if now < self._next_report and fraction < 1.0:
            return
        self._next_report = now + REPORT_INTERVAL
        try:
            if self._fraction_file is None:
                self._fraction_file = (self._slot / FRACTION_FILE).open("wb", buffering=0)
            # Always as many bytes, in one write over the former ones: the wrapper may be reading.
            self._fraction_file.seek(0)
            self._fraction_file.write(f"{self._fraction:.6f}\n".encode("ascii"))
        except OSError as error:
            log.warning("%s cannot be written (%s)", self._slot / FRACTION_FILE, error)

    def checkpoint_due(self) -> bool:
        """Whether the user's checkpoint period (300 s if not set) has passed since the start or the last checkpoint."""
        period = self.init.checkpoint_period if self.init else 0.0
        return time.perf_counter() - self._countdown_start >= (period or DEFAULT_CHECKPOINT_PERIOD)

    @contextlib.contextmanager
    def checkpointing(self) -> Iterator[None]:
        """Around writing a checkpoint: the wrapper sees for itself that the file has changed."""
        yield
        self._countdown_start = time.perf_counter()

    @contextlib.contextmanager
    def critical_section(self) -> Iterator[None]:
        """Nothing to hold back: only the program itself ends the program."""
        yield

    def finish(self) -> None:
        """The task is done. Then exit with 0 at once."""
        self.report(1.0)
        self.close()

    def temporary_exit(self, delay: float, reason: str) -> None:
        """Ask the client to start the task again after `delay` seconds (0..86400). Then exit with `exit_unfinished`.

        The wrapper fails then, but on Linux and macOS the file speaks louder to the client than the wrapper's code.
        """
        endings.postpone(self._slot, delay, reason)
        self.close()

    def close(self) -> None:
        """No more reports. May be called again."""
        if self._fraction_file is not None:
            self._fraction_file.close()

    def __enter__(self) -> "StockRuntime":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
