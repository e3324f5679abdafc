"""What a work unit costs the volunteer: operations, memory, bytes of its result. Computed from its grid alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kernels import limits, plan
from kernels.cells import Cell, Value
from kernels.experiment import Experiment
from kernels.formats import result
from kernels.formats.workunit import Seeds, WorkUnit
from kernels.programs.program import Course
from kernels.programs.record import DIGEST_BYTES

PROGRAM_BYTES = 45e6  # resident before anything is computed: interpreter, numpy, msgspec (measured, Linux x86-64)
CACHE_BYTES = 2 << 20  # of one core: blocks are as wide as they fit; hosts with larger caches are few
PACE = 60e9  # floating-point operations a second of one core: cores of volunteers do 50e9 to 100e9 in most experiments
DEFAULT_SECONDS = 900.0  # of a work unit: so rare that the server keeps up, so short that little is lost with a host
LONGEST = 1.5  # times that, and no work unit is cut into parts
_CHECKPOINTS = 3  # generations on the disk while one is written


_known: dict[tuple[object, ...], float] = {}  # of work units that one run makes, most are alike


@dataclass(frozen=True)
class Cost:
    """Of one work unit, with one thread."""

    operations: float  # floating-point operations, as progress counts them
    memory: float  # bytes resident at the peak
    result: float  # bytes of the result's content, of which the file is deflated
    disk: float  # bytes in the slot directory at the peak: result, checkpoints


def cost(unit: WorkUnit) -> Cost:
    """The cost of a work unit."""
    block, record = _largest_block(unit), _record_bytes(unit)
    # Finished curves are held as blocks have them, then joined, as columns, as content and deflated.
    memory = PROGRAM_BYTES + block + 4 * record
    size = float(result.size(unit))
    return Cost(operations(unit), memory, size, size + _CHECKPOINTS * (record + block))


def operations(unit: WorkUnit) -> float:
    """Floating-point operations of all cells."""
    return unit.seeds.count * sum(unit.experiment.course.work(condition) for condition in unit.conditions)


def _record_bytes(unit: WorkUnit) -> float:
    """Of all cells' curves and digests, as programs record them."""
    experiment = unit.experiment
    return float(unit.size * experiment.measurements * (4 * len(experiment.metrics) + DIGEST_BYTES))


def _largest_block(unit: WorkUnit) -> float:
    """Bytes of the largest block while it is computed. Which seeds there are makes no difference, only how many."""
    experiment, axes = unit.experiment, tuple(tuple(values) for values in unit.axes.values())
    key = experiment.name, experiment.version, axes, unit.seeds.count
    if key not in _known:
        course = experiment.course
        _known[key] = max(_block_bytes(course, cells) for cells in plan.blocks(course, unit.cells, CACHE_BYTES))
    return _known[key]


def _block_bytes(course: Course, cells: Sequence[Cell]) -> float:
    """Of a block while it is computed: what is each cell's, and once a seed what its cells share."""
    footprints = [course.memory(cell.condition) for cell in cells]
    shared = {cell.seed: footprint.seed for cell, footprint in zip(cells, footprints, strict=True)}
    return sum(footprint.cell for footprint in footprints) + sum(shared.values())


def default_units(
    experiment: Experiment, first: int, seconds: float = DEFAULT_SECONDS, pace: float = PACE
) -> list[WorkUnit]:
    """Work units of a length in seconds of a core that does `pace` operations a second, from seed `first` on.

    One with as many seeds of the whole grid as are nearest to that length; where a single seed is longer, several that
    share its grid.
    """
    single, wanted = WorkUnit(experiment, Seeds(first, 1)), seconds * pace
    count = round(wanted / operations(single))
    if count < 1:
        return _parts(single, LONGEST * wanted)
    most = min(limits.CELLS // len(single.conditions), limits.CONTENT_BYTES // result.size(single))
    return [replace(single, seeds=Seeds(first, min(count, most)))]


def _parts(unit: WorkUnit, longest: float) -> list[WorkUnit]:
    """The work unit, or if it has too many operations its parts: an axis of several values is cut into like halves."""
    several = [axis for axis, values in unit.axes.items() if len(values) > 1]
    if operations(unit) <= longest or not several:
        return [unit]
    values = unit.axes[several[0]]
    cuts = [[_narrowed(unit, several[0], part) for part in (values[:at], values[at:])] for at in range(1, len(values))]
    best = min(cuts, key=lambda halves: max(operations(half) for half in halves))
    return [part for half in best for part in _parts(half, longest)]


def _narrowed(unit: WorkUnit, axis: str, values: list[Value]) -> WorkUnit:
    return replace(unit, grid={**unit.grid, axis: values})
