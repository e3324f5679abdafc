"""findings: what the data set says about every claim, as tables and plots."""

from __future__ import annotations

import argparse
from pathlib import Path

from kernels.errors import UnknownExperiment
from kernels.experiments import EXPERIMENTS

HELP = "print findings from the data set"


def arguments(parser: argparse.ArgumentParser) -> None:
    """[EXPERIMENT] [--plots DIR]."""
    parser.add_argument("experiment", nargs="?", metavar="EXPERIMENT", help="default: all that have data")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write plots there as PNG")


def run(options: argparse.Namespace) -> int:
    """Print the findings of an experiment, or without a name of all that have data."""
    from server_validator.dataset import query
    from server_validator.reporting import tables, terminal

    if options.experiment and options.experiment not in EXPERIMENTS:
        raise UnknownExperiment(options.experiment, ", ".join(EXPERIMENTS))
    console = terminal.console()
    for name in [options.experiment] if options.experiment else query.assimilated(options.data):
        experiment = EXPERIMENTS[name]
        table = query.load(options.data, experiment)
        tables.show(console, experiment, table)
        if options.plots:
            from server_validator.reporting import plots

            for path in plots.plot(options.plots, experiment, table):
                console.print(f"\nplot: {path}", highlight=False, markup=False)
    return 0
