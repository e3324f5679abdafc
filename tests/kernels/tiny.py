"""Work units that compute in a fraction of a second, and results made of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import numpy as np

from kernels import plan
from kernels.arrays import F32
from kernels.cells import CellResult, Value
from kernels.engine import registry
from kernels.engine.contract import Engine, EngineName
from kernels.engine.devices import CPU
from kernels.experiment import Experiment, compute
from kernels.experiments import EXPERIMENTS
from kernels.formats import columns, result
from kernels.formats.result import DeviceFacts, Result, Timings
from kernels.formats.workunit import Seeds, WorkUnit

GRID: dict[str, list[int | float | str]] = {"width": [32], "depth": [1], "learning_rate": [0.05]}
DEVICE = DeviceFacts("cpu", "Test processor (TM) @ 1 GHz", "linux-x86_64", 1)
TIMINGS = Timings(1.5, 1.25)
ENGINE: EngineName = "c" if sys.platform == "win32" else "torch"  # Windows' Python of the tests has no torch


def unit(first: int = 1000, count: int = 2, **grid: list[int | float | str]) -> WorkUnit:
    """One small network per seed, unless axes of the grid say otherwise."""
    return WorkUnit(EXPERIMENTS["compgen"], Seeds(first, count), GRID | grid)


def engine(name: EngineName = ENGINE) -> Engine:
    """An engine on the processor; torch with one thread, as the worker uses it."""
    opened = registry.opened(name, CPU)
    opened.prepare_thread()
    return opened.engine


def computed(workunit: WorkUnit, name: EngineName = ENGINE, told: EngineName | None = None) -> Result:
    """The work unit's true result on this machine; with engine c, on any. It says another engine, if one is `told`."""
    experiment = workunit.experiment
    blocks = plan.blocks(experiment.course, workunit.cells, 1 << 20)
    cells = [cell for block in blocks for cell in compute(experiment, block, engine(name))]
    return built(workunit, cells, "0.1.0", told or name, DEVICE, TIMINGS)


def built(
    workunit: WorkUnit,
    cells: Sequence[CellResult],
    app_version: str,
    name: EngineName,
    device: DeviceFacts,
    timings: Timings,
) -> Result:
    """The result of a work unit from all its cells' results, in whatever order."""
    by_cell = {repr(one.cell): one for one in cells}
    ordered = [by_cell[repr(cell)] for cell in workunit.cells]
    values = {
        metric: np.stack([one.metrics[metric] for one in ordered])
        for metric in columns.recorded(workunit.experiment.metrics)
    }
    states = [b"".join(one.digests) for one in ordered]
    return result.assemble(workunit, values, states, app_version, name, device, timings)


def contradiction(experiment: Experiment, curves: Mapping[str, F32], **condition: Value) -> str | None:
    """What is wrong with one cell's curves [measurements], of the grid's first condition but for what is named."""
    whole = {axis: condition.get(axis, values[0]) for axis, values in experiment.grid.items()}
    return experiment.contradiction({name: curve[None] for name, curve in curves.items()}, [whole])
