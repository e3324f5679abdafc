"""status: where the work units of every experiment stand, and what of the data set is left aside."""

from __future__ import annotations

import argparse
import json
from collections import Counter

from server_validator.boinc import create_work
from server_validator.commands import make_work
from server_validator.ledger import Ledger, returned, standing, taken_back

HELP = "where the work units of every experiment stand"


def arguments(parser: argparse.ArgumentParser) -> None:
    """[--json]."""
    parser.add_argument("--json", action="store_true", help="as JSON, with the name of every unit that needs somebody")


def run(options: argparse.Namespace) -> int:
    """Print a line for each experiment and version, and what has to be done."""
    from server_validator.dataset import compaction, files, mending, withdrawals
    from server_validator.reporting import status, terminal

    with Ledger(options.data) as ledger:
        units, stored = standing.units(ledger), standing.stored(ledger)
        taken, owing = taken_back.listed(ledger), len(returned.owing(ledger))
    waiting = [file.stem for app in create_work.APPLICATIONS for file in make_work.waiting(options.data, app)]
    found, withdrawn = mending.look(options.data, stored), withdrawals.read(options.data)
    withdrawals_of = Counter(
        group
        for group in files.groups(options.data)
        for one in compaction.taken(files.described(options.data, group).sound)
        for held in one.held
        if withdrawn.covers(held)
    )
    state = status.State(
        units, waiting, Counter(damage.group for damage in found.damages), [one.name for one in found.lost],
        withdrawals_of, taken, owing,
    )  # fmt: skip
    if options.json:
        print(json.dumps(status.as_json(state)))
    else:
        status.show(terminal.console(), state)
    return 0
