"""What BOINC's names tell about an uploaded file, and the words in which its daemons hand over paths."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# BOINC calls the results of a work unit WU_0, WU_1 ..., and a result's output files RESULT_rRANDOM_0 ...
_NAME = re.compile(r"(?P<result>(?P<workunit>.+)_\d+)_r\d+_\d+", re.ASCII)


@dataclass(frozen=True)
class Upload:
    """Names in BOINC's database that a file was uploaded for."""

    workunit: str
    result: str


def named(path: Path) -> Upload | None:
    """The names in an upload's file name, which BOINC gave and no host can choose; None if it has another form."""
    found = _NAME.fullmatch(path.name)
    return Upload(found["workunit"], found["result"]) if found else None


def paths(words: Sequence[str]) -> list[Path]:
    """Absolute paths from a daemon's words: it does not quote them, so a blank in a path has parted it in two."""
    found: list[str] = []
    for word in words:
        if word.startswith("/") or not found:
            found.append(word)
        else:
            found[-1] += f" {word}"
    return [Path(path) for path in found]
