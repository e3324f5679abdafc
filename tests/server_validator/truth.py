"""True results of small work units: cheap cells of every experiment, computed once by the exact engine."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Sequence

import numpy as np

from kernels import plan
from kernels.cells import Cell, CellResult, Value
from kernels.engine.contract import Engine, EngineName
from kernels.engine.exact.engine import ExactEngine
from kernels.experiment import Experiment, compute
from kernels.experiments import EXPERIMENTS
from kernels.formats.result import DeviceFacts, Result, Timings
from kernels.formats.workunit import Seeds, WorkUnit
from kernels.metrics import Metric
from tests.kernels import tiny
from tests.kernels.resultfile import Top

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
    return tiny.built(of, cells, app_version, engine, device, timings)


# What is true of a file's structure, as it is read without the code that validates.


def assert_possible(top: Top, of: WorkUnit) -> None:
    """It has the work unit's cells in their order with the experiment's metrics, all within their bounds."""
    experiment, header = of.experiment, top["header"]
    device = header["device"]
    for word in (header["app_version"], device["platform"]):
        assert re.fullmatch(r"[a-z0-9_.+-]{1,64}", word)
    assert re.fullmatch(r"[ -~]{1,64}", device["name"])
    assert device["kind"] in ("cpu", "cuda")
    assert 1 <= device["threads"] <= 4096
    assert all(0 <= seconds <= 1e9 for seconds in header["timings"].values())
    assert (header["experiment"], header["version"]) == (experiment.name, experiment.version)
    assert repr(header["seeds"]) == repr({"first": of.seeds.first, "count": of.seeds.count})
    assert repr(header["axes"]) == repr(of.axes)  # 1 is not 1.0
    assert header["clock"] == {"unit": experiment.clock.unit, "ticks": list(experiment.clock.ticks)}
    recorded = {name: metric for name, metric in experiment.metrics.items() if not metric.formula}
    assert list(top["columns"]) == list(recorded)
    shape = len(of.cells), experiment.measurements
    for name, metric in recorded.items():
        column = top["columns"][name]
        assert column.shape == shape
        for number, cell in enumerate(of.cells):
            values = column[number] / (samples(metric, cell) or 1)
            assert all(metric.low <= float(value) <= metric.high for value in values)
    assert top["digests"].shape == (len(of.cells), 8)


def samples(metric: Metric, cell: Cell) -> int | None:
    """Of how many samples a metric of a cell is a share."""
    return metric.samples(cell.condition) if callable(metric.samples) else metric.samples


def digest_of(states: Sequence[bytes], exact: bool) -> bytes:
    """A cell's digest from those of its states: of a near result from the first."""
    return hashlib.blake2b(b"".join(states if exact else states[:1]), digest_size=8).digest()


def assert_true(top: Top, of: WorkUnit) -> None:
    """It says what the work unit's cells compute to.

    Of exact results bit for bit, but for metrics of linear algebra, whose relative difference is at most 1e-6; of near
    ones the state before training is, and the metrics are within their tolerances.
    """
    assert_possible(top, of)
    experiment, exact = of.experiment, top["header"]["agreement"] == "exact"
    for number, (cell, true) in enumerate(zip(of.cells, remembered(experiment, of.cells), strict=True)):
        assert top["digests"][number].tobytes() == digest_of(true.digests, exact)
        for name, column in top["columns"].items():
            metric, curve = experiment.metrics[name], true.metrics[name]
            said = np.asarray(column[number] / (samples(metric, cell) or 1), np.float32)
            if exact and metric.exact:
                assert said.tobytes() == np.asarray(curve, "<f4").tobytes(), f"{name} is not what is computed"
                continue
            values = said.astype(float)
            by_time = np.where(np.arange(len(values)) < experiment.early, *metric.near)
            allowed = 1e-6 * np.abs(values) if exact else by_time
            assert (np.abs(values - np.asarray(curve, float)) <= allowed).all(), f"{name} is too far from the truth"
