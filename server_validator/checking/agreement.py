"""The one rule by which two results agree, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import F32, F64
from kernels.engine.contract import Agreement
from kernels.experiment import Experiment
from kernels.formats.result import Digests
from kernels.metrics import Metric

LINEAR_ALGEBRA = 1e-6  # relative difference allowed to metrics that pass through linear algebra
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Said:
    """What is said of cells: every metric [cells, measurements], their digests, and how far those agree."""

    metrics: Mapping[str, F32]
    digests: Digests
    agreement: Agreement

    def of(self, cells: Sequence[int]) -> Said:
        """The same of some of the cells."""
        rows = list(cells)
        metrics = {name: values[rows] for name, values in self.metrics.items()}
        return Said(metrics, self.digests[rows], self.agreement)


def common_agreement(first: Agreement, second: Agreement) -> Agreement:
    """How two results have to agree: exactly only where both are exact."""
    return "exact" if first == second == "exact" else "near"


def difference(experiment: Experiment, first: Said, second: Said) -> tuple[int, str] | None:
    """The first cell that two results do not agree in, by its number, and in what; None if they agree.

    Two exact ones by digest and bit for bit; with a near one within tolerances. Two near ones must have the same digest
    too, which is of the state before training: every engine has that bit for bit.
    """
    agreement = common_agreement(first.agreement, second.agreement)
    wrong = dict[str, Mask]()
    if first.agreement == second.agreement:
        wrong["the digest of its state"] = (first.digests != second.digests).any(1)
    for name, metric in experiment.metrics.items():
        wrong[name] = ~_agree(experiment, metric, first.metrics[name], second.metrics[name], agreement)
    found = [(int(mask.argmax()), what) for what, mask in wrong.items() if mask.any()]
    return min(found, key=lambda one: one[0], default=None)  # of one cell the first that is looked at


def _agree(experiment: Experiment, metric: Metric, first: F32, second: F32, agreement: Agreement) -> Mask:
    """In which cells [cells] the values [cells, measurements] of a metric agree. NaN is no agreement."""
    if agreement == "exact" and metric.exact:
        same = np.equal(first.view(np.uint32), second.view(np.uint32))  # the sign of a zero counts as well
        return np.asarray(same.all(1))
    values, others = first.astype(np.float64), second.astype(np.float64)
    near = np.abs(values - others) <= _allowed(experiment, metric, values, agreement)
    return np.asarray(near.all(1))


def _allowed(experiment: Experiment, metric: Metric, values: F64, agreement: Agreement) -> F64:
    """The largest differences allowed to values [cells, measurements] of a metric that need not be the same bits."""
    if agreement == "near":
        return np.where(np.arange(values.shape[1]) < experiment.early, *metric.near)
    return LINEAR_ALGEBRA * np.abs(values)
