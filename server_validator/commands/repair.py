"""repair: moves damaged and foreign files out of the data set, and writes their results anew from the archive."""

from __future__ import annotations

import argparse

from kernels.text import printable
from server_validator.errors import ComputeAgain
from server_validator.ledger import Ledger

HELP = "move damaged files out of the data set, and write them anew from the archive"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing: the archive has what is needed."""
    del parser


def run(options: argparse.Namespace) -> int:
    """Mend the data set, a line for each file; ComputeAgain with the work units whose results nothing has any more.

    Nothing is deleted.
    """
    from server_validator.dataset import mending

    with Ledger(options.data) as ledger:
        moved, missing = mending.repair(ledger)
    for damage, place in moved:
        print(printable(f"{damage.path}: {damage.why}; moved to {place}"))
    if missing:
        raise ComputeAgain(len(missing), ", ".join(one.result.name for one in missing))
    print("every file of the data set is sound, and has every result that is stored")
    return 0
