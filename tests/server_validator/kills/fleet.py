"""A project whose hosts have returned results of cheap work units: true ones, and forged ones."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kernels.cells import Value
from kernels.experiments import EXPERIMENTS
from kernels.formats import result
from kernels.formats.workunit import Seeds, WorkUnit
from server_validator.ledger import Ledger, create, hosts, issued
from tests.kernels.resultfile import Top
from tests.server_validator import forging, truth
from tests.server_validator.boinc import mariadb
from tests.server_validator.boinc.test_database import project

NEW, TRUSTED, FORGER, TURNCOAT, UNKNOWN = 1, 2, 3, 4, None
RECORD = 200  # results proven in a row of those who are trusted when all begins
GRIDS: Sequence[tuple[str, dict[str, list[Value]]]] = (
    ("compgen", {"width": [32], "depth": [1, 2], "learning_rate": [0.05]}),
    ("microscale", {"width": [8], "depth": [1], "fraction": [0.05]}),
    ("featrank", {"width": [32]}),
)
MANY = 64  # cells of a large work unit, each small part of whose work lets a span close after few results


@dataclass(frozen=True)
class Sent:
    """An upload, and what is true of it."""

    path: Path
    unit: WorkUnit
    number: int  # BOINC's of the work unit
    host: int | None
    forged: bool

    @property
    def result(self) -> str:
        """BOINC's name of the result."""
        return f"{self.unit.name}_0"


@dataclass(frozen=True)
class Fleet:
    """A data directory, its project, and all that came back, in the order in which it came."""

    data: Path
    project: Path
    port: int  # of the project's database
    sent: Sequence[Sent]

    @property
    def honest(self) -> list[Sent]:
        """The true results of those who never forged any."""
        return [one for one in self.sent if one.host in (NEW, TRUSTED, UNKNOWN) and not one.forged]


def made(folder: Path, data: Path, port: int, each: int) -> Fleet:
    """A fleet whose hosts have returned about so many results each. `data` gets a ledger that has their work units.

    Results of one known host are forged, those of another from the second half on, and some of hosts that BOINC's
    database does not know.
    """
    draw = random.Random(15)
    uploads = folder / "upload"
    uploads.mkdir(parents=True)
    whose = [
        *((host, host == FORGER or (host == TURNCOAT and number >= each // 2))
          for host in (NEW, TRUSTED, FORGER, TURNCOAT) for number in range(each)),
        *((UNKNOWN, number % 3 == 0) for number in range(each // 2)),
    ]  # fmt: skip
    draw.shuffle(whose)
    create(data)
    sent: list[Sent] = []
    with Ledger(data) as ledger:
        for number, (host, forged) in enumerate(whose, 1):
            name, grid = GRIDS[number % len(GRIDS)]
            count = MANY if name == "microscale" and host == TRUSTED else 1 + number % 2
            unit = WorkUnit(EXPERIMENTS[name], Seeds(MANY * number, count), grid)
            issued.issue(ledger, unit)
            path = uploads / f"{unit.name}_0_r{number}_0"
            content = result.encode(truth.answer(unit))
            path.write_bytes(forging.changed(content, _other_digests) if forged else content)
            sent.append(Sent(path, unit, number, host, forged))
        with ledger.writing() as db:
            for host in (TRUSTED, TURNCOAT):
                hosts.add_proven(db, host, RECORD)
    mariadb.fill(port, {one.result: one.host or 0 for one in sent})
    return Fleet(data, project(folder / "project", port), port, sent)


def _other_digests(top: Top) -> None:
    top["digests"] = top["digests"] ^ 1
