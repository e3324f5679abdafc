"""The commands validate and compare: what is asked of whom, a verdict in a line, and exit codes as BOINC reads them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from kernels.errors import Failure, TryLater, printable, unforeseen
from server_validator import hosts, upload
from server_validator.compare import compare
from server_validator.hosts import TRUSTED, Unknown
from server_validator.validate import Terms, validate

CELLS_OF_A_TRUSTED_HOST = 1
CELLS_OF_OTHERS = 4


def run_validate(words: Sequence[str], data: Path, project: Path | None, torch: bool, budget: float) -> int:
    """Check result files; 0 if all are valid, else the code of the worst that is wrong with one of them.

    With the folder of a BOINC project, as its script_validator asks: the words are absolute paths, class torch is
    accepted only if `torch` says so, and hosts that BOINC's database knows to be reliable have less recomputed.
    """

    def one(path: Path) -> str:
        cells, whose = _cells(project, path) if project else (CELLS_OF_OTHERS, "")
        begun = time.monotonic()
        verdict = validate(path, data, Terms(("exact", "torch") if torch or not project else ("exact",), cells, budget))
        drawn = "; ".join(f"seed {cell.seed} {cell.condition}" for cell in verdict.recomputed)
        found, unit = verdict.found, verdict.unit
        return (
            f"valid, {unit.name} of class {found.engine} by version {found.app_version}: {len(found.cells)} cells are "
            f"consistent, {len(verdict.recomputed)} recomputed in {time.monotonic() - begun:.1f} s ({drawn}){whose}"
        )

    return max(_judged(one, path) for path in _paths(words, project))


def run_compare(words: Sequence[str], data: Path, project: Path | None) -> int:
    """Compare the first half of the files with the second, one by one; 0 if all agree, else the code of the worst."""
    files = _paths(words, project)
    half = len(files) // 2
    if len(files) != 2 * half:
        raise TryLater(f"{len(files)} files cannot be compared with each other, only as many with as many")
    other = dict(zip(files[:half], files[half:], strict=True))
    return max(_judged(lambda path: compare(path, other[path], data), path) for path in other)


def _paths(words: Sequence[str], project: Path | None) -> list[Path]:
    return upload.paths(words) if project else [Path(word) for word in words]


def _judged(check: Callable[[Path], str], path: Path) -> int:
    """The exit code of a check, after its verdict was printed. A fault of ours says nothing about a result: 3."""
    try:
        print(printable(f"{path}: {check(path)}"), flush=True)  # whatever a file's name is
    except Failure as failure:
        found = failure
    except Exception as error:
        found = TryLater(f"{path}: {unforeseen(error)}")
    else:
        return 0
    print(printable(f"axiom-server: {found}"), file=sys.stderr, flush=True)
    return found.code


def _cells(project: Path, path: Path) -> tuple[int, str]:
    """How many cells of an upload to recompute, and why."""
    names = upload.named(path)
    if names is None:
        raise TryLater(f"{path} has no name that BOINC gives, so nothing tells which work unit it has to answer")
    try:
        if hosts.trusted(project, names.result):
            return CELLS_OF_A_TRUSTED_HOST, f"; the host has {TRUSTED} or more valid results in a row"
    except Unknown as why:
        return CELLS_OF_OTHERS, f"; the host is unknown: {why}"
    return CELLS_OF_OTHERS, f"; the host has fewer than {TRUSTED} valid results in a row"
