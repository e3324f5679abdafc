"""What may be issued: what a worker takes, and the answer to which the validator takes."""

from __future__ import annotations

from kernels import limits
from kernels.cost import Cost, cost
from kernels.errors import TooManyCells
from kernels.experiments import EXPERIMENTS
from kernels.formats import workunit
from kernels.formats.workunit import WorkUnit


def checked(unit: WorkUnit) -> tuple[bytes, Cost]:
    """The bytes of a work unit's file, and its cost. The Failure with which worker or validator would refuse it."""
    content = workunit.encode(unit)
    workunit.decode(content, "the work unit asked for", EXPERIMENTS)
    cells, unit_cost = len(unit.cells), cost(unit)
    if unit_cost.result > limits.RESULT_BYTES:
        raise TooManyCells(cells, int(cells * limits.RESULT_BYTES / unit_cost.result))
    return content, unit_cost
