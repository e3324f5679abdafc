"""The command make-wu: what is given out, entered in the ledger, and what BOINC's create_work must be told of it."""

from __future__ import annotations

import sys
from pathlib import Path

from kernels import atomic, limits, workunit
from kernels.cost import Cost, cost, default_units
from kernels.errors import TooManyCells, UnknownExperiment
from kernels.experiments import EXPERIMENTS
from kernels.workunit import WorkUnit
from server_validator import ledger


def run(data: Path, experiment: str, first: int, count: int | None, out: Path | None) -> None:
    """Issue so many seeds of an experiment as one work unit, or without a count as work units of the usual length.

    Written to `out`, numbered if several, or printed, a line each. The Failure if it cannot be, before it is issued.
    """
    if experiment not in EXPERIMENTS:
        raise UnknownExperiment(experiment, ", ".join(EXPERIMENTS))
    if count:
        version, seeds = EXPERIMENTS[experiment].version, workunit.Seeds(first, count)
        units = [WorkUnit(workunit.FORMAT, experiment, version, seeds)]
    else:
        units = default_units(experiment, first)
    for unit, file in zip(units, _outs(out, len(units)), strict=True):
        found, where = _issue(data, unit, file), f" in {file}" if len(units) > 1 and file else ""
        cells = len(workunit.cells(unit))
        print(f"{unit.name}{where}: {cells} cells, {found.operations / 1e12:.2f} TFLOP", file=sys.stderr)
        print(f"for create_work: {_bounds(found)}", file=sys.stderr)


def _issue(data: Path, unit: WorkUnit, out: Path | None) -> Cost:
    """Enter the work unit in the ledger and write it; its cost."""
    content = workunit.encode(unit)
    workunit.decode(content, "the work unit asked for")  # what a worker would refuse is not issued
    cells, found = len(workunit.cells(unit)), cost(unit)
    if found.result > limits.RESULT_BYTES:  # nor what the validator would refuse
        raise TooManyCells(cells, int(cells * limits.RESULT_BYTES / found.result))
    if ledger.issue(data, unit):
        print(f"axiom-server: a new ledger was made in {data}; it knows no seeds given out elsewhere", file=sys.stderr)
    if out:
        atomic.write(out, content)
    else:
        sys.stdout.write(content.decode())
    return found


def _outs(out: Path | None, count: int) -> list[Path | None]:
    """The file of each of so many work units: F itself if there is one, else F with a number before its suffix."""
    if out is None or count == 1:
        return [out] * count
    return [out.with_name(f"{out.stem}-{number}{out.suffix}") for number in range(1, count + 1)]


def _bounds(of: Cost) -> str:
    """What BOINC must know of a work unit, as options of its create_work, with room where it is a limit."""
    options = {
        "rsc_fpops_est": of.operations,
        "rsc_fpops_bound": 100 * of.operations,  # the client ends a task that takes longer: slow hosts must not meet it
        "rsc_memory_bound": 2 * of.memory,
        "rsc_disk_bound": 2 * of.disk + 64e6,  # the log, and what the client itself puts there
    }
    return " ".join(f"--{name} {value:.3g}" for name, value in options.items())
