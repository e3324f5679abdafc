"""Whether a result is believed: strict decode, match with its work unit, consistency, recomputation of drawn cells."""

from __future__ import annotations

import errno
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kernels import result, workunit
from kernels.engine.exact_engine import ExactEngine
from kernels.engine.exact_library import EngineUnavailable
from kernels.engine.seam import F32, F64, Engine, EngineClass
from kernels.errors import CannotRead, DataDirectory, NotIssued, RecomputationDiffers, TryLater
from kernels.experiment import Cell, CellResult, Experiment, Metric, compute
from kernels.experiments import EXPERIMENTS
from kernels.result import CellRecord, Result
from server_validator import ledger

RECOMPUTED = 2
"""Cells recomputed per result: one invented cell of n passes with probability 1 - 2 / n, all invented ones never."""

_NO_SUCH_FILE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG)
"""What is wrong with the upload itself; any other trouble with reading is the server's."""

LINEAR_ALGEBRA = 1e-6  # relative difference allowed to metrics that pass through linear algebra


@dataclass(frozen=True)
class Verdict:
    """A result that passed: its work unit, and which cells were recomputed."""

    unit: workunit.WorkUnit
    recomputed: Sequence[Cell]


def validate(path: Path, data: Path, recomputed: int = RECOMPUTED) -> Verdict:
    """Check a result file against the ledger in `data`; a Failure that says what is wrong, or a verdict."""
    try:
        found, unit = read(path, data)
    except DataDirectory as error:  # BOINC takes every code but 0 and 3 for an invalid result
        raise TryLater(f"{path}: {error}") from error
    except CannotRead as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno not in _NO_SUCH_FILE:
            raise TryLater(error) from error
        raise
    # Drawn now, by the operating system's randomness: nobody can know it when the result is made.
    drawn = random.SystemRandom().sample(range(len(found.cells)), min(recomputed, len(found.cells)))
    cells = workunit.cells(unit)
    for number in drawn:
        recompute(found, number, cells[number], str(path))
    return Verdict(unit, [cells[number] for number in drawn])


def read(path: Path, data: Path) -> tuple[Result, workunit.WorkUnit]:
    """A result and its work unit, checked in everything but recomputation."""
    found = result.read(path)
    unit = ledger.find(data, found.workunit)
    if unit is None:
        raise NotIssued(path, f"digest {found.workunit.hex()}")
    result.check(found, unit, str(path))
    return found, unit


def recompute(found: Result, number: int, cell: Cell, name: str) -> None:
    """RecomputationDiffers unless the cell, computed again alone, is what the result's record `number` says."""
    experiment = EXPERIMENTS[found.experiment]
    (mine,) = compute(experiment, [cell], _engine(found.engine))
    wrong = difference(experiment, found.cells[number], mine, found.engine)
    if wrong:
        raise RecomputationDiffers(name, f"cell {cell.seed} {cell.condition} differs in {wrong}")


def difference(experiment: Experiment, theirs: CellRecord, mine: CellResult, kind: EngineClass) -> str | None:
    """What of a cell is not what recomputing it gives, or None. Class exact: its digests; torch: within tolerances."""
    if kind == "exact" and theirs.digests != list(mine.digests):
        return "the digest of its state"
    for name, metric in experiment.metrics.items():
        apart = np.abs(result.unpack(theirs.metrics[name]).astype(np.float64) - mine.metrics[name])
        if np.any(apart > _allowed(experiment, metric, mine.metrics[name], kind)):
            return name
    return None


def _allowed(experiment: Experiment, metric: Metric, mine: F32, kind: EngineClass) -> F64:
    """The largest differences [measurements] allowed."""
    if kind == "torch":
        return np.where(np.arange(len(mine)) < experiment.early, metric.early, metric.late)
    return np.zeros(len(mine)) if metric.exact else LINEAR_ALGEBRA * np.abs(mine.astype(np.float64))


def _engine(kind: EngineClass) -> Engine:
    """The engine that recomputes results of a class; TryLater if this server lacks it, which no result can help."""
    try:
        if kind == "exact":
            return ExactEngine()
        # Imported here: loading torch takes seconds, and most results need none.
        from kernels.engine.torch_engine import TorchEngine

        return TorchEngine()
    except (EngineUnavailable, ImportError) as error:
        raise TryLater(f"the {kind} engine is missing here: {error}") from error
