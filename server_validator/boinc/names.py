"""What BOINC's names tell about an uploaded file, and the words in which its daemons hand over paths."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# BOINC calls the results of a work unit WU_0, WU_1 ..., and a result's output files RESULT_rRANDOM_0 ...
_NAME = re.compile(r"(?P<result>(?P<workunit>.+)_\d+)_r\d+_\d+", re.ASCII)


@dataclass(frozen=True)
class Names:
    """Names in BOINC's database that a file was uploaded for."""

    workunit: str
    result: str


@dataclass(frozen=True)
class Upload:
    """A file that came back; `names` is None where it lies under a name that BOINC does not give."""

    path: Path
    names: Names | None


def upload(path: Path) -> Upload:
    """The file with the names in its file name, which BOINC gave and no host can choose."""
    match = _NAME.fullmatch(path.name)
    return Upload(path, Names(match["workunit"], match["result"]) if match else None)


def paths(words: Sequence[str]) -> list[Path]:
    """Absolute paths from a daemon's words: it does not quote them, so a blank in a path has parted it in two."""
    joined: list[str] = []
    for word in words:
        if word.startswith("/") or not joined:
            joined.append(word)
        else:
            joined[-1] += f" {word}"
    return [Path(path) for path in joined]
