"""Which cells are recomputed: drawn by their work and by the operating system's randomness, after the upload."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Sequence

import numpy as np

from kernels.arrays import F64
from kernels.formats.workunit import WorkUnit


def work(unit: WorkUnit) -> F64:
    """The floating-point operations of each of a work unit's cells [cells]."""
    course = unit.experiment.course
    return np.repeat([course.work(condition) for condition in unit.conditions], unit.seeds.count)


def dear(unit: WorkUnit) -> float:
    """The part of a work unit's work that a cell of it takes which is drawn by its work, on average."""
    of_conditions = np.array([unit.experiment.course.work(condition) for condition in unit.conditions])
    return float(np.square(of_conditions).sum() / (of_conditions.sum() ** 2 * unit.seeds.count))


def draw(work: F64, count: int) -> list[int]:
    """`count` different cells of so much work [cells], or all, each drawn by its share of the work of those left.

    Of cells that wait for exponential times at the rates of their work, the first ones to come are those that are
    drawn one after the other without putting back (Efraimidis and Spirakis, Information Processing Letters 97, 2006).
    Forged cells with the share F of all work escape with probability (1 - F) ** count at most: docs/attacks.md.
    """
    uniform = ((np.frombuffer(os.urandom(8 * len(work)), np.uint64) >> np.uint64(11)) + 0.5) * 2.0**-53
    waits = -np.log(uniform) / work
    first = np.argpartition(waits, count - 1)[:count] if count < len(waits) else np.arange(len(waits))
    return [int(number) for number in first[np.argsort(waits[first])]]


def among(works: Sequence[float], count: int) -> Counter[int]:
    """How many of `count` cells to draw of each of several results of so much work, where any are.

    With `draw` that is a drawing over all cells of all of them, whose forged ones escape as said there.
    """
    return Counter(random.SystemRandom().choices(range(len(works)), works, k=count))
