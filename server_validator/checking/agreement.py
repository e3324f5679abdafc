"""The one rule by which two results agree, cell by cell."""

from __future__ import annotations

import numpy as np

from kernels.arrays import F64
from kernels.engine.contract import Agreement
from kernels.experiment import Experiment
from kernels.formats import result
from kernels.formats.result import CellRecord, Result
from kernels.metrics import Metric

LINEAR_ALGEBRA = 1e-6  # relative difference allowed to metrics that pass through linear algebra


def common_agreement(first: Result, second: Result) -> Agreement:
    """How two results have to agree: exactly only where both are exact."""
    return "exact" if first.agreement == second.agreement == "exact" else "near"


def difference(experiment: Experiment, first: CellRecord, second: CellRecord, agreement: Agreement) -> str | None:
    """What of a cell two results do not agree in, or None. Exact: by digest; near: within tolerances.

    The first digest is of the state before training, which every engine has bit for bit.
    """
    digests = slice(None) if agreement == "exact" else slice(1)
    if first.digests[digests] != second.digests[digests]:
        return "the digest of its state"
    for name, metric in experiment.metrics.items():
        if agreement == "exact" and metric.exact:
            if first.metrics[name].data != second.metrics[name].data:  # the sign of a zero counts as well
                return name
            continue
        values, others = (result.unpack(record.metrics[name]).astype(np.float64) for record in (first, second))
        if not np.all(
            np.abs(values - others) <= _allowed(experiment, metric, values, agreement)
        ):  # NaN is no agreement
            return name
    return None


def _allowed(experiment: Experiment, metric: Metric, values: F64, agreement: Agreement) -> F64:
    """The largest differences [measurements] allowed, to a metric that need not be the same bits."""
    if agreement == "near":
        return np.where(np.arange(len(values)) < experiment.early, *metric.near)
    return LINEAR_ALGEBRA * np.abs(values)
