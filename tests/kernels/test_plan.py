"""Blocks: every cell once, shapes apart, as wide as the cache allows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kernels import plan
from kernels.cells import Cell
from kernels.experiments import EXPERIMENTS
from kernels.experiments.compgen import network
from tests.kernels import tiny

COMPGEN = EXPERIMENTS["compgen"]
EVERYTHING = tiny.unit(0, 5, width=[32, 64, 128, 256], depth=[1, 2], learning_rate=[0.01, 0.02, 0.05])


def identities(cells: list[Cell]) -> list[tuple[object, ...]]:
    return sorted((cell.seed, *cell.condition.values()) for cell in cells)


@given(cache=st.integers(1, 1 << 26), data=st.data())
def test_every_cell_is_in_one_block_with_cells_of_its_shape(cache: int, data: st.DataObject) -> None:
    cells = EVERYTHING.cells
    cells = data.draw(st.permutations(cells))[: data.draw(st.integers(1, len(cells)))]
    blocks = plan.blocks(COMPGEN.course, cells, cache)
    assert identities([cell for block in blocks for cell in block]) == identities(cells)
    for block in blocks:
        assert len({COMPGEN.course.shape(cell.condition) for cell in block}) == 1
        assert 1 <= len(block) <= COMPGEN.course.width(block[0].condition, cache)
        assert [cell.seed for cell in block] == sorted(cell.seed for cell in block)


def test_blocks_are_no_smaller_than_they_must_be() -> None:
    cells = EVERYTHING.cells
    assert len(plan.blocks(COMPGEN.course, cells, 1 << 40)) == 8, "one per shape"
    assert len(plan.blocks(COMPGEN.course, cells, 1)) == len(cells)


def test_a_block_fits_the_cache() -> None:
    cache = 1 << 20
    for block in plan.blocks(COMPGEN.course, EVERYTHING.cells, cache):
        assert len(block) == 1 or len(block) * 8 * network(block[0].condition).parameters <= cache


def test_a_split_keeps_the_order() -> None:
    cells = EVERYTHING.cells[:10]
    assert [[cells.index(c) for c in block] for block in plan.split(cells, [3, 1, 6])] == [
        [0, 1, 2], [3], [4, 5, 6, 7, 8, 9],
    ]  # fmt: skip
