"""Troubles that pass: what keeps a task from going on now, and not for ever. Each one is a temporary exit.

A task that ends with an error is lost, and with it the volunteer's work: an error needs a cause that cannot pass.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from client.errors import NoDevice, NoThreads
from kernels.errors import CannotRead, CannotWrite
from wrapper import Request, SlotBusy


@dataclass(frozen=True)
class Trouble:
    """What BOINC's client is told: when to start the task again, and a line for its log."""

    delay: float  # seconds
    reason: str


LOCK = Trouble(600.0, "Waiting to acquire slot directory lock.")  # as the reference runtime
WRITING = Trouble(3600.0, "Cannot write to disk; trying again later.")  # a full disk is not freed in minutes
READING = Trouble(600.0, "Cannot read from disk; trying again later.")
MEMORY = Trouble(600.0, "Not enough memory; trying again later.")
THREADS = Trouble(600.0, "The computer starts no more threads; trying again later.")
DEVICE = Trouble(600.0, "The assigned GPU is away; trying again later.")  # a driver's update takes minutes

# Why a file that is there cannot be read, and may be soon; a missing one is final.
_SOON_READABLE = (
    *(errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EINTR),
    *(errno.ESTALE, errno.ETIMEDOUT, errno.ENOLCK, errno.EBUSY),
)

log = logging.getLogger("client")


def trouble(error: BaseException, assigned: bool) -> Trouble | None:
    """What to tell the client of an error that can pass; None for one that cannot.

    A device that is not there can only come back where the client has `assigned` it.
    """
    if isinstance(error, MemoryError):
        return MEMORY
    if isinstance(error, SlotBusy):
        return LOCK
    if isinstance(error, NoThreads):
        return THREADS
    if isinstance(error, NoDevice):
        return DEVICE if assigned else None
    if isinstance(error, CannotWrite):
        return WRITING
    if isinstance(error, CannotRead):
        cause = error.__cause__
        return READING if isinstance(cause, OSError) and cause.errno in _SOON_READABLE else None
    return None


def wait_for(passing: Trouble, ask: Callable[[float, str], None], request: Callable[[], Request]) -> None:
    """Ask the client to start the task again later; `ask` writes that.

    A disk can be too full for that very file. To exit without it would have the client start us again a hundred times
    in two minutes and then give up the task with all that is saved: so we wait here, asleep, for as long.
    """
    end = time.monotonic() + passing.delay
    waiting = False
    while True:
        try:
            return ask(passing.delay, passing.reason)
        except OSError as error:
            if not waiting:
                reason = error.strerror or error
                log.warning("not even a request to be started later can be written (%s): waiting here", reason)
            waiting = True
        time.sleep(1.0)
        if request() in (Request.QUIT, Request.ABORT) or time.monotonic() > end:
            return None
