"""findings: what the data set says about every claim, as tables, plots or JSON, and what it leaves out."""

from __future__ import annotations

import argparse
import contextlib
import json
from typing import TYPE_CHECKING

from kernels.errors import Failure
from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS
from server_validator.commands.arguments import experiment, path
from server_validator.errors import NoLedger, NothingSound
from server_validator.ledger import Ledger, issued, standing, verdicts

if TYPE_CHECKING:
    from server_validator.dataset.query import Contents
    from server_validator.reporting.left_out import Missing

HELP = "print findings from the data set"


def arguments(parser: argparse.ArgumentParser) -> None:
    """[EXPERIMENT] [--plots DIR] [--json]."""
    parser.add_argument("experiment", nargs="?", metavar="EXPERIMENT", help="default: all that have data")
    parser.add_argument("--plots", type=path, metavar="DIR", help="write plots there as PNG")
    parser.add_argument("--json", action="store_true", help="as JSON, a line for each experiment")


def run(options: argparse.Namespace) -> int:
    """Print the findings of an experiment, or without a name of all that have data.

    Where one of several has no file that can be used, the others are printed first.
    """
    from server_validator.dataset import query

    if options.experiment:
        rows = [experiment(options.experiment)]
    else:
        rows = [EXPERIMENTS[name] for name in query.assimilated(options.data)]
    unusable: NothingSound | None = None
    with Ledger(options.data) as ledger:
        for row in rows:
            try:
                _show(options, row, ledger)
            except NothingSound as failure:
                unusable = unusable or failure
    if unusable:
        raise unusable
    return 0


def _show(options: argparse.Namespace, row: Experiment, ledger: Ledger) -> None:
    from server_validator.dataset import query
    from server_validator.reporting import findings_json, left_out, plots, tables, terminal

    revoked = _revoked(ledger)
    contents = query.load(options.data, row, revoked or ())
    absent = _absent(ledger, row)
    table, missing = contents.table, _missing(ledger, contents)
    pictures = plots.plot(options.plots, row, table) if options.plots else []
    if options.json:
        about = {
            "left_out": left_out.as_json(contents.left_out, missing, absent),
            "plots": [str(file) for file in pictures],
        }
        print(json.dumps({**findings_json.as_json(row, table), **about}))
        return
    console = terminal.console()
    said = left_out.sentences(contents.left_out, missing, len(set(table.seed.tolist())))
    if absent:
        said.append(f"no file is there any more of {', '.join(absent)}; axiom-server repair stores them anew")
    if revoked is None:
        said.append("there is no ledger: results that a later look found wrong are not left out")
    tables.show(console, row, table, said)
    for picture in pictures:
        console.print(f"\nplot: {picture}", highlight=False, markup=False)


def _revoked(ledger: Ledger) -> frozenset[bytes] | None:
    """The checksums of results that a later look found wrong; None where no ledger tells."""
    with contextlib.suppress(NoLedger):
        return verdicts.revoked(ledger)
    return None


def _absent(ledger: Ledger, row: Experiment) -> list[str]:
    """The work units that the ledger has as stored, and that have no file at all."""
    from server_validator.dataset import files

    with contextlib.suppress(NoLedger):
        return sorted(standing.stored(ledger, row.name, row.version) - files.named(files.folder(ledger.data, row)))
    return []


def _missing(ledger: Ledger, contents: Contents) -> list[Missing]:
    """Files that are not sound, with their work units as far as the ledger tells; but those whose cells came again."""
    from server_validator.dataset import files
    from server_validator.reporting.left_out import Missing

    missing = []
    for file, why in contents.left_out.unsound:
        name = files.unit_named(file)
        try:
            unit = issued.find_named(ledger, name) if name else None
        except Failure:  # without a ledger, or one that this program can read, findings are what they are
            unit = None
        if unit is None or not contents.has(unit):
            missing.append(Missing(file, why, unit))
    return missing
