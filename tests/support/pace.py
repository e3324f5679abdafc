"""Work units of so many seconds on this machine, whatever its speed: each grid is measured once a run.

Processor time is measured and not wall time, so that a machine that is busy now and idle later does not end a work unit
before its turn comes. On a busy machine the same unit takes longer, which `waiting` allows.
"""

from __future__ import annotations

import functools
import math
import time
from dataclasses import replace

from kernels import limits
from kernels.experiments import EXPERIMENTS
from kernels.formats import workunit
from kernels.formats.workunit import Seeds, WorkUnit
from tests.kernels import tiny

TRIES = 2  # the fastest counts: what else runs makes a try slower, nothing makes it faster


def lasting(seconds: float, unit: WorkUnit) -> WorkUnit:
    """`unit` with as many seeds as keep one core of this machine busy for about so many seconds, as far as allowed."""
    count = math.ceil(seconds / _seconds_per_seed(workunit.encode(_with_seeds(unit, 1))))
    allowed = limits.CELLS // len(_with_seeds(unit, 1).cells)
    return _with_seeds(unit, min(count, allowed))


def _with_seeds(unit: WorkUnit, count: int) -> WorkUnit:
    return replace(unit, seeds=Seeds(unit.seeds.first, count))


@functools.cache
def _seconds_per_seed(unit_bytes: bytes) -> float:
    """Processor time that the exact engine takes for the one seed of a work unit, given by its file's bytes."""
    unit = workunit.decode(unit_bytes, "wu.json", EXPERIMENTS)
    taken = []
    for _ in range(TRIES):
        start = time.thread_time()
        tiny.computed(unit, "c")
        taken.append(time.thread_time() - start)
    return min(taken)
