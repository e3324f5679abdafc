"""Cells computed again, and whether a result says of them what they compute to."""

from __future__ import annotations

import time
from collections.abc import Sequence

from kernels.engine.contract import EngineUnavailable
from kernels.engine.exact.engine import ExactEngine
from kernels.experiment import compute
from kernels.formats import result
from kernels.formats.result import CellRecord
from server_validator.checking.agreement import difference
from server_validator.checking.reading import Answer
from server_validator.errors import TryLater


class Differs(Exception):
    """A cell is not what the result says, and in what it differs."""


def recompute(answer: Answer, drawn: Sequence[int], budget: float) -> list[int]:
    """Compute drawn cells again, the first always, others while less than `budget` seconds have gone; which ones.

    Differs if one is not what the result says. The exact engine computes for near results too: those of
    another host's torch are as near to it as those of two hosts' torch to each other.
    """
    try:
        engine = ExactEngine()
    except EngineUnavailable as error:
        raise TryLater(f"the exact engine is missing here: {error}") from error
    checked, experiment, cells = answer.result, answer.unit.experiment, answer.unit.cells
    end = time.monotonic() + budget
    done: list[int] = []
    for number in drawn:
        if done and time.monotonic() >= end:
            break
        (computed,) = compute(experiment, [cells[number]], engine)
        cell, metrics = computed.cell, {metric: result.pack(curve) for metric, curve in computed.metrics.items()}
        record = CellRecord(cell.seed, cell.condition, metrics, list(computed.digests))
        if wrong := difference(experiment, checked.cells[number], record, checked.agreement):
            raise Differs(f"cell {cell.seed} {cell.condition} differs in {wrong}")
        done.append(number)
    return done
