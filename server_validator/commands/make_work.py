"""make-work: issues work units and gives them to BOINC, in one step that can be taken again where it was cut short.

A work unit that is issued lies in the data directory's folder `to-submit`, as <application>/<name>.json, until BOINC
has it. Each run begins with what an earlier one left there.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from kernels.cost import cost, default_units
from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS
from kernels.formats import atomic, workunit
from kernels.refusals import cannot_write
from server_validator import issuing
from server_validator.boinc import create_work
from server_validator.commands.arguments import add_experiment, add_minutes, experiment, path, positive, seed
from server_validator.ledger import Ledger, issued, standing

HELP = "issue work units and give them to BOINC"
_QUEUE = "to-submit"


def arguments(parser: argparse.ArgumentParser) -> None:
    """EXPERIMENT --project DIR [--units N] [--minutes M] [--first S | --again] [--app NAME]."""
    add_experiment(parser)
    parser.add_argument("--project", type=path, required=True, metavar="DIR", help="the BOINC project's folder")
    parser.add_argument(
        "--units", type=positive, metavar="N",
        help="how many work units (default: 1; with --again all); "
        "the parts of a longer seed stay together",
    )  # fmt: skip
    add_minutes(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--first", type=seed, metavar="S", help="first seed (default: the first that is free)")
    which.add_argument(
        "--again", action="store_true", help="no new seeds, but the work units that were given up, lost or revoked"
    )
    parser.add_argument(
        "--app", choices=create_work.APPLICATIONS, default="axiom", help="BOINC's application (default: axiom)"
    )


def run(options: argparse.Namespace) -> int:
    """Submit what an earlier run left, then so many new work units, a line each. The first failure ends it."""
    row = experiment(options.experiment)
    with Ledger(options.data) as ledger, _alone(ledger):
        for application in create_work.APPLICATIONS:
            for file in waiting(options.data, application):
                if _is_issued(ledger, file):
                    _submit(ledger, options.project, application, file)
        files = _again(ledger, options, row) if options.again else _new(ledger, options, row)
        for file in files:
            _submit(ledger, options.project, options.app, file)
    return 0


@contextlib.contextmanager
def _alone(ledger: Ledger) -> Iterator[None]:
    """Of two that run at once the second waits, for both would submit the same files. NoLedger, CannotWrite."""
    with ledger.reading():  # first of all, so that a wrong directory stays as it is
        pass
    descriptor = os.open(_folder(ledger.data / _QUEUE), os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("axiom-server: another make-work is at it; this one waits for its end", file=sys.stderr, flush=True)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _new(ledger: Ledger, options: argparse.Namespace, row: Experiment) -> Iterator[Path]:
    """Issue so many work units of new seeds, one at a time; the file of each among those that wait."""
    wanted, made = options.units or 1, 0
    first = issued.first_free(ledger, row) if options.first is None else options.first
    place, pace = _folder(ledger.data / _QUEUE / options.app), issuing.pace(ledger, row)
    while made < wanted:
        units = default_units(row, first, 60 * options.minutes, pace)
        for unit in units:
            file, (content, _) = place / f"{unit.name}.json", issuing.checked(unit)
            issued.issue(ledger, unit, partial(atomic.write, file, content))
            yield file
        made, first = made + len(units), units[-1].seeds.last + 1


def _again(ledger: Ledger, options: argparse.Namespace, row: Experiment) -> Iterator[Path]:
    """Issue what is given up, lost or revoked under a new name, as `_new` does."""
    units = [
        unit
        for unit in standing.units(ledger, row.name)
        if unit.standing in standing.AGAIN and unit.version == row.version
    ]
    place = _folder(ledger.data / _QUEUE / options.app)
    for unit in units[: options.units]:
        body = issued.find(ledger, unit.digest)
        assert body is not None, "the ledger has just named it"
        name = standing.reissue(ledger, unit.name, partial(_write, place, workunit.encode(body)))
        yield place / f"{name}.json"


def waiting(data: Path, application: str) -> list[Path]:
    """The files of work units that are issued and that BOINC may not have yet."""
    return sorted((data / _QUEUE / application).glob("*.json"))


def _folder(folder: Path) -> Path:
    """A folder of what waits, which is there then. CannotWrite."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    return folder


def _write(place: Path, content: bytes, name: str) -> None:
    atomic.write(place / f"{name}.json", content)


def _is_issued(ledger: Ledger, file: Path) -> bool:
    """Whether a file that waits is in the ledger, for the disk may have been full between the two.

    New seeds are entered now. A name for giving something out again is dropped: the work unit stands as before.
    """
    unit = workunit.read(file, EXPERIMENTS)
    if file.stem == unit.name:
        issued.issue(ledger, unit)
    elif issued.find_named(ledger, file.stem) is None:
        file.unlink()
        return False
    return True


def _submit(ledger: Ledger, project: Path, application: str, file: Path) -> None:
    """Give a work unit that waits to BOINC, and let it wait no longer."""
    unit, name = workunit.read(file, EXPERIMENTS), file.stem
    unit_cost, pace = cost(unit), issuing.pace(ledger, unit.experiment)
    new = create_work.submit(project, application, name, workunit.encode(unit), unit_cost, pace)
    file.unlink()
    told = f"{unit.size} cells, {unit_cost.operations / 1e12:.2f} TFLOP"
    print(f"{name}: {told}, {'submitted' if new else 'BOINC had it already'} as {application}", flush=True)
