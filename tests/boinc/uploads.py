"""The file_upload_handler of the loopback project: takes output files, whole or in pieces, and checks each one."""

from hashlib import md5
from pathlib import Path

from tests.boinc import wire

# The client's two ways to fail: it tries a transient failure again, a permanent one ends the result with an error.
DONE, TRANSIENT, PERMANENT = 0, 1, -1


class Uploads:
    """Output files by upload name. Only announced names are taken, so no name can lead out of `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._max_nbytes: dict[str, int] = {}
        # What has come of a file while pieces are still missing.
        self._partial: dict[str, bytes] = {}

    def expect(self, name: str, max_nbytes: int) -> None:
        self._max_nbytes[name] = max_nbytes

    def path(self, name: str) -> Path | None:
        """Where the whole, checked file lies; None while it has not come."""
        path = self.folder / name
        return path if name in self._max_nbytes and path.is_file() else None

    def handle(self, body: bytes) -> tuple[str, str]:
        """The XML answer to one request, and a sentence for the log."""
        header, found, data = body.partition(b"<data>\n")
        text = header.decode("utf-8", "replace")
        asked = wire.value(text, "get_file_size")
        if asked:
            size = self._size(asked)
            return _answer(DONE, f"<file_size>{size}</file_size>"), f"upload: {asked} has {size} bytes so far"
        if not found:
            return _refuse(PERMANENT, "neither <data> nor <get_file_size> in the request")
        return self._take(text, data)

    def _size(self, name: str) -> int:
        path = self.path(name)
        return path.stat().st_size if path else len(self._partial.get(name, b""))

    def _take(self, header: str, data: bytes) -> tuple[str, str]:
        # The file_info comes first and repeats tags; the facts about this transfer follow it.
        facts = header.rpartition("</file_info>")[2]
        name = wire.value(header, "name")
        nbytes, offset = int(wire.number(facts, "nbytes")), int(wire.number(facts, "offset"))
        if name not in self._max_nbytes:
            return _refuse(PERMANENT, f"{name!r} was never announced")
        if nbytes > self._max_nbytes[name]:
            return _refuse(PERMANENT, f"{name} has {nbytes} bytes, {self._max_nbytes[name]} are allowed")
        have = self._partial.get(name, b"")
        if not 0 <= offset <= len(have):
            return _refuse(TRANSIENT, f"{name} goes on at {offset}, but {len(have)} bytes are here")
        content = have[:offset] + data
        if len(content) < nbytes:
            self._partial[name] = content
            return _refuse(TRANSIENT, f"{name}: {len(content)} of {nbytes} bytes came")
        self._partial.pop(name, None)
        if len(content) != nbytes or md5(content, usedforsecurity=False).hexdigest() != wire.value(facts, "md5_cksum"):
            return _refuse(TRANSIENT, f"{name}: {len(content)} bytes came that fit neither size nor MD5")
        # Under another name first: whoever waits for the file must never see half of it.
        unfinished = self.folder / f"{name}.unfinished"
        unfinished.write_bytes(content)
        unfinished.replace(self.folder / name)
        return _answer(DONE), f"upload: {name} is here, {nbytes} bytes"


def _answer(status: int, rest: str = "") -> str:
    return f"<data_server_reply>\n<status>{status}</status>\n{rest}\n</data_server_reply>\n"


def _refuse(status: int, why: str) -> tuple[str, str]:
    return _answer(status, f"<message>{why}</message>"), f"upload refused ({status}): {why}"
