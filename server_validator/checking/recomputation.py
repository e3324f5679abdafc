"""Cells computed again, and whether a result says of them what they compute to."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from kernels.cells import CellResult
from kernels.engine.contract import EngineUnavailable
from kernels.engine.exact.engine import ExactEngine
from kernels.experiment import compute
from kernels.formats import result
from server_validator.checking.agreement import Said, difference
from server_validator.checking.reading import Answer
from server_validator.errors import TryLater


class Differs(Exception):
    """A cell is not what the result says, and in what it differs."""


def recompute(answer: Answer, drawn: Sequence[int], budget: float) -> dict[int, CellResult]:
    """Compute drawn cells again, the first always, others while less than `budget` seconds have gone; by number.

    Differs if one is not what the result says. The exact engine computes for near results too: those of
    another host's torch are as near to it as those of two hosts' torch to each other.
    """
    try:
        engine = ExactEngine()
    except EngineUnavailable as error:
        raise TryLater(f"the exact engine is missing here: {error}") from error
    unit, said = answer.unit, answer.said
    end = time.monotonic() + budget
    done: dict[int, CellResult] = {}
    for number in drawn:
        if done and time.monotonic() >= end:
            break
        cell = unit.cell(number)
        (computed,) = compute(unit.experiment, [cell], engine)
        metrics = {name: curve[None] for name, curve in computed.metrics.items()}
        digest = result.digest_of(b"".join(computed.digests), said.agreement)
        true = Said(metrics, np.frombuffer(digest, dtype=np.uint8)[None], said.agreement)
        if wrong := difference(unit.experiment, said.of([number]), true):
            raise Differs(f"{cell} differs in {wrong[1]}")
        done[number] = computed
    return done
