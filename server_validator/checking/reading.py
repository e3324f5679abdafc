"""A result and the work unit it answers: everything of a check that needs no computing."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path

from kernels.errors import CannotRead, ResultMismatch
from kernels.formats import result
from kernels.formats.result import Result
from kernels.formats.workunit import WorkUnit
from server_validator.boinc.names import Upload
from server_validator.errors import NotIssued, TryLater
from server_validator.ledger import Ledger, issued

_NO_SUCH_FILE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG)
"""What is wrong with the upload itself; any other trouble with reading is the server's."""


@dataclass(frozen=True)
class Answer:
    """A result that answers its work unit with possible values."""

    result: Result
    unit: WorkUnit


def read(upload: Upload, ledger: Ledger) -> Answer:
    """A result and its work unit, checked in everything but copies and recomputation.

    A file with a name that BOINC gave must answer the work unit which that says; any other the one that it says itself.
    """
    path, names = upload.path, upload.names
    decoded = result.read(path)
    unit = issued.find_named(ledger, names.workunit) if names else issued.find(ledger, decoded.workunit)
    if unit is None and names:
        raise TryLater(f"{path}: the ledger in {ledger.data} knows no work unit {names.workunit}, which BOINC sent out")
    if unit is None:
        raise NotIssued(path, f"digest {decoded.workunit.hex()}")
    if decoded.workunit != unit.digest:
        raise ResultMismatch(path, f"it answers another work unit than {unit.name}")
    result.check(decoded, unit, str(path))
    return Answer(decoded, unit)


def read_for_verdict(upload: Upload, ledger: Ledger) -> Answer:
    """As `read`, but TryLater where a file cannot be read for a reason that no host has brought about."""
    try:
        return read(upload, ledger)
    except CannotRead as error:
        if _is_the_servers(upload.path, error):
            raise TryLater(error) from error
        raise


def _is_the_servers(path: Path, error: CannotRead) -> bool:
    cause = error.__cause__
    return isinstance(cause, OSError) and (cause.errno not in _NO_SUCH_FILE or not path.parent.is_dir())
