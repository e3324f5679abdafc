"""Messages to and from the project's server while the task runs, and files uploaded before it ends.

BOINC runtime protocol, channels 6 and 7: what is sent lies in files of the slot, and the channel only says that it
does. The client moves trickle_up.xml away; the server meets it as a row of msg_from_host.
"""

from pathlib import Path
from typing import Final

from patience import patiently
from wrapper.files import write_at_once

TRICKLE_UP_FILE: Final = "trickle_up.xml"
TRICKLE_DOWN_PREFIX: Final = "trickle_down"
UPLOAD_REQUEST_PREFIX: Final = "boinc_ufr_"
UPLOAD_STATUS_PREFIX: Final = "boinc_ufs_"
HAVE_TRICKLE_UP: Final = b"<have_new_trickle_up/>\n"
HAVE_UPLOAD: Final = b"<have_new_upload_file/>\n"
STATUS_BYTES: Final = 256  # of an upload's answer: one tag and a number


def trickle_bytes(variety: str, body: str) -> bytes:
    """trickle_up.xml: the variety, which names the daemon that reads it on the server, and the body.

    Raises ValueError for a variety that is not one plain word.
    """
    if not variety.isascii() or not variety.replace("_", "").isalnum():
        raise ValueError(f"the trickle's variety is {variety!r}; it must be one word of letters, digits and _")
    return f"<variety>{variety}</variety>\n{body}".encode()


def progress_body(fraction: float, cpu_time: float) -> str:
    """The body of a progress trickle: fraction done 0..1, and CPU seconds over all runs of the task."""
    return f"<fraction_done>{fraction:e}</fraction_done>\n<cpu_time>{cpu_time:e}</cpu_time>\n"


def write_trickle(slot: Path, content: bytes) -> None:
    """Leave the trickle where the client looks; it replaces one that the client has not taken. Raises OSError.

    Without patience: the timer thread writes it, and the next one says more.
    """
    write_at_once(slot / TRICKLE_UP_FILE, content)


def trickles_down(slot: Path) -> list[Path]:
    """The server's messages that lie in the slot, in the order of their names; delete what has been read."""
    return sorted(path for path in slot.iterdir() if path.name.startswith(TRICKLE_DOWN_PREFIX))


def request_upload(slot: Path, logical_name: str) -> None:
    """Leave word that the output file of this name is complete and may be uploaded now. Raises OSError."""
    patiently((slot / f"{UPLOAD_REQUEST_PREFIX}{logical_name}").touch)


def upload_status(slot: Path, logical_name: str) -> int | None:
    """The client's answer: 0 for uploaded, else BOINC's error number; None while there is no answer."""
    try:
        with (slot / f"{UPLOAD_STATUS_PREFIX}{logical_name}").open("rb") as file:
            word = file.read(STATUS_BYTES).partition(b"<status>")[2].partition(b"</status>")[0]
        return int(word)
    except (OSError, ValueError):
        return None
