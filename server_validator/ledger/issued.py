"""Work units given out, and those that BOINC gave up. A cell is given out once per experiment and version."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from kernels import __version__
from kernels.errors import Failure
from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS
from kernels.formats import workunit
from kernels.formats.workunit import WorkUnit
from server_validator.errors import NeedsAnotherProgram, NotIssued, SeedsTaken
from server_validator.ledger.database import Ledger

_ISSUED = "SELECT body, name, experiment, version FROM issued"
_DIGEST = "SELECT digest FROM issued WHERE name = :name UNION ALL SELECT digest FROM reissued WHERE name = :name"


def issue(ledger: Ledger, unit: WorkUnit, write: Callable[[], object] = lambda: None) -> None:
    """Enter the work unit; the very same one again changes nothing. SeedsTaken if any of its cells was given out.

    `write` gives it to somebody: where that fails, nothing is entered.
    """
    with ledger.writing() as db:
        if db.execute("SELECT 1 FROM issued WHERE digest = ?", [unit.digest]).fetchone():
            write()
            return
        experiment = [unit.experiment.name, unit.experiment.version]
        near = db.execute(
            "SELECT name, body FROM issued WHERE experiment = ? AND version = ? AND first <= ? AND last >= ? "
            "ORDER BY first, name",
            [*experiment, unit.seeds.last, unit.seeds.first],
        ).fetchall()
        for name, body in near:
            if _overlap(unit, bytes(body)):
                (free,) = db.execute(
                    "SELECT max(last) + 1 FROM issued WHERE experiment = ? AND version = ?", experiment
                ).fetchone()
                first, last = unit.seeds.first, unit.seeds.last
                raise SeedsTaken(first, last, unit.experiment.name, unit.experiment.version, name, free)
        db.execute(
            "INSERT INTO issued VALUES (?, ?, ?, ?, ?, ?, ?)",
            [unit.digest, unit.name, *experiment, unit.seeds.first, unit.seeds.last, workunit.encode(unit)],
        )
        db.execute("INSERT OR IGNORE INTO programs VALUES (?, ?, ?)", [*experiment, __version__])
        write()


def first_free(ledger: Ledger, experiment: Experiment) -> int:
    """The seed after all that were given out of the experiment's present version."""
    with ledger.reading() as db:
        (last,) = db.execute(
            "SELECT max(last) FROM issued WHERE experiment = ? AND version = ?", [experiment.name, experiment.version]
        ).fetchone()
    return 0 if last is None else int(last) + 1


def _overlap(unit: WorkUnit, issued: bytes) -> bool:
    """Whether an issued work unit may have a cell in common with this one."""
    try:
        return unit.overlaps(workunit.decode(issued, "ledger", EXPERIMENTS))
    except Failure:  # of a grid that this program does not know
        return True


def find(ledger: Ledger, digest: bytes) -> WorkUnit | None:
    """The work unit of this digest, or None if it was never issued here.

    NeedsAnotherProgram if it is of an experiment's version that this program does not compute.
    """
    with ledger.reading() as db:
        return _decoded(db, db.execute(f"{_ISSUED} WHERE digest = ?", [digest]).fetchone())


def find_named(ledger: Ledger, name: str) -> WorkUnit | None:
    """As `find`, the work unit that was given out under this name, the first time or again."""
    with ledger.reading() as db:
        return _decoded(db, db.execute(f"{_ISSUED} WHERE digest = ({_DIGEST})", {"name": name}).fetchone())


def names(ledger: Ledger, unit: WorkUnit) -> list[str]:
    """All names under which a work unit was given out, the first one first."""
    with ledger.reading() as db:
        again = db.execute("SELECT name FROM reissued WHERE digest = ? ORDER BY number", [unit.digest]).fetchall()
    return [unit.name, *(name for (name,) in again)]


def _decoded(db: sqlite3.Connection, row: tuple[bytes, str, str, int] | None) -> WorkUnit | None:
    if row is None:
        return None
    body, name, experiment, version = row
    try:
        return workunit.decode(bytes(body), f"ledger entry {name}", EXPERIMENTS)
    except Failure as failure:
        programs = db.execute(
            "SELECT program FROM programs WHERE experiment = ? AND version = ? ORDER BY program", [experiment, version]
        ).fetchall()
        told = " or ".join(program for (program,) in programs) or "that it was issued with"
        raise NeedsAnotherProgram(name, f"{experiment} version {version}", told) from failure


def record_failure(ledger: Ledger, name: str, error_mask: int, boinc_id: int, batch: int) -> None:
    """Remember that BOINC gave a work unit up, and why (its error mask); twice changes nothing. NotIssued."""
    with ledger.writing() as db:
        if not db.execute(_DIGEST, {"name": name}).fetchone():
            raise NotIssued(name, "no work unit has this name")
        db.execute("INSERT OR REPLACE INTO failed VALUES (?, ?, ?, ?)", [name, error_mask, boinc_id, batch])
