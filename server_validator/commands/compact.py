"""compact: writes what waits into the data set's files, and joins small files into large ones."""

from __future__ import annotations

import argparse

from kernels.experiments import EXPERIMENTS
from server_validator.errors import NotInArchive
from server_validator.ledger import Ledger

HELP = "write stored results into the data set's files, and join small files"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing: it is for a crontab."""
    del parser


def run(options: argparse.Namespace) -> int:
    """Print a line for each experiment whose files change. NotInArchive, after everything else is done."""
    from server_validator.dataset import compaction, files, lock, store

    missing = []
    with Ledger(options.data) as ledger, lock.changing(options.data):
        files.remove(files.leftovers(options.data))
        for experiment in EXPERIMENTS.values():
            waited = len(store.waiting(ledger, (experiment.name, experiment.version)))
            lacking = store.write_waiting(ledger, experiment) if waited else []
            went, came = compaction.join(options.data, experiment)
            missing += lacking
            if waited or went:
                written = f"{waited - len(lacking)} results written"
                print(f"{experiment.name} version {experiment.version}: {written}; {went} files became {came}")
    if missing:
        raise NotInArchive(len(missing), store.told(missing))
    return 0
