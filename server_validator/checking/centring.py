"""Whether near results lie about what their cells compute to, or to one side of it, as a liar's do within tolerances.

Differences are counted in units of the tolerance, and summed over all drawn cells of a host's results.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from kernels.cells import CellResult
from kernels.experiment import Experiment
from server_validator.checking.reading import Answer
from server_validator.ledger.deviations import Deviations

ALLOWED = 0.02  # of the tolerance: a mean difference that another engine's rounding may have
CHANCE = 1e-6  # with which an honest host's differences are taken for a liar's, at each look


def deviations(answer: Answer, computed: Mapping[int, CellResult]) -> dict[str, Deviations]:
    """By metric, how the recomputed cells of a near result differ from what it says of them."""
    seen = {}
    experiment = answer.unit.experiment
    for name, metric in experiment.metrics.items():
        tolerance = np.where(np.arange(experiment.measurements) < experiment.early, *metric.near)
        said = answer.metrics[name].astype(np.float64)
        differences = np.array([said[number] - cell.metrics[name] for number, cell in computed.items()])
        units = np.divide(differences, tolerance, out=np.zeros_like(differences), where=tolerance > 0)
        seen[name] = Deviations(len(units), units.sum(0), np.square(units).sum(0))
    return seen


def off_centre(experiment: Experiment, known: Mapping[str, Deviations]) -> str | None:
    """Where a host's mean difference is further from 0 than honest rounding could bring it; None if nowhere.

    Signs that are fair coins bring a sum above x times the root of the sum of squares with probability exp(-x^2 / 2)
    at most (Efron, Journal of the American Statistical Association 64, 1969), whatever the sizes are: differences that
    are symmetric about their mean have such signs. Half a dozen cells never reach it.
    """
    asked = 2 * len(known) * experiment.measurements
    bound = math.sqrt(2 * math.log(asked / CHANCE))
    for name, seen in known.items():
        excess = np.abs(seen.sums) - seen.cells * ALLOWED - bound * np.sqrt(seen.squares)
        worst = int(np.argmax(excess))
        if excess[worst] > 0:
            mean, clock = seen.sums[worst] / seen.cells, experiment.clock
            return (
                f"{name} at {clock.unit} {clock.ticks[worst]} by {mean:+.2f} of its tolerance in the mean of "
                f"{seen.cells} recomputed cells"
            )
    return None
