"""findings: what the data set says about every claim, as tables and plots."""

from __future__ import annotations

import argparse
from pathlib import Path

from kernels.experiments import EXPERIMENTS
from server_validator.commands.arguments import experiment

HELP = "print findings from the data set"


def arguments(parser: argparse.ArgumentParser) -> None:
    """[EXPERIMENT] [--plots DIR]."""
    parser.add_argument("experiment", nargs="?", metavar="EXPERIMENT", help="default: all that have data")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write plots there as PNG")


def run(options: argparse.Namespace) -> int:
    """Print the findings of an experiment, or without a name of all that have data."""
    from server_validator.dataset import query
    from server_validator.reporting import tables, terminal

    if options.experiment:
        rows = [experiment(options.experiment)]
    else:
        rows = [EXPERIMENTS[name] for name in query.assimilated(options.data)]
    console = terminal.console()
    for row in rows:
        table = query.load(options.data, row)
        tables.show(console, row, table)
        if options.plots:
            from server_validator.reporting import plots

            for path in plots.plot(options.plots, row, table):
                console.print(f"\nplot: {path}", highlight=False, markup=False)
    return 0
