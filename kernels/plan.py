"""From a work unit's cells to blocks: cells of one shape, as many as fit the cache."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from kernels.cells import Cell
from kernels.programs.program import Course


def blocks(course: Course, cells: Sequence[Cell], cache: int) -> list[list[Cell]]:
    """The cells in blocks of one shape, each as wide as `cache` bytes allow; which cells share a block changes speed.

    Within a shape cells are ordered by seed, so that a block needs few seeds' data.
    """
    shapes: dict[object, list[Cell]] = {}
    for cell in cells:
        shapes.setdefault(course.shape(cell.condition), []).append(cell)
    widths, ordered = [], []
    for members in shapes.values():
        width = course.width(members[0].condition, cache)
        widths += [min(width, len(members) - at) for at in range(0, len(members), width)]
        ordered += sorted(members, key=lambda cell: cell.seed)
    return split(ordered, widths)


def split(ordered: Sequence[Cell], widths: Sequence[int]) -> list[list[Cell]]:
    """Consecutive cells in blocks of the given widths."""
    starts = [0, *itertools.accumulate(widths)]
    return [list(ordered[start:end]) for start, end in itertools.pairwise(starts)]
