"""What a work unit costs the volunteer: operations, memory, bytes of its result. Computed from its grid alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from kernels import limits, result, workunit
from kernels.experiment import CellResult
from kernels.experiments import EXPERIMENTS
from kernels.workunit import WorkUnit

PROGRAM_BYTES = 45e6  # resident before anything is computed: interpreter, numpy, msgspec (measured, Linux x86-64)
CACHE_BYTES = 2 << 20  # of one core: blocks are as wide as they fit; hosts with larger caches are few
DEFAULT_OPERATIONS = 600 * 4e9  # of a work unit: ten minutes at 4 GFLOPS
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
    experiment = EXPERIMENTS[unit.experiment]
    conditions = workunit.conditions(unit)
    seeds = unit.seeds.count
    operations = seeds * sum(experiment.work(condition) for condition in conditions)
    shapes = Counter(experiment.shape(condition) for condition in conditions)
    blocks = [
        min(experiment.width(condition, CACHE_BYTES), seeds * shapes[experiment.shape(condition)])
        * experiment.memory(condition)
        for condition in conditions
    ]
    size = float(len(_empty_result(unit)))
    # Finished curves are held once as arrays, once packed, once encoded.
    memory = PROGRAM_BYTES + max(blocks) + 3 * size
    return Cost(operations, memory, size, size + _CHECKPOINTS * (size + max(blocks)))


def default_seeds(name: str) -> int:
    """How many seeds of an experiment's whole grid are a work unit of the usual length; at least one."""
    experiment = EXPERIMENTS[name]
    one = WorkUnit(workunit.FORMAT, name, experiment.version, workunit.Seeds(0, 1))
    count = round(DEFAULT_OPERATIONS / cost(one).operations)
    return max(1, min(count, limits.CELLS // len(workunit.conditions(one))))


def _empty_result(unit: WorkUnit) -> bytes:
    """A result of the very size: the format holds arrays as bytes, whatever their values."""
    experiment = EXPERIMENTS[unit.experiment]
    curve = np.zeros(experiment.measurements, dtype=np.float32)
    metrics = dict.fromkeys(experiment.metrics, curve)
    digests = [bytes(result.DIGEST_BYTES)] * experiment.measurements
    cells = [CellResult(cell, metrics, digests) for cell in workunit.cells(unit)]
    device = result.Device("cpu", "x" * limits.NAME_BYTES, "linux-x86_64", 1)
    return result.encode(result.build(unit, cells, "0.0.0", "exact", device, result.Timings(0.0, 0.0)))
