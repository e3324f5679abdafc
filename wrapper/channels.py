"""The shared memory of client and program: eight mailboxes of 1024 bytes, each a full/empty flag and a text.

Pure layout over any writable buffer of 8192 bytes (BOINC runtime protocol, "shared memory"). A sender writes only
into an empty mailbox, text first and flag last; the receiver copies the text, then clears the flag.
"""

from typing import Final, Protocol

CHANNEL_SIZE: Final = 1024
MEMORY_SIZE: Final = 8 * CHANNEL_SIZE
MAX_TEXT: Final = CHANNEL_SIZE - 2  # the flag in front, a NUL behind

CONTROL: Final = 0  # client to program: suspend, resume, quit, abort, reread_app_info
HEARTBEAT: Final = 4  # client to program, about once a second
STATUS: Final = 5  # program to client: CPU times and fraction done
TRICKLE_UP: Final = 6  # program to client: a message for the server, or a file to upload early, lies in the slot
TRICKLE_DOWN: Final = 7  # client to program: a message from the server, or the state of such an upload, lies there


class Buffer(Protocol):
    """Slices of bytes, read and written in place: what a mapping has in common with a `bytearray`."""

    def __getitem__(self, where: slice, /) -> bytes | bytearray: ...

    def __setitem__(self, where: slice, value: bytes, /) -> None: ...


class Memory(Buffer, Protocol):
    """The shared memory of a living client, whatever it is made of."""

    def close(self) -> None:
        """Let go of it; no access afterwards."""


def is_full(memory: Buffer, channel: int) -> bool:
    """Whether the mailbox holds a message nobody has taken yet. Any flag byte but 0 counts as full."""
    start = channel * CHANNEL_SIZE
    return memory[start : start + 1] != b"\0"


def receive(memory: Buffer, channel: int) -> bytes | None:
    """Take the message out of the mailbox; None when it is empty. The text may be any bytes but NUL."""
    if not is_full(memory, channel):
        return None
    start = channel * CHANNEL_SIZE
    text = bytes(memory[start + 1 : start + CHANNEL_SIZE]).partition(b"\0")[0]
    memory[start : start + 1] = b"\0"
    return text


def send(memory: Buffer, channel: int, text: bytes) -> bool:
    """Put a message into the mailbox; False, and nothing written, while the last one is still there.

    Raises ValueError for a text of more than 1022 bytes or with a NUL in it.
    """
    if len(text) > MAX_TEXT or b"\0" in text:
        raise ValueError(f"a message to channel {channel} has {len(text)} bytes or a NUL; send {MAX_TEXT} at most")
    if is_full(memory, channel):
        return False
    start = channel * CHANNEL_SIZE
    memory[start + 1 : start + 2 + len(text)] = text + b"\0"
    memory[start : start + 1] = b"\1"
    return True
