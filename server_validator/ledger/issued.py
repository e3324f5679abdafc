"""Work units given out, and those that BOINC gave up. A cell is given out once per experiment and version."""

from __future__ import annotations

from kernels.errors import Failure
from kernels.experiments import EXPERIMENTS
from kernels.formats import workunit
from kernels.formats.workunit import WorkUnit
from server_validator.errors import NotIssued, SeedsTaken, TryLater
from server_validator.ledger.database import Ledger


def issue(ledger: Ledger, unit: WorkUnit) -> None:
    """Enter the work unit; the very same one again changes nothing. SeedsTaken if any of its cells was given out."""
    with ledger.writing() as db:
        if db.execute("SELECT 1 FROM issued WHERE digest = ?", [unit.digest]).fetchone():
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


def _overlap(unit: WorkUnit, issued: bytes) -> bool:
    """Whether an issued work unit may have a cell in common with this one."""
    try:
        return unit.overlaps(workunit.decode(issued, "ledger", EXPERIMENTS))
    except Failure:  # of a grid that this program does not know
        return True


def find(ledger: Ledger, digest: bytes) -> WorkUnit | None:
    """The work unit of this digest, or None if it was never issued here. TryLater if this program cannot check it."""
    return _find(ledger, "digest", digest)


def find_named(ledger: Ledger, name: str) -> WorkUnit | None:
    """As `find`, the work unit of this name."""
    return _find(ledger, "name", name)


def _find(ledger: Ledger, column: str, value: bytes | str) -> WorkUnit | None:
    with ledger.reading() as db:
        row = db.execute(f"SELECT body, name FROM issued WHERE {column} = ?", [value]).fetchone()
    if row is None:
        return None
    try:
        return workunit.decode(bytes(row[0]), f"ledger entry {row[1]}", EXPERIMENTS)
    except Failure as failure:  # issued by another version of this program
        raise TryLater(f"work unit {row[1]} needs another version of this program: {failure}") from failure


def record_failure(ledger: Ledger, name: str, error_mask: int, boinc_id: int, batch: int) -> None:
    """Remember that BOINC gave a work unit up, and why (its error mask); twice changes nothing. NotIssued."""
    with ledger.writing() as db:
        if not db.execute("SELECT 1 FROM issued WHERE name = ?", [name]).fetchone():
            raise NotIssued(name, "no work unit has this name")
        db.execute("INSERT OR REPLACE INTO failed VALUES (?, ?, ?, ?)", [name, error_mask, boinc_id, batch])
