"""What a work unit costs the volunteer: operations, memory, bytes of its result. Computed from its grid alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kernels import limits, plan
from kernels.cells import Cell, CellResult, Value
from kernels.experiment import Experiment
from kernels.formats import result
from kernels.formats.workunit import Seeds, WorkUnit
from kernels.programs.program import Course

PROGRAM_BYTES = 45e6  # resident before anything is computed: interpreter, numpy, msgspec (measured, Linux x86-64)
CACHE_BYTES = 2 << 20  # of one core: blocks are as wide as they fit; hosts with larger caches are few
DEFAULT_OPERATIONS = 600 * 4e9  # of a work unit: ten minutes at 4 GFLOPS
LONGEST = 1.5  # times that, and no work unit is cut into parts
_CHECKPOINTS = 3  # generations on the disk while one is written


@dataclass(frozen=True)
class Cost:
    """Of one work unit, with one thread."""

    operations: float  # floating-point operations, as progress counts them
    memory: float  # bytes resident at the peak
    result: float  # bytes of the result file
    disk: float  # bytes in the slot directory at the peak: result, checkpoints


def cost(unit: WorkUnit) -> Cost:
    """The cost of a work unit."""
    course = unit.experiment.course
    block = max(_block_bytes(course, cells) for cells in plan.blocks(course, unit.cells, CACHE_BYTES))
    size = float(len(_empty_result(unit)))
    # Finished curves are held once as arrays, once packed, once encoded.
    memory = PROGRAM_BYTES + block + 3 * size
    return Cost(_operations(unit), memory, size, size + _CHECKPOINTS * (size + block))


def _operations(unit: WorkUnit) -> float:
    return unit.seeds.count * sum(unit.experiment.course.work(condition) for condition in unit.conditions)


def _block_bytes(course: Course, cells: Sequence[Cell]) -> float:
    """Of a block while it is computed: what is each cell's, and once a seed what its cells share."""
    footprints = [course.memory(cell.condition) for cell in cells]
    shared = {cell.seed: footprint.seed for cell, footprint in zip(cells, footprints, strict=True)}
    return sum(footprint.cell for footprint in footprints) + sum(shared.values())


def default_units(experiment: Experiment, first: int) -> list[WorkUnit]:
    """Work units of the usual length for an experiment, from seed `first` on.

    One with as many seeds of the whole grid as are nearest to that length; where a single seed is longer, several that
    share its grid.
    """
    single = WorkUnit(experiment, Seeds(first, 1))
    count = round(DEFAULT_OPERATIONS / _operations(single))
    if count < 1:
        return _parts(single)
    return [replace(single, seeds=Seeds(first, min(count, limits.CELLS // len(single.conditions))))]


def _parts(unit: WorkUnit) -> list[WorkUnit]:
    """The work unit, or if too long its parts: its first axis of several values is cut into like halves."""
    several = [axis for axis, values in unit.axes.items() if len(values) > 1]
    if _operations(unit) <= LONGEST * DEFAULT_OPERATIONS or not several:
        return [unit]
    values = unit.axes[several[0]]
    cuts = [[_narrowed(unit, several[0], part) for part in (values[:at], values[at:])] for at in range(1, len(values))]
    best = min(cuts, key=lambda halves: max(_operations(half) for half in halves))
    return [part for half in best for part in _parts(half)]


def _narrowed(unit: WorkUnit, axis: str, values: list[Value]) -> WorkUnit:
    return replace(unit, grid={**unit.grid, axis: values})


def _empty_result(unit: WorkUnit) -> bytes:
    """A result of the very size: the format holds arrays as bytes, whatever their values."""
    experiment = unit.experiment
    curve = np.zeros(experiment.measurements, dtype=np.float32)
    metrics = dict.fromkeys(experiment.metrics, curve)
    digests = [bytes(result.DIGEST_BYTES)] * experiment.measurements
    cells = [CellResult(cell, metrics, digests) for cell in unit.cells]
    device = result.DeviceFacts("cpu", "x" * limits.NAME_BYTES, "linux-x86_64", 1)
    return result.encode(result.build(unit, cells, "0.0.0", "c", device, result.Timings(0.0, 0.0)))
