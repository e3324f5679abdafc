"""withdraw: takes somebody's rows out of all findings, brings them back, or lists what was taken out."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kernels.experiments import EXPERIMENTS
from kernels.text import printable
from server_validator.commands.arguments import number
from server_validator.errors import DataDirectory, NoLedger, NoRows
from server_validator.ledger import Ledger

if TYPE_CHECKING:
    from server_validator.dataset.schema import Held

HELP = "take a host's, an upload's or a program version's rows out of all findings"


def arguments(parser: argparse.ArgumentParser) -> None:
    """[--host N | --upload NAME | --app-version V] [--undo]."""
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument("--host", type=number, metavar="N", help="all rows of this host, by BOINC's number of it")
    whose.add_argument("--upload", metavar="NAME", help="all rows of this uploaded file")
    whose.add_argument("--app-version", metavar="V", help="all rows that this version of the program computed")
    parser.add_argument("--undo", action="store_true", help="bring the rows back")


def run(options: argparse.Namespace) -> int:
    """Withdraw the results of whom the options name, those that come later too; without one list the withdrawn. NoRows.

    What was withdrawn for two reasons comes back when both are undone.
    """
    from server_validator.dataset import store, withdrawals
    from server_validator.dataset.withdrawals import Rule

    if not options.data.is_dir():
        raise DataDirectory(options.data, "there is no such folder")
    with contextlib.suppress(NoLedger), Ledger(options.data) as ledger:
        store.bring_in(ledger, EXPERIMENTS.values())
    withdrawn = withdrawals.read(options.data)
    chosen = {name: value for name in withdrawals.COLUMNS if (value := getattr(options, name)) is not None}
    if not chosen:
        if options.undo:
            print("axiom-server: withdraw --undo needs --host, --upload or --app-version", file=sys.stderr)
            return 2
        for one in _results(options.data):
            if withdrawn.covers(one):
                print(printable(str(one)))
        return 0
    ((name, value),) = chosen.items()
    rule = Rule(withdrawals.COLUMNS[name], value)
    held = list(_results(options.data))
    covered = [one for one in held if rule.covers(one)]
    entered = value in withdrawn.values.get(rule.column, ())
    if options.undo != entered or not (covered or entered):
        raise NoRows(options.data, "withdrawn" if options.undo else "kept", f"{name.replace('_', '-')} {value}")
    change, done = (withdrawals.cancel, "brought back") if options.undo else (withdrawals.enter, "withdrawn")
    change(options.data, rule)
    for one in covered:
        print(printable(f"{done}: {one}"))
    if unknown := sum(one.host_id is None for one in held) if name == "host" else 0:
        said = f"results that tell no host stay as they are: {unknown}; --upload chooses one"
        print(f"axiom-server: {said}", file=sys.stderr)
    print(f"{len(covered)} results with {sum(one.cells for one in covered)} cells {done}")
    return 0


def _results(data: Path) -> Iterator[Held]:
    """All results of the data set, each once; files of which nobody can tell are named."""
    from server_validator.dataset import compaction, files

    for group in files.groups(data):
        found = files.described(data, group)
        for path, why in found.unsound:
            print(printable(f"axiom-server: {path} is left as it is: {why}"), file=sys.stderr)
        for one in compaction.taken(found.sound):
            yield from one.held
