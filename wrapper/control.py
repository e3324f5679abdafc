"""What the client wants of the program: control messages folded into one present request.

Pure. Tags are found by substring search, several may come in one message, unknown ones are ignored
(BOINC runtime protocol, channel 0).
"""

import enum
from dataclasses import dataclass, replace
from typing import Final

REREAD: Final = b"<reread_app_info/>"  # the client has rewritten init_data.xml
HEARTBEAT: Final = b"<heartbeat/>"


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
    if b"<quit/>" in message:
        wishes = replace(wishes, quit=True)
    if b"<abort/>" in message:
        wishes = replace(wishes, abort=True)
    return wishes
