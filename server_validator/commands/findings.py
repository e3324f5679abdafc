"""findings: what the data set says about every claim, as tables, plots or JSON, and what it leaves out."""

from __future__ import annotations

import argparse
import contextlib
import json

from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS
from server_validator.commands.arguments import experiment, path
from server_validator.errors import NoLedger, NothingSound
from server_validator.ledger import Ledger

HELP = "print findings from the data set"


def arguments(parser: argparse.ArgumentParser) -> None:
    """[EXPERIMENT] [--near] [--plots DIR] [--json]."""
    parser.add_argument("experiment", nargs="?", metavar="EXPERIMENT", help="default: all that have data")
    parser.add_argument(
        "--near", action="store_true",
        help="count near results too, whose numbers a host could have moved within the tolerances",
    )  # fmt: skip
    parser.add_argument("--plots", type=path, metavar="DIR", help="write plots there as PNG")
    parser.add_argument("--json", action="store_true", help="as JSON, a line for each experiment")


def run(options: argparse.Namespace) -> int:
    """Print the findings of an experiment, or without a name of all that have data.

    Stored results that wait are written to the data set first. Where one of several experiments has nothing that can
    be used, the others are printed first.
    """
    from server_validator.dataset import query, store

    unusable: NothingSound | None = None
    with Ledger(options.data) as ledger:
        asked = [experiment(options.experiment)] if options.experiment else list(EXPERIMENTS.values())
        with contextlib.suppress(NoLedger):
            store.bring_in(ledger, asked)
        for row in asked if options.experiment else [EXPERIMENTS[name] for name in query.assimilated(options.data)]:
            try:
                _show(options, row, ledger)
            except NothingSound as failure:
                unusable = unusable or failure
    if unusable:
        raise unusable
    return 0


def _show(options: argparse.Namespace, row: Experiment, ledger: Ledger) -> None:
    from server_validator.reporting import findings_json, tables, terminal
    from server_validator.reporting.gathering import gather

    gathered, pictures = gather(options.data, row, ledger, options.near), []
    if options.plots:
        from server_validator.reporting import plots

        pictures = plots.plot(options.plots, gathered.findings)
    if options.json:
        about = {
            "agreement": ["exact", "near"] if gathered.near else ["exact"],
            "hosts": len(gathered.hosts),
            "left_out": gathered.left_out,
            "plots": [str(file) for file in pictures],
        }
        print(json.dumps({**findings_json.as_json(gathered.findings), **about}))
        return
    console = terminal.console()
    tables.show(console, gathered.findings, [*gathered.rests_on, *gathered.sentences])
    for picture in pictures:
        console.print(f"\nplot: {picture}", highlight=False, markup=False)
