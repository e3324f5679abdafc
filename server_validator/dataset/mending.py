"""What is no sound file out of the data set's way, and the data set made anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kernels.experiments import EXPERIMENTS
from server_validator.dataset import archive, files, lock, store
from server_validator.dataset.files import Group
from server_validator.dataset.store import Missing
from server_validator.ledger import Ledger, standing, verdicts
from server_validator.ledger.standing import Stored


@dataclass(frozen=True)
class Damage:
    """A file that is not sound, and why."""

    group: Group
    path: Path
    why: str


@dataclass(frozen=True)
class Look:
    """What one look at every file of all experiments and versions found."""

    damages: Sequence[Damage]  # files that are not sound and not moved aside yet
    lost: Sequence[Stored]  # stored results that neither a sound file nor the archive has


def look(data: Path, stored: Sequence[Stored]) -> Look:
    """Read every file; `stored` are the results that the ledger has as stored."""
    damages: list[Damage] = []
    there: set[str] = set()
    for group in files.groups(data):
        found = files.opened(data, group)
        damages += [Damage(group, path, why) for path, why in found.unsound]
        there |= found.checksums
    lacking = [one for one in stored if one.checksum.hex() not in there]
    return Look(damages, [one for one in lacking if not archive.place(data, one.checksum).is_file()])


def repair(ledger: Ledger) -> tuple[list[tuple[Damage, Path]], list[Missing]]:
    """Move what is not sound aside and write its rows anew; what went where, and results that nothing has any more.

    Those are no longer stored in the ledger. CannotWrite: to be given again.
    """
    with lock.changing(ledger.data):
        found = look(ledger.data, standing.stored(ledger))
        moved = [(damage, files.move_aside(damage.path)) for damage in found.damages]
        missing = [missing for one in EXPERIMENTS.values() for missing in store.write_waiting(ledger, one)]
    of_others = [
        Missing(one, "the archive lacks it") for one in found.lost if not files.known((one.experiment, one.version))
    ]
    for lost in [*missing, *of_others]:
        standing.record_damaged(
            ledger, lost.result, "its file in the data set was damaged or deleted, and the archive lacks it"
        )
    return moved, [*missing, *of_others]


def rebuild(ledger: Ledger) -> tuple[int, list[Missing]]:
    """Write the data set of all versions that this program computes anew; how many results, and those that are missing.

    New files come first, then old ones go: killed at any moment, all results are there. An old file stays where it
    alone has a result: one that the archive lacks, or a second one of a work unit. CannotWrite.
    """
    written, missing = 0, list[Missing]()
    with lock.changing(ledger.data):
        revoked = {checksum.hex() for checksum in verdicts.revoked(ledger)}
        files.remove(files.leftovers(ledger.data))
        for experiment in EXPERIMENTS.values():
            group = experiment.name, experiment.version
            stored = standing.stored(ledger, *group)
            new, lacking = store.write(ledger, experiment, stored)
            missing += lacking
            there = files.opened(ledger.data, group)
            anew = {one.checksum for file in there.sound if file.path in new for one in file.held}
            written += len(anew)
            old = [file for file in there.sound if file.path not in new]
            files.remove(file.path for file in old if {one.checksum for one in file.held} <= anew | revoked)
            for path, _ in there.unsound:
                files.move_aside(path)
    return written, missing
