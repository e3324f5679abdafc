"""True results of small work units: cheap cells of every experiment, computed once by the exact engine."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from kernels import plan
from kernels.cells import Cell, CellResult, Value
from kernels.engine.contract import Engine, EngineName
from kernels.engine.exact.engine import ExactEngine
from kernels.experiment import Experiment, compute
from kernels.experiments import EXPERIMENTS
from kernels.formats import result
from kernels.formats.result import DeviceFacts, Result, Timings
from kernels.formats.workunit import Seeds, WorkUnit
from tests.kernels import tiny

FIRST = 1000
CHEAP = 8e9  # floating-point operations of an experiment's cheap cells together, where one cell does not take more
VALUES = 2  # of each axis, at most
SEEDS = 2  # at most


@functools.cache
def cheap(name: str) -> tuple[dict[str, list[Value]], int]:
    """The narrowed grid of an experiment's cheap cells, and how many seeds of it there are.

    The cheapest condition to begin with; then a second seed and further values of each axis, as long as they are cheap.
    """
    experiment = EXPERIMENTS[name]
    conditions = WorkUnit(experiment, Seeds(FIRST, 1)).conditions
    cheapest = min(conditions, key=experiment.course.work)
    grid, seeds = {axis: [value] for axis, value in cheapest.items()}, 1
    if _work(experiment, grid, SEEDS) <= CHEAP:
        seeds = SEEDS
    for axis, values in experiment.grid.items():
        for value in values:
            wider = grid | {axis: [*grid[axis], value]}
            if value not in grid[axis] and len(grid[axis]) < VALUES and _work(experiment, wider, seeds) <= CHEAP:
                grid = wider
    return grid, seeds


def _work(experiment: Experiment, grid: dict[str, list[Value]], seeds: int) -> float:
    unit = WorkUnit(experiment, Seeds(FIRST, seeds), grid)
    return sum(experiment.course.work(cell.condition) for cell in unit.cells)


def unit(name: str, first: int = FIRST, count: int | None = None, **grid: list[Value]) -> WorkUnit:
    """A work unit of cheap cells: all of them, unless seeds or axes say otherwise."""
    values, seeds = cheap(name)
    return WorkUnit(EXPERIMENTS[name], Seeds(first, count or seeds), values | grid)


_known: dict[tuple[str, str], CellResult] = {}


def remembered(experiment: Experiment, cells: Sequence[Cell], engine: Engine | None = None) -> list[CellResult]:
    """As `kernels.experiment.compute`, by the exact engine and by memory: each cell is computed once in a process.

    Those that are not yet known are computed in blocks, as a worker does.
    """
    new = [cell for cell in cells if (experiment.name, repr(cell)) not in _known]
    for block in plan.blocks(experiment.course, new, 1 << 20):
        for computed in compute(experiment, block, ExactEngine()):
            _known[experiment.name, repr(computed.cell)] = computed
    return [_known[experiment.name, repr(cell)] for cell in cells]


def answer(
    of: WorkUnit,
    app_version: str = "0.1.0",
    engine: EngineName = "c",
    device: DeviceFacts = tiny.DEVICE,
    timings: Timings = tiny.TIMINGS,
) -> Result:
    """The true result of a work unit of cheap cells, with the header that a host gives it."""
    cells = remembered(of.experiment, of.cells)
    return result.build(of, cells, app_version, engine, device, timings)


# What is true of a file's structure, as the independent msgpack library reads it; without the code that validates.


def assert_possible(tree: dict[str, Any], of: WorkUnit) -> None:
    """It has the work unit's cells in their order with the experiment's metrics, all within their bounds."""
    experiment, device = of.experiment, tree["device"]
    for word in (tree["app_version"], device["platform"]):
        assert re.fullmatch(r"[a-z0-9_.+-]{1,64}", word)
    assert re.fullmatch(r"[ -~]{1,64}", device["name"])
    assert device["kind"] in ("cpu", "cuda")
    assert 1 <= device["threads"] <= 4096
    assert all(0 <= seconds <= 1e9 for seconds in tree["timings"].values())
    assert (tree["experiment"], tree["version"]) == (of.experiment.name, of.experiment.version)
    wanted = [(cell.seed, cell.condition) for cell in of.cells]
    assert repr([(cell["seed"], cell["condition"]) for cell in tree["cells"]]) == repr(wanted)  # 1 is not 1.0
    for cell in tree["cells"]:
        assert list(cell["metrics"]) == list(experiment.metrics)
        assert [len(digest) for digest in cell["digests"]] == [16] * experiment.measurements
        for name, array in cell["metrics"].items():
            values, metric = np.frombuffer(array["data"], "<f4"), experiment.metrics[name]
            assert array["shape"] == [experiment.measurements] == list(values.shape)
            assert all(metric.low <= float(value) <= metric.high for value in values)


def assert_true(tree: dict[str, Any], of: WorkUnit) -> None:
    """It says what the work unit's cells compute to.

    Of exact results bit for bit, but for metrics of linear algebra, whose relative difference is at most 1e-6; of near
    ones the state before training is, and the metrics are within their tolerances.
    """
    assert_possible(tree, of)
    experiment, exact = of.experiment, tree["agreement"] == "exact"
    for cell, true in zip(tree["cells"], remembered(experiment, of.cells), strict=True):
        assert cell["digests"][: None if exact else 1] == list(true.digests)[: None if exact else 1]
        for name, metric in experiment.metrics.items():
            data, curve = cell["metrics"][name]["data"], true.metrics[name]
            if exact and metric.exact:
                assert data == np.asarray(curve, "<f4").tobytes(), f"{name} is not what is computed, bit for bit"
                continue
            said, true_values = np.frombuffer(data, "<f4").astype(float), np.asarray(curve, float)
            by_time = np.where(np.arange(len(said)) < experiment.early, *metric.near)
            allowed = 1e-6 * np.abs(said) if exact else by_time
            assert (np.abs(said - true_values) <= allowed).all(), f"{name} is too far from what is computed"
