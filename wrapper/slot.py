"""The slot directory at start-up: its lock, what the client wrote there, and the memory shared with the client."""

import logging
import time
from pathlib import Path
from typing import Final

from patience import patiently
from wrapper import init_data, system
from wrapper.channels import Memory
from wrapper.init_data import InitData

INIT_DATA_FILE: Final = "init_data.xml"
LOCK_FILE: Final = "boinc_lockfile"
LOCK_RETRY_DELAY: Final = 35.0  # seconds; a predecessor whose client died has gone after 30

log = logging.getLogger("wrapper")


class SlotBusy(Exception):
    """Another process holds the lock of the slot directory; wait until it has gone, or stop it."""


class SlotUnreadable(Exception):
    """What the client wrote for the program is there and cannot be read; the message says why."""


def is_slot(folder: Path) -> bool:
    """Whether the client made this folder, so that it will start the program again when that asks for it."""
    return (folder / INIT_DATA_FILE).exists()


def take_lock(slot: Path, retry_delay: float) -> int:
    """What holds the slot's lock, taken now or `retry_delay` seconds later. Raises SlotBusy, OSError."""
    path = slot / LOCK_FILE
    lock = system.take_lock(path)
    if lock is None:
        log.warning("%s is held by another process; trying once more in %g s", path, retry_delay)
        time.sleep(retry_delay)
        lock = system.take_lock(path)
    if lock is None:
        raise SlotBusy(f"{path} is held by another process; wait until it has gone, or stop it")
    return lock


def read_init_data(slot: Path) -> InitData | None:
    """What the client wrote for us; None, and a line in the log, if that is nothing, or garbage (standalone mode).

    SlotUnreadable if it is there and cannot be read: without it a task would not know its GPU, nor hear its client.
    """
    try:
        return patiently(lambda: init_data.read(slot / INIT_DATA_FILE))
    except FileNotFoundError:
        log.info("no %s in %s: running standalone", INIT_DATA_FILE, slot)
    except ValueError as error:
        log.warning("%s: running standalone", error)
    except OSError as error:
        raise SlotUnreadable(f"{slot / INIT_DATA_FILE} cannot be read ({error.strerror or error})") from error
    return None


def map_memory(slot: Path, init: InitData | None) -> Memory | None:
    """The memory shared with the client; None, and a line in the log, if it cannot be had. The reference goes on so."""
    if init is None:
        return None
    try:
        return system.map_memory(slot, init)
    except (OSError, ValueError) as error:
        log.warning("cannot map the memory shared with the client (%s): running standalone", error)
        return None
