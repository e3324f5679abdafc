"""Where the bytes of valid results are kept, as far as a check needs it: it is handed in."""

from __future__ import annotations

from typing import Protocol


class Archive(Protocol):
    """The bytes of results by their checksums."""

    def keep(self, checksum: bytes, content: bytes) -> None:
        """Keep a result's bytes; once more changes nothing. CannotWrite."""

    def read(self, checksum: bytes) -> bytes:
        """The bytes of a result that was kept. CannotRead."""
