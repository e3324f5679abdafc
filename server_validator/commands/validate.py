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
from server_validator.checking.check import Terms, check
from server_validator.commands.archived import Archived
from server_validator.commands.arguments import add_project, seconds
from server_validator.errors import TryLater
from server_validator.ledger import Ledger, hosts

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
        help="begin no further cell of a result after S seconds; one is recomputed always, the others by "
        "axiom-server audit (default: 60)",
    )  # fmt: skip
    parser.add_argument(
        "--recheck",
        action="store_true",
        help="recompute, whatever was found before, all cells of what was refused; what is wrong now is revoked",
    )


def run(options: argparse.Namespace) -> int:
    """Check result files; 0 if all are valid, else the code of the worst that is wrong with one of them.

    With the folder of a BOINC project, as its script_validator asks: the words are absolute paths, near results are
    accepted only with --torch, and hosts whose results in a row were proven have less recomputed.
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
    host, record = _whose(options.project, upload, ledger) if options.project else (None, "")
    begun = time.monotonic()
    classes: tuple[Agreement, ...] = ("exact", "near") if options.torch or not options.project else ("exact",)
    terms = Terms(classes, budget=options.budget, anew=options.recheck, host=host)
    passed = check(upload, ledger, Archived(ledger.data), terms)
    header, unit = passed.answer.result.header, passed.answer.unit
    when = f", in {time.monotonic() - begun:.1f} s" if passed.recomputed else ""
    return (
        f"valid, {unit.name}, {header.agreement}, by version {header.app_version}: {unit.size} cells "
        f"are consistent, {passed.words}{when}{record}"
    )


def _whose(project: Path, upload: Upload, ledger: Ledger) -> tuple[int | None, str]:
    """The host of an upload, if anybody can tell, and its record in words."""
    if upload.names is None:
        raise TryLater(f"{upload.path} has no name that BOINC gives, so nothing tells which work unit it has to answer")
    try:
        host = database.host(project, upload.names.result)
    except Unknown as why:
        return None, f"; the host is unknown: {why}"
    return host, f"; host {host} has {hosts.proven(ledger, host)} results in a row proven before"
