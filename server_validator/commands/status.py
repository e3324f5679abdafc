"""status: where the work units of every experiment stand, and what of the data set is left aside."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from functools import partial

from server_validator.boinc import create_work
from server_validator.commands import make_work
from server_validator.ledger import Ledger, standing

HELP = "where the work units of every experiment stand"


def arguments(parser: argparse.ArgumentParser) -> None:
    """[--json]."""
    parser.add_argument("--json", action="store_true", help="as JSON, with the name of every unit that needs somebody")


def run(options: argparse.Namespace) -> int:
    """Print a line for each experiment and version, and what has to be done."""
    from server_validator.dataset import files, mending, provenance
    from server_validator.reporting import status, terminal

    with Ledger(options.data) as ledger:
        units, stored = standing.units(ledger), standing.stored(ledger)
    waiting = [file.stem for app in create_work.APPLICATIONS for file in make_work.waiting(options.data, app)]
    found = mending.look(options.data, stored)
    damaged = [damage.path for damage in found.damages]
    withdrawn = [source.path for source in provenance.withdrawn(options.data) if not isinstance(source, tuple)]
    whose = partial(files.whose, options.data)
    state = status.State(
        units, waiting, Counter(map(whose, damaged)), [*found.lost, *found.absent], Counter(map(whose, withdrawn))
    )
    if options.json:
        print(json.dumps(status.as_json(state)))
    else:
        status.show(terminal.console(), state)
    return 0
