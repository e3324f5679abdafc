"""A result and the work unit it answers: everything of a check that needs no computing."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kernels import limits
from kernels.arrays import F32
from kernels.errors import CannotRead, Failure, ResultMismatch
from kernels.formats import atomic, result
from kernels.formats.result import Result
from kernels.formats.workunit import WorkUnit
from server_validator.boinc.names import Upload
from server_validator.checking.agreement import Said
from server_validator.checking.archive import Archive
from server_validator.errors import NotIssued, TryLater
from server_validator.ledger import Ledger, issued

_NO_SUCH_FILE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG)
"""What is wrong with the upload itself; any other trouble with reading is the server's."""


@dataclass(frozen=True)
class Answer:
    """A result that answers its work unit with possible values, and its very bytes."""

    result: Result
    unit: WorkUnit
    content: bytes  # of the file
    metrics: Mapping[str, F32]  # every metric [cells, measurements]

    @property
    def said(self) -> Said:
        """What the result says of its cells."""
        return Said(self.metrics, self.result.digests, self.result.header.agreement)


def read(upload: Upload, ledger: Ledger) -> Answer:
    """A result and its work unit, checked in everything but copies and recomputation.

    A file with a name that BOINC gave must answer the work unit which that says; any other the one that it says itself.
    """
    path, names = upload.path, upload.names
    content = atomic.read(path, limits.RESULT_BYTES)
    decoded = result.decode(content, str(path))
    unit = issued.find_named(ledger, names.workunit) if names else issued.find(ledger, decoded.header.workunit)
    if unit is None and names:
        raise TryLater(f"{path}: the ledger in {ledger.data} knows no work unit {names.workunit}, which BOINC sent out")
    if unit is None:
        raise NotIssued(path, f"digest {decoded.header.workunit.hex()}")
    if decoded.header.workunit != unit.digest:
        raise ResultMismatch(path, f"it answers another work unit than {unit.name}")
    return Answer(decoded, unit, content, result.check(decoded, unit, str(path)))


def read_again(ledger: Ledger, archive: Archive, checksum: bytes, name: str) -> Answer:
    """A result of this checksum that was found valid before, from the archive; `name` is used in errors.

    TryLater where it is not there any more, or is of an experiment's version that this program does not compute.
    """
    try:
        content = archive.read(checksum)
        decoded = result.decode(content, name)
        unit = issued.find(ledger, decoded.header.workunit)
        if unit is None:
            raise NotIssued(name, f"digest {decoded.header.workunit.hex()}")
    except Failure as failure:
        raise TryLater(
            f"{name} cannot be looked at again, as the archive's copy of it cannot be used: {failure}"
        ) from failure
    return Answer(decoded, unit, content, decoded.values(unit.experiment))


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
