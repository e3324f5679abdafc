"""True results of small work units: cheap cells of every experiment, computed once by the exact engine and remembered."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from kernels import plan, result, workunit
from kernels.engine.exact_engine import ExactEngine
from kernels.engine.seam import Engine, EngineClass
from kernels.experiment import Cell, CellResult, Experiment, Value, compute
from kernels.experiments import EXPERIMENTS
from kernels.result import Device, Result, Timings
from kernels.workunit import Seeds, WorkUnit
from tests.kernels import tiny

FIRST = 1000
# The narrowed grid whose cells take a fraction of a second each, and how many seeds of it are computed.
CHEAP: dict[str, tuple[dict[str, list[Value]], int]] = {
    "compgen": ({"width": [32], "depth": [1, 2], "learning_rate": [0.01, 0.05]}, 2),
    "prunecomp": ({"width": [64]}, 2),
    "regcomp": ({"width": [32], "regularization": ["none", "dropout_0.2", "decay_0.01"]}, 2),
    "featcomp": ({"width": [32], "learning_rate": [0.01]}, 1),
    "memdyn": ({"corruption": [0.0]}, 1),
    "curriculum": ({"order": ["random", "easy_first"], "width": [32], "learning_rate": [0.005]}, 2),
    "repalign": ({"width": [32], "second": [0]}, 1),
    "featrank": ({"width": [32]}, 1),
    "neuronspec": ({"width": [32]}, 2),
    "infobottleneck": ({"network": ["relu"]}, 1),
    "cellauto": ({"starts": ["binomial"], "rules": ["free"], "tournament": [2]}, 1),
}


def unit(name: str, first: int = FIRST, count: int | None = None, **grid: list[Value]) -> WorkUnit:
    """A work unit of cheap cells: all of them, unless seeds or axes say otherwise."""
    cheap, seeds = CHEAP[name]
    return WorkUnit(workunit.FORMAT, name, EXPERIMENTS[name].version, Seeds(first, count or seeds), cheap | grid)


@functools.cache
def _computed(name: str) -> dict[str, CellResult]:
    experiment, engine = EXPERIMENTS[name], ExactEngine()
    blocks = plan.blocks(experiment, workunit.cells(unit(name)), 1 << 20)
    return {repr(found.cell): found for block in blocks for found in compute(experiment, block, engine)}


def remembered(experiment: Experiment, cells: Sequence[Cell], engine: Engine | None = None) -> list[CellResult]:
    """As `kernels.experiment.compute`, of cheap cells alone and by memory: each is computed once in a process."""
    return [_computed(experiment.name)[repr(cell)] for cell in cells]


def answer(
    of: WorkUnit,
    app_version: str = "0.1.0",
    engine: EngineClass = "exact",
    device: Device = tiny.DEVICE,
    timings: Timings = tiny.TIMINGS,
) -> Result:
    """The true result of a work unit of cheap cells, with the header that a host gives it."""
    cells = remembered(EXPERIMENTS[of.experiment], workunit.cells(of))
    return result.build(of, cells, app_version, engine, device, timings)
