"""audit: proves or refuses what no upload will any more, and takes credit back; to be run by cron."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from kernels.text import printable
from server_validator.boinc import credit, names
from server_validator.boinc.project import Unknown
from server_validator.checking.audit import audit
from server_validator.commands.archived import Archived
from server_validator.commands.arguments import add_project, number
from server_validator.errors import AuditIncomplete, TryLater
from server_validator.ledger import Ledger, taken_back
from server_validator.ledger.taken_back import Taken

HELP = "prove or refuse results that wait for it, and take back credit for what was wrong"
_DAY = 86400.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """[--project DIR] [--days N]."""
    add_project(parser)
    parser.add_argument(
        "--days", type=number, default=7, metavar="N",
        help="close spans whose first result has waited for N days (default: 7); 0, as before an upgrade: all",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Look at all that waits, a line each, then tell what was taken back of whom; AuditIncomplete if anything is left.

    With the folder of a BOINC project the credit of what was taken back is subtracted in its database.
    """
    from server_validator.reporting import taken

    left: list[str] = []
    with Ledger(options.data) as ledger:
        for look in audit(ledger, Archived(options.data), time.time() - _DAY * options.days):
            try:
                print(printable(look()))
            except TryLater as failure:
                print(printable(f"axiom-server: {failure}"), file=sys.stderr)
                left.append("results that could not be looked at")
        unsettled = [result for result in taken_back.listed(ledger) if result.credit is None]
        left += filter(None, [_settle(ledger, result, options.project) for result in unsettled])
        for sentence in taken.sentences(taken_back.listed(ledger)):
            print(printable(sentence))
    if left:
        raise AuditIncomplete(len(left), ", ".join(sorted(set(left))))
    return 0


def _settle(ledger: Ledger, result: Taken, project: Path | None) -> str | None:
    """Take back the credit of a result; why it could not be done."""
    known = names.upload(Path(result.upload)).names
    if known is None:
        raise TryLater(f"{result.upload} is no name that BOINC gives")
    if project is None:
        return "credit that needs --project"
    try:
        done = credit.take_back(project, known.result)
    except Unknown as why:
        return f"credit: {why}"
    if done.state == "pending":
        return "credit on which BOINC has not decided yet"
    if done.state == "gone":
        print(printable(f"{known.result} is not in BOINC's database any more: its credit stays"))
    taken_back.settle(ledger, result, done.amount)
    return None
