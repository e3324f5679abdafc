"""From a work unit's cells to blocks: cells of one shape, as many as fit the cache and a modest part of the memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from kernels.cells import Cell
from kernels.programs.program import Course

BLOCK_BYTES = 64e6  # of a block with more than one cell: what four tasks take at once stays small beside 2 GB


def blocks(course: Course, cells: Sequence[Cell], cache: int) -> list[list[Cell]]:
    """The cells in blocks of one shape, each as wide as `cache` bytes allow; which cells share a block changes speed.

    Within a shape cells are ordered by seed, so that a block needs few seeds' data. Data and the orders of samples need
    not fit the cache, but all together BLOCK_BYTES.
    """
    shapes: dict[object, list[Cell]] = {}
    for cell in cells:
        shapes.setdefault(course.shape(cell.condition), []).append(cell)
    return [block for members in shapes.values() for block in _blocks(course, members, cache)]


def _blocks(course: Course, members: Sequence[Cell], cache: int) -> Iterator[list[Cell]]:
    width, memory = course.width(members[0].condition, cache), course.memory
    block: list[Cell] = []
    held = 0.0  # bytes
    for cell in sorted(members, key=lambda cell: cell.seed):
        footprint = memory(cell.condition)
        new_seed = not block or block[-1].seed != cell.seed
        if block and (len(block) == width or held + footprint.cell + new_seed * footprint.seed > BLOCK_BYTES):
            yield block
            block, held, new_seed = [], 0.0, True
        block.append(cell)
        held += footprint.cell + new_seed * footprint.seed
    yield block


def split(ordered: Sequence[Cell], widths: Sequence[int]) -> list[list[Cell]]:
    """Consecutive cells in blocks of the given widths."""
    starts = [0, *itertools.accumulate(widths)]
    return [list(ordered[start:end]) for start, end in itertools.pairwise(starts)]
