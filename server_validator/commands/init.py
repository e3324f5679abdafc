"""init: the ledger of a new data directory, which no other command makes."""

from __future__ import annotations

import argparse

from server_validator.ledger import create

HELP = "make the ledger of a new data directory"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing: the directory is that of --data."""
    del parser


def run(options: argparse.Namespace) -> int:
    """Make the ledger; where there is one it stays as it is."""
    if create(options.data):
        print(f"{options.data}: a new ledger, which knows no seeds given out elsewhere")
    else:
        print(f"{options.data}: has a ledger, which stays as it is")
    return 0
