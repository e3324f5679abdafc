"""Statistics against plain loops over rows, in tables of any order with rows that are missing."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.arrays import F64
from kernels.claims import (
    Position,
    Table,
    averaged,
    best_rows,
    contrast,
    exchanged,
    measured,
    on_grid,
    paired,
    per_seed,
)

KIND, SIZE = ("none", "less", "more"), (1, 2, 8)
Where = dict[str, Position]


@dataclass(frozen=True)
class Row:
    seed: int
    kind: str
    size: int
    value: float

    def under(self, where: Where) -> bool:
        return all(getattr(self, axis) == value for axis, value in where.items())


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Cells of at most five seeds, a few missing or many, in any order. Few different values, so that ties are."""
    seeds = draw(st.lists(st.integers(0, 2**48 - 1), max_size=5, unique=True))
    cells = [*itertools.product(seeds, KIND, SIZE)]
    missing = draw(st.sets(st.sampled_from(cells), max_size=draw(st.sampled_from((0, 2, 20))))) if cells else set()
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    there = [Row(*cell, float(rng.integers(0, 6)) / 4) for cell in cells if cell not in missing]
    return [there[number] for number in rng.permutation(len(there))]


WHERE = st.fixed_dictionaries({}, optional={"kind": st.sampled_from((*KIND, "other")), "size": st.sampled_from(SIZE)})


def table(of: list[Row]) -> Table:
    return Table(
        np.array([row.seed for row in of], np.int64),
        {"kind": np.array([row.kind for row in of], object), "size": np.array([row.size for row in of], np.int64)},
        {"metric": np.array([[-1.0, row.value] for row in of], np.float32).reshape(-1, 2)},
    )


def slow_per_seed(of: list[Row], where: Where) -> dict[int, float]:
    gathered: dict[int, list[float]] = {}
    for row in of:
        if row.under(where):
            gathered.setdefault(row.seed, []).append(row.value)
    complete = max((len(values) for values in gathered.values()), default=0)
    return {seed: sum(gathered[seed]) / complete for seed in sorted(gathered) if len(gathered[seed]) == complete}


@settings(max_examples=200)
@given(of=rows(), where=WHERE, other=WHERE)
def test_values_of_seeds_and_contrasts_between_them(of: list[Row], where: Where, other: Where) -> None:
    cells, (low, high) = table(of), (slow_per_seed(of, under) for under in (where, other))
    found = per_seed(cells, cells.final("metric"), where)
    assert found.seeds.tolist() == list(low)
    assert found.values.tolist() == pytest.approx(list(low.values()))
    assert averaged(measured("metric"), where)(cells).tolist() == found.values.tolist()
    want = [high[seed] - low[seed] for seed in low if seed in high]
    assert contrast(measured("metric"), where, other)(cells).tolist() == pytest.approx(want)
    assert paired(found, per_seed(cells, cells.final("metric"), other)).tolist() == pytest.approx(want)


@settings(max_examples=200)
@given(of=rows(), kinds=st.permutations(KIND), size=st.integers(1, 3))
def test_grids_and_the_best_of_sweeps(of: list[Row], kinds: list[str], size: int) -> None:
    cells, sizes = table(of), SIZE[:size]
    known = {(row.seed, row.kind, row.size): row.value for row in of}
    swept = sorted({row.size for row in of})
    for grid in (sizes, swept):
        whole = [
            seed
            for seed in sorted({row.seed for row in of})
            if all((seed, kind, at) in known for kind in kinds for at in grid)
        ]
        want = [[[known[seed, kind, at] for at in grid] for kind in kinds] for seed in whole]
        if grid:
            found = on_grid(cells, cells.final("metric"), {"kind": kinds, "size": grid})
            assert found.shape == (len(whole), len(kinds), len(grid))
            assert found.tolist() == want
    best = best_rows(measured("metric"), "kind", kinds, "size")(cells)
    assert best.shape == (len(whole) if of else 0, len(kinds))
    for chosen, values in zip(best, want if of else [], strict=True):
        for row, kind, along in zip(chosen, kinds, values, strict=True):
            assert (of[row].kind, of[row].size) == (kind, swept[along.index(min(along))])


@settings(max_examples=100)
@given(seeds=st.integers(0, 6), kinds=st.integers(1, 4), drawn=st.integers(0, 99))
def test_what_groups_lose_by_the_kind_that_is_best_for_the_other(seeds: int, kinds: int, drawn: int) -> None:
    costs: F64 = np.random.default_rng(drawn).integers(0, 8, (seeds, 2, kinds)) / 8
    want = []
    for seed in range(seeds if seeds > 1 else 0):
        others = [[sum(costs[s, g, k] for s in range(seeds) if s != seed) for k in range(kinds)] for g in (0, 1)]
        best = [of.index(min(of)) for of in others]
        want.append(sum(costs[seed, g, best[1 - g]] - costs[seed, g, best[g]] for g in (0, 1)) / 2)
    assert exchanged(costs).tolist() == pytest.approx(want)
