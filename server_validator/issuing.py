"""What may be issued: what a worker takes, and the answer to which the validator takes."""

from __future__ import annotations

from kernels import limits
from kernels.cost import PACE, Cost, cost
from kernels.errors import TooManyCells
from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS
from kernels.formats import workunit
from kernels.formats.workunit import WorkUnit
from server_validator.ledger import Ledger, returned

MOST = 10.0  # times faster or slower than a usual core


def pace(ledger: Ledger, experiment: Experiment) -> float:
    """Floating-point operations a second of a core in an experiment: as the fleet's results tell, else PACE.

    No further from PACE than any core is: results tell what their hosts like.
    """
    told = returned.median_pace(ledger, experiment.name, experiment.version) or PACE
    return min(max(told, PACE / MOST), PACE * MOST)


def checked(unit: WorkUnit) -> tuple[bytes, Cost]:
    """The bytes of a work unit's file, and its cost. The Failure with which worker or validator would refuse it."""
    content = workunit.encode(unit)
    workunit.decode(content, "the work unit asked for", EXPERIMENTS)
    unit_cost = cost(unit)
    if unit_cost.result > limits.CONTENT_BYTES:
        raise TooManyCells(unit.size, int(unit.size * limits.CONTENT_BYTES / unit_cost.result))
    return content, unit_cost
