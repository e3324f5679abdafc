"""From the archive into the data set: results that the ledger has as stored, and that no file has yet.

A result is stored when its bytes are in the archive and the ledger says so. Files are made of many at once, which costs
a fraction of one for each, and no reader is without the rows: all commands that read bring in what waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernels.errors import Failure, ResultUnreadable
from kernels.experiment import Experiment
from kernels.formats import result
from kernels.formats.result import Result
from kernels.formats.workunit import WorkUnit
from server_validator.dataset import archive, files, lock, schema, writing
from server_validator.dataset.files import Group
from server_validator.dataset.schema import Held
from server_validator.dataset.writing import Piece
from server_validator.ledger import Ledger, issued, standing
from server_validator.ledger.standing import Stored


@dataclass(frozen=True)
class Missing:
    """A stored result that the archive does not have as it came, and why."""

    result: Stored
    why: str


_NAMED = 10  # of missing results; there may be thousands


def told(missing: Sequence[Missing]) -> str:
    """Missing results in words, the first of them with the reason."""
    rest = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return ", ".join(f"{one.result.name} ({one.why})" for one in missing[:_NAMED]) + rest


def bring_in(ledger: Ledger, experiments: Iterable[Experiment]) -> list[Missing]:
    """Write the rows of all results that wait; those that cannot be had. CannotWrite.

    Where nothing waits nothing is written, and no other command is waited for.
    """
    late = [experiment for experiment in experiments if waiting(ledger, (experiment.name, experiment.version))]
    if not late:
        return []
    with lock.changing(ledger.data):
        return [missing for experiment in late for missing in write_waiting(ledger, experiment)]


def write_waiting(ledger: Ledger, experiment: Experiment) -> list[Missing]:
    """As `bring_in`, for a command that has the data set for itself."""
    return write(ledger, experiment, waiting(ledger, (experiment.name, experiment.version)))[1]


def waiting(ledger: Ledger, group: Group) -> list[Stored]:
    """The stored results of a version of an experiment that no file says it has."""
    there = files.described(ledger.data, group).checksums
    return [one for one in standing.stored(ledger, *group) if one.checksum.hex() not in there]


def write(ledger: Ledger, experiment: Experiment, results: Sequence[Stored]) -> tuple[list[Path], list[Missing]]:
    """Write files of the results; those files, and the results that cannot be had."""
    units = [(one, unit) for one in results if (unit := issued.find(ledger, one.digest))]
    paths, missing = list[Path](), list[Missing]()
    for bundle in writing.bundles(units, _cells, schema.rows_within(experiment, schema.FILE_BYTES)):
        path = writing.write(ledger.data, experiment, _pieces(ledger.data, bundle, missing.append))
        paths += [path] if path else []
    return paths, missing


def _pieces(data: Path, bundle: Iterable[tuple[Stored, WorkUnit]], miss: Callable[[Missing], None]) -> Iterator[Piece]:
    for stored, unit in bundle:
        try:
            checked = kept(data, stored)
        except Failure as failure:
            miss(Missing(stored, str(failure)))
            continue
        held = Held(
            stored.checksum.hex(), _cells((stored, unit)), unit.name, stored.boinc_id, stored.upload or None,
            stored.host, checked.header.app_version, checked.header.engine, checked.header.agreement,
        )  # fmt: skip
        yield Piece([held], [schema.table(unit, checked, held)])


def kept(data: Path, stored: Stored) -> Result:
    """The result in the archive, which is the very one that was found valid. CannotRead, ResultUnreadable."""
    path = archive.place(data, stored.checksum)
    checked = result.decode(archive.read(data, stored.checksum), str(path))
    if checked.checksum != stored.checksum:
        raise ResultUnreadable(path, "it is another result than its name says")
    return checked


def _cells(one: tuple[Stored, WorkUnit]) -> int:
    return one[1].size
