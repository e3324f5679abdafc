"""The slot directory at start-up: its lock, what the client wrote there, and the memory shared with the client."""

import logging
import time
from pathlib import Path
from typing import Final

from wrapper import init_data, system
from wrapper.channels import Memory
from wrapper.init_data import InitData

INIT_DATA_FILE: Final = "init_data.xml"
LOCK_FILE: Final = "boinc_lockfile"
LOCK_RETRY_DELAY: Final = 35.0  # seconds; a predecessor whose client died has gone after 30

log = logging.getLogger("wrapper")


class SlotBusy(Exception):
    """Another process holds the lock of the slot directory; wait until it has gone, or stop it."""


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
    """What the client wrote for us; None, and a line in the log, if there is nothing readable (standalone mode)."""
    try:
        return init_data.read(slot / INIT_DATA_FILE)
    except FileNotFoundError:
        log.info("no %s in %s: running standalone", INIT_DATA_FILE, slot)
    except (OSError, ValueError) as error:
        log.warning("%s: running standalone", error)
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
