"""Names for hosts that tell nobody which host it is: keyed digests of BOINC's numbers.

The key is made once and stays in the data directory, so that a host has one name in all exports. Without the key nobody
can try all numbers until a name comes out.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from kernels.formats import atomic
from kernels.refusals import cannot_write
from server_validator.errors import DataDirectory

FILE = "pseudonyms.key"
KEY_BYTES = 32
_NAME_BYTES = 8  # of a hundred thousand hosts two have one name with a chance of 3e-10
_HOST_BYTES = 8


@dataclass(frozen=True)
class Pseudonyms:
    """The names that a key gives."""

    key: bytes = field(repr=False)

    def of(self, host: int | None) -> str | None:
        """A host's name, 16 hexadecimal digits; None where nobody knows the host."""
        if host is None:
            return None
        number = host.to_bytes(_HOST_BYTES, "little")
        return hashlib.blake2b(number, key=self.key, digest_size=_NAME_BYTES).hexdigest()


def opened(data: Path) -> Pseudonyms:
    """Those of a data directory, whose key is made if there is none. CannotRead, CannotWrite, DataDirectory."""
    path = data / FILE
    if not os.path.lexists(path):
        _make(path)
    key = atomic.read(path, KEY_BYTES)
    if len(key) != KEY_BYTES:
        raise DataDirectory(data, f"{FILE} does not have {KEY_BYTES} bytes: put a copy of it in its place")
    return Pseudonyms(key)


def _make(path: Path) -> None:
    """A new key, whole or not at all, that its owner alone can read. Of two that make one, the first does."""
    try:
        with tempfile.NamedTemporaryFile(prefix=f"{FILE}.", suffix=atomic.PARTIAL, dir=path.parent) as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(file.name, path)
    except OSError as error:
        raise cannot_write(path, error) from error
