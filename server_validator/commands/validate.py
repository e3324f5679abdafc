"""validate: whether results are believed, a line and an exit code each, as staff and BOINC's validator read them."""

from __future__ import annotations

import argparse
import time
from functools import partial
from pathlib import Path

from kernels.engine.contract import Agreement
from server_validator.boinc import database, exit_codes, names
from server_validator.boinc.names import Upload
from server_validator.boinc.project import Unknown
from server_validator.checking import trust
from server_validator.checking.check import Terms, check
from server_validator.commands.arguments import add_project, seconds
from server_validator.errors import TryLater
from server_validator.ledger import Ledger

HELP = "check results against the ledger and by recomputing cells"


def arguments(parser: argparse.ArgumentParser) -> None:
    """[--project DIR] [--torch] [--budget S] [--recheck] F ..."""
    add_project(parser)
    parser.add_argument("files", nargs="+", metavar="F", help="result files")
    parser.add_argument(
        "--torch",
        action="store_true",
        help="with --project: accept near results too, for work with a quorum of two",
    )
    parser.add_argument(
        "--budget", type=seconds, default=60.0, metavar="S",
        help="begin no further cell after S seconds; one is recomputed always (default: 60)",
    )  # fmt: skip
    parser.add_argument(
        "--recheck",
        action="store_true",
        help="recompute, whatever was found before, all cells of what was refused; what is wrong now is revoked",
    )


def run(options: argparse.Namespace) -> int:
    """Check result files; 0 if all are valid, else the code of the worst that is wrong with one of them.

    With the folder of a BOINC project, as its script_validator asks: the words are absolute paths, near results are
    accepted only with --torch, and hosts that BOINC's database knows to be reliable have less recomputed.
    """
    if options.project:
        return exit_codes.asked_by_daemon(lambda: _check_all(options, names.paths(options.files)))
    return _check_all(options, [Path(word) for word in options.files])


def _check_all(options: argparse.Namespace, paths: list[Path]) -> int:
    with Ledger(options.data) as ledger:
        return max(
            exit_codes.told(path, partial(_check, names.upload(path), ledger, options), bool(options.project))
            for path in paths
        )


def _check(upload: Upload, ledger: Ledger, options: argparse.Namespace) -> str:
    """The verdict on a valid result, in words."""
    cells, host = _asked(options.project, upload) if options.project else (trust.cells(None), "")
    begun = time.monotonic()
    classes: tuple[Agreement, ...] = ("exact", "near") if options.torch or not options.project else ("exact",)
    terms = Terms(classes, cells, options.budget, options.recheck)
    passed = check(upload, ledger, terms)
    result, unit = passed.answer.result, passed.answer.unit
    when = f"in {time.monotonic() - begun:.1f} s" if passed.recomputed else "as found before"
    return (
        f"valid, {unit.name}, {result.agreement}, by version {result.app_version}: {len(result.cells)} cells "
        f"are consistent, {passed.words}, {when}{host}"
    )


def _asked(project: Path, upload: Upload) -> tuple[int, str]:
    """How many cells of an upload to recompute, and why."""
    if upload.names is None:
        raise TryLater(f"{upload.path} has no name that BOINC gives, so nothing tells which work unit it has to answer")
    try:
        record = database.consecutive_valid(project, upload.names.result)
    except Unknown as why:
        return trust.cells(None), f"; the host is unknown: {why}"
    amount = f"{trust.TRUSTED} or more" if trust.trusted(record) else f"fewer than {trust.TRUSTED}"
    return trust.cells(record), f"; the host has {amount} valid results in a row"
