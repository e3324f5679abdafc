"""The archive of a data directory, as checks are handed it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from server_validator.dataset import archive


@dataclass(frozen=True)
class Archived:
    """`server_validator.checking.archive.Archive` of a data directory."""

    data: Path

    def keep(self, checksum: bytes, content: bytes) -> None:
        """Keep a result's bytes; once more changes nothing. CannotWrite."""
        archive.keep(self.data, checksum, content)

    def read(self, checksum: bytes) -> bytes:
        """The bytes of a result that was kept. CannotRead."""
        return archive.read(self.data, checksum)
