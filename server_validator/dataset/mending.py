"""Moving what is no sound file out of the data set's way, and what is lost with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kernels.experiments import EXPERIMENTS
from server_validator.dataset import files
from server_validator.dataset.files import Sound, Unsound


@dataclass(frozen=True)
class Damage:
    """A file that is not sound, and why."""

    path: Path
    why: str


@dataclass(frozen=True)
class Look:
    """What one look at every file of all experiments and versions found."""

    damages: list[Damage]  # files that are not sound and not moved aside yet
    lost: list[str]  # work units that had a file, moved aside or not, and have no sound one
    absent: list[str]  # work units that should have a file, and have none at all


def look(data: Path, stored: frozenset[str]) -> Look:
    """Read every file; `stored` are the work units that the ledger has as stored."""
    damages: list[Damage] = []
    lost: set[str] = set()
    named: set[str] = set()
    for place in files.places(data):
        sound, unsound = _state(place)
        aside = {files.unit_named(path) for path in [*files.listed(place / files.DAMAGED), *(d.path for d in unsound)]}
        damages += unsound
        lost |= {unit for unit in aside if unit and unit not in sound}
        named |= files.named(place)
    return Look(damages, sorted(lost), sorted(stored - named))


def move_aside(damage: Damage) -> Path:
    """Move the file to the damaged ones; where it is then. CannotWrite."""
    place = damage.path.parent
    return files.move(damage.path, (place.parent if place.name == files.WITHDRAWN else place) / files.DAMAGED)


def _state(place: Path) -> tuple[set[str | None], list[Damage]]:
    """The work units that have a sound file in a folder or its withdrawn ones, and the files that are not sound."""
    sound: set[str | None] = set()
    unsound = []
    for path in [*files.listed(place), *files.listed(place / files.WITHDRAWN)]:
        try:
            _read(path, place)
            sound.add(files.unit_named(path))
        except Unsound as why:
            unsound.append(Damage(path, str(why)))
    return sound, unsound


def _read(path: Path, place: Path) -> Sound:
    """A file of a folder; one of a version that this program computes has to have its columns. Unsound."""
    experiment = EXPERIMENTS.get(place.parent.name)
    known = experiment is not None and str(experiment.version) == place.name
    return files.read(path, experiment) if experiment and known else files.read_any(path)
