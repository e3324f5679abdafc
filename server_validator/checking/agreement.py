"""The one rule by which two results agree, cell by cell."""

from __future__ import annotations

import numpy as np

from kernels import result
from kernels.engine.seam import F64, EngineClass
from kernels.experiment import Experiment, Metric
from kernels.result import CellRecord, Result

LINEAR_ALGEBRA = 1e-6  # relative difference allowed to metrics that pass through linear algebra


def common_class(first: Result, second: Result) -> EngineClass:
    """The class by which two results are compared: exact only where both are."""
    return "exact" if first.engine == second.engine == "exact" else "torch"


def difference(experiment: Experiment, first: CellRecord, second: CellRecord, kind: EngineClass) -> str | None:
    """What of a cell two results do not agree in, or None. Class exact: by digest; torch: within tolerances.

    The first digest is of the state before training, which both classes have bit for bit.
    """
    digests = slice(None) if kind == "exact" else slice(1)
    if first.digests[digests] != second.digests[digests]:
        return "the digest of its state"
    for name, metric in experiment.metrics.items():
        if kind == "exact" and metric.exact:
            if first.metrics[name].data != second.metrics[name].data:  # the sign of a zero counts as well
                return name
            continue
        values, others = (result.unpack(record.metrics[name]).astype(np.float64) for record in (first, second))
        if not np.all(np.abs(values - others) <= _allowed(experiment, metric, values, kind)):  # NaN is no agreement
            return name
    return None


def _allowed(experiment: Experiment, metric: Metric, values: F64, kind: EngineClass) -> F64:
    """The largest differences [measurements] allowed, to a metric that need not be the same bits."""
    if kind == "torch":
        return np.where(np.arange(len(values)) < experiment.early, metric.early, metric.late)
    return LINEAR_ALGEBRA * np.abs(values)
