"""Cells computed again, and whether a result says of them what they compute to."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import numpy as np

from kernels import result
from kernels.engine.exact_engine import ExactEngine
from kernels.engine.exact_library import EngineUnavailable
from kernels.engine.seam import F64, EngineClass
from kernels.errors import RecomputationDiffers, TryLater
from kernels.experiment import Cell, Experiment, Metric, compute
from kernels.experiments import EXPERIMENTS
from kernels.result import CellRecord, Result

LINEAR_ALGEBRA = 1e-6  # relative difference allowed to metrics that pass through linear algebra


def draw(cells: int, count: int) -> list[int]:
    """`count` of so many cells, all alike probable; one invented cell of n escapes with probability 1 - count / n.

    Drawn after the upload, by the operating system's randomness: nobody can know it when the result is made.
    """
    return random.SystemRandom().sample(range(cells), min(count, cells))


def recompute(found: Result, cells: Sequence[Cell], drawn: Sequence[int], budget: float, name: str) -> list[int]:
    """Compute drawn cells again, the first always, others while less than `budget` seconds have gone; which ones.

    RecomputationDiffers if one is not what the result says. The exact engine computes for both classes: that of another
    host's torch is as near to it as two hosts' torch to each other.
    """
    try:
        engine = ExactEngine()
    except EngineUnavailable as error:
        raise TryLater(f"the exact engine is missing here: {error}") from error
    experiment, end = EXPERIMENTS[found.experiment], time.monotonic() + budget
    done: list[int] = []
    for number in drawn:
        if done and time.monotonic() >= end:
            break
        (mine,) = compute(experiment, [cells[number]], engine)
        metrics = {metric: result.pack(curve) for metric, curve in mine.metrics.items()}
        record = CellRecord(mine.cell.seed, mine.cell.condition, metrics, list(mine.digests))
        if wrong := difference(experiment, found.cells[number], record, found.engine):
            raise RecomputationDiffers(name, f"cell {mine.cell.seed} {mine.cell.condition} differs in {wrong}")
        done.append(number)
    return done


def difference(experiment: Experiment, one: CellRecord, other: CellRecord, kind: EngineClass) -> str | None:
    """What of a cell two results do not agree in, or None. Class exact: by digest; torch: within tolerances.

    The first digest is of the state before training, which both classes have bit for bit.
    """
    digests = slice(None) if kind == "exact" else slice(1)
    if one.digests[digests] != other.digests[digests]:
        return "the digest of its state"
    for name, metric in experiment.metrics.items():
        if kind == "exact" and metric.exact:
            if one.metrics[name].data != other.metrics[name].data:  # the sign of a zero counts as well
                return name
            continue
        mine, theirs = (result.unpack(record.metrics[name]).astype(np.float64) for record in (one, other))
        if not np.all(np.abs(mine - theirs) <= _allowed(experiment, metric, mine, kind)):  # NaN is no agreement
            return name
    return None


def _allowed(experiment: Experiment, metric: Metric, values: F64, kind: EngineClass) -> F64:
    """The largest differences [measurements] allowed, to a metric that need not be the same bits."""
    if kind == "torch":
        return np.where(np.arange(len(values)) < experiment.early, metric.early, metric.late)
    return LINEAR_ALGEBRA * np.abs(values)
