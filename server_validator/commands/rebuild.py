"""rebuild: makes the whole data set anew, from archive and ledger alone."""

from __future__ import annotations

import argparse

from server_validator.errors import NotInArchive
from server_validator.ledger import Ledger

HELP = "make the whole data set anew from archive and ledger"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing: the findings are the same before, meanwhile and afterwards."""
    del parser


def run(options: argparse.Namespace) -> int:
    """Write new files, then remove the old ones. NotInArchive, when all else is done."""
    from server_validator.dataset import mending, store

    with Ledger(options.data) as ledger:
        written, missing = mending.rebuild(ledger)
    print(f"{written} results written anew")
    if missing:
        raise NotInArchive(len(missing), store.told(missing))
    return 0
