"""report: all findings as one page for people, and what changed since the last one."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kernels.experiments import EXPERIMENTS
from kernels.formats import atomic
from kernels.text import one_line, printable
from server_validator.commands.arguments import path
from server_validator.errors import NoLedger, NothingSound
from server_validator.ledger import Ledger

if TYPE_CHECKING:
    from server_validator.reporting.alarms import Alarm
    from server_validator.reporting.gathering import Gathered

HELP = "write all findings as one page of HTML, with what changed since the last one"


def arguments(parser: argparse.ArgumentParser) -> None:
    """--out FILE [--near]."""
    parser.add_argument("--out", type=path, required=True, metavar="FILE", help="the page, a file that needs no other")
    parser.add_argument("--near", action="store_true", help="results count too that are not bit-exact")


def run(options: argparse.Namespace) -> int:
    """Write the page; then keep its numbers in the data directory, for the next one to be compared with.

    Stored results that wait are written to the data set first. Where one of several experiments has nothing that can be
    used, the page says so, and the command ends as `findings`.
    """
    from server_validator.dataset import query, store
    from server_validator.reporting import alarms
    from server_validator.reporting.alarms import Alarm
    from server_validator.reporting.gathering import gather

    try:
        made = _day(os.environ.get("SOURCE_DATE_EPOCH"))
    except ValueError as error:
        print(f"axiom-server: SOURCE_DATE_EPOCH is no time in seconds: {one_line(error)}; correct it", file=sys.stderr)
        return 2
    found: list[Gathered] = []
    said: list[Alarm] = []
    unusable: NothingSound | None = None
    with Ledger(options.data) as ledger:
        with contextlib.suppress(NoLedger):
            store.bring_in(ledger, EXPERIMENTS.values())
        for name in query.assimilated(options.data):
            try:
                found.append(gather(options.data, EXPERIMENTS[name], ledger, options.near))
                said += alarms.of(found[-1])
            except NothingSound as failure:
                said.append(Alarm("unusable", name, str(failure)))
                unusable = unusable or failure
    if found:
        _write(options, found, said, made)
    if unusable:
        raise unusable
    return 0


def _write(options: argparse.Namespace, found: list[Gathered], said: list[Alarm], made: str | None) -> None:
    """The page, and after it the numbers: whoever is killed in between compares the next page with the same ones."""
    from server_validator.reporting import numbers, report
    from server_validator.reporting.html.page import page

    kept = options.data / ("report-near.json" if options.near else "report.json")
    now = numbers.kept(_latest(found), found, said)
    try:
        before = numbers.before(kept, now)
        why = "This is the first report."
    except numbers.Unreadable as error:
        before, why = None, f"The last report's numbers cannot be read: {error}. This one's take their place."
        print(printable(f"axiom-server: {kept} is left out and replaced: {error}"), file=sys.stderr)
    composed = report.compose(found, said, now, before, why, made, options.near)
    atomic.write_beside_others(options.out, page(composed).encode())
    numbers.write(kept, now, before)
    print(printable(f"{options.out}: findings of {', '.join(one.findings.experiment.name for one in found)}"))


def _latest(found: list[Gathered]) -> str:
    """The day of the newest data, in UTC."""
    return datetime.fromtimestamp(max(one.newest for one in found), UTC).date().isoformat()


def _day(seconds: str | None) -> str | None:
    """The day of SOURCE_DATE_EPOCH, by which builds that can be repeated are told theirs. ValueError."""
    if not seconds:
        return None
    try:
        return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
    except (OverflowError, OSError) as error:
        raise ValueError(seconds) from error
