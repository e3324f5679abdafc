"""What the client says: control messages folded into one present request, and what a heartbeat tells.

Pure. Tags are found by substring search, several may come in one message, unknown ones are ignored
(BOINC runtime protocol, channels 0 and 4).
"""

import enum
import math
import re
from dataclasses import dataclass, replace
from typing import Final

QUIT: Final = b"<quit/>"
REREAD: Final = b"<reread_app_info/>"  # the client has rewritten init_data.xml


class Request(enum.Enum):
    """What the client wants of us now."""

    RUN = "run"
    SUSPEND = "suspend"  # stay in memory, use no processor
    QUIT = "quit"  # stop now, go on from the checkpoint another day; also when the client has gone
    ABORT = "abort"  # stop now, the task is cancelled


@dataclass(frozen=True)
class Wishes:
    """Everything the client has asked so far. Quit and abort are never taken back."""

    suspend: bool = False
    quit: bool = False
    abort: bool = False

    @property
    def request(self) -> Request:
        """The strongest wish: abort before quit before suspend."""
        if self.abort:
            return Request.ABORT
        if self.quit:
            return Request.QUIT
        return Request.SUSPEND if self.suspend else Request.RUN


def apply(wishes: Wishes, message: bytes) -> Wishes:
    """The wishes after one control message. Suspend and resume in the same message mean resume, as in the reference."""
    if b"<suspend/>" in message:
        wishes = replace(wishes, suspend=True)
    if b"<resume/>" in message:
        wishes = replace(wishes, suspend=False)
    if QUIT in message:
        wishes = replace(wishes, quit=True)
    if b"<abort/>" in message:
        wishes = replace(wishes, abort=True)
    return wishes


@dataclass(frozen=True)
class Heartbeat:
    """What the client measured when it last said that it lives; None for what it did not say."""

    resident: float | None = None  # bytes of memory that this task uses (`wss`)
    available: float | None = None  # bytes of memory that all of BOINC may use (`max_wss`)
    network_suspended: bool = False


def heartbeat(message: bytes) -> Heartbeat | None:
    """The heartbeat in a message of channel 4; None if it is none."""
    if b"<heartbeat/>" not in message:
        return None
    return Heartbeat(_size(message, b"wss"), _size(message, b"max_wss"), b"<network_suspended/>" in message)


def _size(message: bytes, tag: bytes) -> float | None:
    found = re.search(b"<" + tag + b">([^<]*)</" + tag + b">", message)
    try:
        size = float(found.group(1)) if found else math.nan
    except ValueError:
        return None
    return size if 0.0 <= size < math.inf else None
