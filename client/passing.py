"""Troubles that pass: what keeps a task from going on now, and not for ever. Each one is a temporary exit.

A task that ends with an error is lost, and with it the volunteer's work: an error needs a cause that cannot pass.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from client import memory
from client.errors import NoDevice, NoThreads
from kernels.engine.contract import DeviceAway
from kernels.errors import CannotRead, CannotWrite
from kernels.formats import atomic
from patience import may_be_held
from wrapper import Request, SlotBusy, SlotUnreadable


@dataclass(frozen=True)
class Trouble:
    """What BOINC's client is told: when to start the task again, and a line for its log."""

    delay: float  # seconds
    reason: str


LOCK = Trouble(600.0, "Waiting to acquire slot directory lock.")  # as the reference runtime
WRITING = Trouble(3600.0, "Cannot write to disk; trying again later.")  # a full disk is not freed in minutes
HELD = Trouble(600.0, "Another program has a file of the task open; trying again later.")  # a scan, or a backup
READING = Trouble(600.0, "Cannot read from disk; trying again later.")
MEMORY = Trouble(memory.DELAY, memory.REASON)
THREADS = Trouble(600.0, "The computer starts no more threads; trying again later.")
DEVICE = Trouble(600.0, "The assigned GPU is away; trying again later.")  # a driver's update takes minutes

log = logging.getLogger("client")


def trouble(error: BaseException) -> Trouble | None:
    """What to tell the client of an error that can pass; None for one that cannot."""
    if isinstance(error, SlotBusy):
        return LOCK
    if isinstance(error, CannotWrite):
        return HELD if may_be_held(error.__cause__) else WRITING
    if isinstance(error, NoThreads):
        return THREADS
    if isinstance(error, NoDevice):
        return DEVICE if isinstance(error.__cause__, DeviceAway) else None
    if isinstance(error, SlotUnreadable):
        return READING
    if isinstance(error, CannotRead) and (atomic.may_pass(error) or _is_of_the_disk(error.__cause__)):
        return READING
    return MEMORY if memory.is_lacking(error) else None


def _is_of_the_disk(error: BaseException | None) -> bool:
    """Whether it may be the disk's, or a cable's. A checkpoint that such an error met is given up, not waited for."""
    return isinstance(error, OSError) and error.errno == errno.EIO


def wait_for(passing: Trouble, ask: Callable[[float, str], None], request: Callable[[], Request]) -> None:
    """Ask the client to start the task again later; `ask` writes that.

    A disk can be too full for that very file. To exit without it would have the client start us again a hundred times
    in two minutes and then give up the task with all that is saved: so we wait here, asleep, for as long.
    """
    end = time.perf_counter() + passing.delay
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
        if request() in (Request.QUIT, Request.ABORT) or time.perf_counter() > end:
            return None
