"""Whether a result is believed; cheapest first: size, decode, work unit, consistency, copies, recomputation."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path

from kernels import result, workunit
from kernels.engine.seam import EngineClass
from kernels.errors import CannotRead, DataDirectory, Duplicate, NotIssued, ResultMismatch, TryLater, WrongClass
from kernels.experiment import Cell
from kernels.result import Result
from kernels.workunit import WorkUnit
from server_validator import ledger, recompute, upload

_NO_SUCH_FILE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG)
"""What is wrong with the upload itself; any other trouble with reading is the server's."""


@dataclass(frozen=True)
class Terms:
    """What staff ask of a result."""

    classes: tuple[EngineClass, ...] = ("exact", "torch")
    cells: int = 1  # to recompute
    budget: float = 60.0  # seconds after which no further cell is begun


@dataclass(frozen=True)
class Verdict:
    """A result that passed: what it is, its work unit, and the cells that were recomputed."""

    found: Result
    unit: WorkUnit
    recomputed: list[Cell]


def validate(path: Path, data: Path, terms: Terms) -> Verdict:
    """Check a result file against the ledger in `data`; a Failure that says what is wrong, or a verdict.

    TryLater stands for every trouble that is the server's.
    """
    try:
        found, unit = read(path, data)
        if found.engine not in terms.classes:
            raise WrongClass(path, found.engine)
        if names := upload.named(path):
            first = ledger.first_upload(data, found.checksum, names.result)
            if first != names.result:
                raise Duplicate(path, first)
        cells = workunit.cells(unit)
        drawn = recompute.draw(len(cells), terms.cells)
        done = recompute.recompute(found, cells, drawn, terms.budget, str(path))
        if names:  # a host could upload another file before this one is assimilated
            ledger.accept(data, path.name, found.checksum)
    except DataDirectory as error:  # BOINC takes every code but 0 and 3 for an invalid result
        raise TryLater(f"{path}: {error}") from error
    except CannotRead as error:
        raise (TryLater(error) if _is_the_servers(path, error) else error) from error
    return Verdict(found, unit, [cells[number] for number in done])


def read(path: Path, data: Path) -> tuple[Result, WorkUnit]:
    """A result and its work unit, checked in everything but copies and recomputation.

    A file with a name that BOINC gave must answer the work unit which that says; any other the one that it says itself.
    """
    found = result.read(path)
    names = upload.named(path)
    unit = ledger.find_named(data, names.workunit) if names else ledger.find(data, found.workunit)
    if unit is None and names:
        raise TryLater(f"{path}: the ledger in {data} knows no work unit {names.workunit}, which BOINC sent out")
    if unit is None:
        raise NotIssued(path, f"digest {found.workunit.hex()}")
    if found.workunit != workunit.digest(unit):
        raise ResultMismatch(path, f"it answers another work unit than {unit.name}")
    result.check(found, unit, str(path))
    return found, unit


def _is_the_servers(path: Path, error: CannotRead) -> bool:
    """Whether a file cannot be read for a reason that no host has brought about."""
    cause = error.__cause__
    return isinstance(cause, OSError) and (cause.errno not in _NO_SUCH_FILE or not path.parent.is_dir())
