"""Which cells of a result are recomputed."""

from __future__ import annotations

import random


def draw(cells: int, count: int) -> list[int]:
    """`count` of so many cells, all alike probable; one invented cell of n escapes with probability 1 - count / n.

    Drawn after the upload, by the operating system's randomness: nobody can know it when the result is made.
    """
    return random.SystemRandom().sample(range(cells), min(count, cells))
