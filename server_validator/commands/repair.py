"""repair: moves damaged and foreign files out of the data set, and stores their results anew from uploads at hand."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from kernels.errors import CannotRead, Failure
from kernels.text import printable
from server_validator.boinc import database, names
from server_validator.checking.check import known_as
from server_validator.checking.reading import read
from server_validator.commands.arguments import path
from server_validator.errors import ComputeAgain, DataDirectory, TryLater
from server_validator.ledger import Ledger, standing, verdicts

HELP = "move damaged files out of the data set, and store them anew from uploads"


def arguments(parser: argparse.ArgumentParser) -> None:
    """[--project DIR] [UPLOADS ...]."""
    parser.add_argument(
        "--project", type=path, metavar="DIR",
        help="the BOINC project, whose database tells the host of an upload: withdraw --host finds the rows then",
    )  # fmt: skip
    parser.add_argument(
        "uploads", nargs="*", type=path, metavar="UPLOADS",
        help="uploaded files, or folders of them as BOINC's upload/, from which lost rows can be had again",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Mend the data set, a line for each file; ComputeAgain with the work units that no upload is at hand of.

    An upload counts only if it is, byte for byte, one that was found valid. Nothing is deleted.
    """
    from server_validator.dataset import mending

    if not options.data.is_dir():
        raise DataDirectory(options.data, "there is no such folder")
    with Ledger(options.data) as ledger:
        uploads, found = list(_files(options.uploads)), mending.look(options.data, standing.stored(ledger))
        for damage in found.damages:
            print(printable(f"{damage.path}: {damage.why}; moved to {mending.move_aside(damage)}"))
        lost = [
            unit for unit in [*found.lost, *found.absent] if not _store_anew(ledger, unit, uploads, options.project)
        ]
        for unit in lost:
            standing.record_damaged(ledger, unit, "its file in the data set was damaged or deleted")
    if lost:
        raise ComputeAgain(len(lost), ", ".join(lost))
    print("every file of the data set is sound")
    return 0


def _store_anew(ledger: Ledger, unit: str, uploads: Sequence[Path], project: Path | None) -> bool:
    """Store a work unit's rows from the first upload that is its result and was found valid, if there is one."""
    from server_validator.dataset.schema import Origin
    from server_validator.dataset.store import store

    for file in uploads:
        upload = names.upload(file)
        if upload.names and not upload.names.workunit.startswith(unit):  # given out again it has a suffix
            continue
        try:
            answer = read(upload, ledger)
        except Failure as failure:
            if failure.blames_result or isinstance(failure, TryLater):  # whatever it is, it was not found valid here
                continue
            raise
        verdict = verdicts.given(ledger, known_as(upload), answer.result.checksum)
        if answer.unit.name != unit or verdict is None or verdict.code:
            continue
        host = database.host_if_known(project, upload.names.result) if project and upload.names else None
        origin = Origin(upload=known_as(upload) or None, host_id=host)
        with standing.storing(ledger, answer.unit.digest, known_as(upload), answer.result.checksum):
            place = store(ledger.data, answer.unit, answer.result, origin)
        print(printable(f"{unit}: stored anew from {file} in {place}"))
        return True
    return False


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """All files that are given or lie in folders that are, in the order of their paths. CannotRead."""
    for given in paths:
        if not given.exists():
            raise CannotRead(given, "there is no such file or folder", "Check the path")
        yield from sorted(file for file in given.rglob("*") if file.is_file()) if given.is_dir() else [given]
