"""Results in a data directory as validate and assimilate leave them, without a recomputation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kernels.experiments import EXPERIMENTS
from kernels.formats import result
from kernels.formats.result import Result
from kernels.formats.workunit import WorkUnit
from server_validator.dataset import archive, files, store
from server_validator.dataset.schema import Held
from server_validator.dataset.store import Missing
from server_validator.ledger import Ledger, create, issued, standing, verdicts
from server_validator.ledger.verdicts import Verdict
from tests.kernels import tiny

COMPGEN = EXPERIMENTS["compgen"]
GROUP = ("compgen", COMPGEN.version)


def exact(unit: WorkUnit) -> Result:
    """The work unit's result by the exact engine, as it is read from its bytes."""
    return result.decode(result.encode(tiny.computed(unit, "c")), "a result")


def stored(data: Path, unit: WorkUnit, answer: Result | None = None, host: int | None = 12, replica: int = 0) -> bytes:
    """Enter a result as stored, its bytes in the archive; its checksum."""
    create(data)
    answer = answer or exact(unit)
    checksum, upload = answer.checksum, f"{unit.name}_{replica}_r77_0"
    with Ledger(data) as ledger:
        if issued.find(ledger, unit.digest) is None:
            issued.issue(ledger, unit)
        verdicts.record(ledger, Verdict(upload, checksum, unit.name, 0, "checked"))
        archive.keep(data, checksum, result.encode(answer))
        standing.store(ledger, unit.name, upload, checksum, 7, host)
    return checksum


def brought_in(data: Path) -> list[Missing]:
    """Write what waits of the tests' experiment; what the archive lacks."""
    with Ledger(data) as ledger:
        return store.bring_in(ledger, [COMPGEN])


def filed(data: Path, unit: WorkUnit, answer: Result | None = None, host: int | None = 12, replica: int = 0) -> Path:
    """Store a result in a file of its own."""
    checksum = stored(data, unit, answer, host, replica).hex()
    assert brought_in(data) == []
    (path,) = (file.path for file in files.described(data, GROUP).sound if file.held[0].checksum == checksum)
    return path


def place(data: Path) -> Path:
    """Where the files of the tests' experiment lie."""
    return files.folder(data, GROUP)


def listed(data: Path) -> list[Path]:
    """Those files."""
    return files.listed(place(data))


def held(data: Path) -> Sequence[Held]:
    """All results that those files have, in no order that matters."""
    return [one for file in files.described(data, GROUP).sound for one in file.held]


def damage(path: Path) -> None:
    """Turn one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)
