"""The experiment in CONTRIBUTING.md is one: it computes, resumes, is checked, costs what it says and answers."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from kernels import claims, plan
from kernels.cells import Cell, CellResult
from kernels.experiment import Experiment, compute
from tests.kernels import tiny
from tests.kernels.experiments.counting import CountingEngine

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def row() -> Experiment:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    names: dict[str, object] = {}
    exec(compile(code, "CONTRIBUTING.md", "exec"), names)
    found = names["EXPERIMENT"]
    assert isinstance(found, Experiment)
    return found


CELLS = [Cell(seed, {"depth": depth}) for depth in (1, 3) for seed in range(8)]


@pytest.fixture(scope="module")
def computed(row: Experiment) -> list[CellResult]:
    engine = tiny.engine("c")
    return [one for block in plan.blocks(row.course, CELLS, 1 << 20) for one in compute(row, block, engine)]


def test_it_computes_possible_values_the_same_in_any_block(row: Experiment, computed: list[CellResult]) -> None:
    stacked = {name: np.stack([one.metrics[name] for one in computed]) for name in row.metrics}
    for name, metric in row.metrics.items():
        assert np.all((stacked[name] >= metric.low) & (stacked[name] <= metric.high)), name
    assert row.contradiction(stacked, [one.cell.condition for one in computed]) is None
    (alone,) = compute(row, [computed[3].cell], tiny.engine("c"))
    assert alone.digests == computed[3].digests


def test_both_engines_agree_early(row: Experiment, computed: list[CellResult]) -> None:
    (torch,) = compute(row, [computed[0].cell], tiny.engine("torch"))
    for name, metric in row.metrics.items():
        assert np.abs(torch.metrics[name] - computed[0].metrics[name])[: row.early].max() <= metric.near[0]


def test_it_goes_on_from_the_middle(row: Experiment, computed: list[CellResult]) -> None:
    cells, engine = [one.cell for one in computed[:8]], tiny.engine("c")
    program = row.start(cells, engine)
    program.advance(program.work / 2)
    saved = {name: array.copy() for name, array in program.export().items()}
    program = row.start(cells, engine)
    program.restore(saved)
    while program.done < program.work:
        program.advance(program.work)
    assert [bytes(digest) for digest in program.export()["digests"][5]] == list(computed[5].digests)


def test_it_costs_what_it_says(row: Experiment) -> None:
    engine = CountingEngine()
    compute(row, CELLS[:1], engine)
    assert row.course.work(CELLS[0].condition) == pytest.approx(engine.operations, rel=0.2)


def test_its_claim_is_decided(row: Experiment, computed: list[CellResult]) -> None:
    table = claims.Table(
        np.array([one.cell.seed for one in computed]),
        {"depth": np.array([one.cell.condition["depth"] for one in computed])},
        {name: np.stack([one.metrics[name] for one in computed]) for name in row.metrics},
    )
    found = claims.estimate(row.claims[0].statistic(table))
    assert found.seeds == 8
    assert claims.verdict(found) != "undecided"
    assert list(claims.curve(table, row.curves[0])) == [1, 3]
