"""Whose rows the data set's files have, and taking all of somebody's out of it, or back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from server_validator.dataset import files
from server_validator.dataset.files import Unsound

COLUMNS = {"host": "host_id", "upload": "upload", "app_version": "app_version"}
"""What rows can be chosen by, and the column of each."""


@dataclass(frozen=True)
class Source:
    """A file of the data set and where its rows, which are all of one upload, come from."""

    path: Path
    cells: int
    host_id: int | None
    upload: str | None
    app_version: str

    def __str__(self) -> str:
        upload = self.upload or "no upload that BOINC named"
        host = "an unknown host" if self.host_id is None else f"host {self.host_id}"
        return f"{self.path}: {self.cells} cells of {upload}, {host}, version {self.app_version}"


def kept(data: Path) -> Iterator[Source | tuple[Path, Unsound]]:
    """The files of all experiments and versions; with the reason those of which nobody can tell."""
    for place in files.places(data):
        yield from _sources(place)


def withdrawn(data: Path) -> Iterator[Source | tuple[Path, Unsound]]:
    """As `kept`, the files that were withdrawn."""
    for place in files.places(data):
        yield from _sources(place / files.WITHDRAWN)


def withdraw(source: Source) -> Path:
    """Take a file out of all findings; where it is then. CannotWrite."""
    return files.move(source.path, source.path.parent / files.WITHDRAWN)


def bring_back(source: Source) -> Path:
    """Undo it. CannotWrite."""
    return files.move(source.path, source.path.parent.parent)


def _sources(place: Path) -> Iterator[Source | tuple[Path, Unsound]]:
    for path in files.listed(place):
        try:
            rows = files.read_any(path).rows
            (first,) = rows.select(list(COLUMNS.values())).slice(0, 1).to_pylist()
        except Unsound as why:
            yield path, why
        except (KeyError, ValueError):
            yield path, Unsound("it does not say where its rows come from")
        else:
            yield Source(path, len(rows), first["host_id"], first["upload"], first["app_version"])
