"""Cells computed again, and whether a result says of them what they compute to."""

from __future__ import annotations

import time
from collections.abc import Sequence

from kernels import result
from kernels.engine.exact_engine import ExactEngine
from kernels.engine.exact_library import EngineUnavailable
from kernels.experiment import Cell, compute
from kernels.experiments import EXPERIMENTS
from kernels.result import CellRecord, Result
from server_validator.checking.agreement import difference
from server_validator.errors import RecomputationDiffers, TryLater


def recompute(checked: Result, cells: Sequence[Cell], drawn: Sequence[int], budget: float, name: str) -> list[int]:
    """Compute drawn cells again, the first always, others while less than `budget` seconds have gone; which ones.

    RecomputationDiffers if one is not what the result says. The exact engine computes for both classes: that of another
    host's torch is as near to it as two hosts' torch to each other.
    """
    try:
        engine = ExactEngine()
    except EngineUnavailable as error:
        raise TryLater(f"the exact engine is missing here: {error}") from error
    experiment, end = EXPERIMENTS[checked.experiment], time.monotonic() + budget
    done: list[int] = []
    for number in drawn:
        if done and time.monotonic() >= end:
            break
        (computed,) = compute(experiment, [cells[number]], engine)
        cell, metrics = computed.cell, {metric: result.pack(curve) for metric, curve in computed.metrics.items()}
        record = CellRecord(cell.seed, cell.condition, metrics, list(computed.digests))
        if wrong := difference(experiment, checked.cells[number], record, checked.engine):
            raise RecomputationDiffers(name, f"cell {cell.seed} {cell.condition} differs in {wrong}")
        done.append(number)
    return done
