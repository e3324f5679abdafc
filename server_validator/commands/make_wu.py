"""make-wu: gives out work units, enters them in the ledger, and says what BOINC's create_work must be told of them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kernels import streams
from kernels.cost import Cost, default_units
from kernels.formats import atomic, workunit
from kernels.formats.workunit import WorkUnit
from server_validator import issuing
from server_validator.boinc import create_work
from server_validator.commands.arguments import add_experiment, add_minutes, experiment, path, positive, seed
from server_validator.ledger import Ledger, issued

HELP = "issue a work unit"


def arguments(parser: argparse.ArgumentParser) -> None:
    """EXPERIMENT --first S [--count N | --minutes M] [--out F]."""
    add_experiment(parser)
    parser.add_argument("--first", type=seed, required=True, metavar="S", help="first seed")
    parser.add_argument(
        "--count", type=positive, metavar="N",
        help="number of seeds (default: as many as take --minutes; a longer seed becomes several work units)",
    )  # fmt: skip
    add_minutes(parser)
    parser.add_argument(
        "--out", type=path, metavar="F",
        help="file to write (default: standard output); several are numbered, F-1, F-2 ...",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Issue so many seeds of an experiment as one work unit, or without a count as work units of the usual length.

    Written to a file, numbered if several, or printed, a line each. The Failure if it cannot be, before it is issued.
    """
    row, first, count = experiment(options.experiment), options.first, options.count
    with Ledger(options.data) as ledger:
        pace = issuing.pace(ledger, row)
        units = (
            default_units(row, first, 60 * options.minutes, pace)
            if count is None
            else [WorkUnit(row, workunit.Seeds(first, count))]
        )
        for unit, file in zip(units, _files(options.out, len(units)), strict=True):
            unit_cost, where = _issue(ledger, unit, file), f" in {file}" if len(units) > 1 and file else ""
            print(f"{unit.name}{where}: {unit.size} cells, {unit_cost.operations / 1e12:.2f} TFLOP", file=sys.stderr)
            print(f"for create_work: {create_work.bounds(unit_cost, pace)}", file=sys.stderr)
    return 0


def _issue(ledger: Ledger, unit: WorkUnit, file: Path | None) -> Cost:
    """Enter the work unit in the ledger, but only if it can be written; its cost.

    A file comes under its name after the ledger has it: killed in between, the same command again brings it forth,
    while one that the ledger does not know would let the validator wait for ever.
    """
    content, unit_cost = issuing.checked(unit)
    if file is None:
        issued.issue(ledger, unit, lambda: streams.deliver(content.decode()))
    else:
        with atomic.staged(file, content):
            issued.issue(ledger, unit)
    return unit_cost


def _files(out: Path | None, count: int) -> list[Path | None]:
    """The file of each of so many work units: F itself if there is one, else F with a number before its suffix."""
    if out is None or count == 1:
        return [out] * count
    return [out.with_name(f"{out.stem}-{number}{out.suffix}") for number in range(1, count + 1)]
