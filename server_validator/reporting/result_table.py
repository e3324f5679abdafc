"""A result's numbers as people read them: of whatever experiment and version, checked or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kernels.arrays import F32
from kernels.cells import Condition, combinations
from kernels.experiments import EXPERIMENTS
from kernels.formats import columns
from kernels.formats.result import Result


@dataclass(frozen=True)
class ResultTable:
    """Conditions, and every metric [conditions, seeds, measurements]; shares of samples as counts, if `counts`."""

    conditions: list[Condition]
    metrics: Mapping[str, F32]
    counts: bool

    def mean(self, metric: str, conditions: list[int] | None = None) -> F32:
        """The mean [measurements] over all cells, or over those of some conditions."""
        values = self.metrics[metric] if conditions is None else self.metrics[metric][conditions]
        with np.errstate(over="ignore", invalid="ignore"):  # any float32 can be in a file that is not checked
            mean: F32 = values.mean((0, 1))
        return mean


def of(shown: Result) -> ResultTable:
    """The numbers of a result. Its experiment tells what shares are of, if this program knows it in that version."""
    header = shown.header
    experiment = EXPERIMENTS.get(header.experiment)
    conditions = combinations(header.axes)
    known = (
        experiment is not None
        and experiment.version == header.version
        and list(header.axes) == list(experiment.grid)
        and list(header.columns) == list(columns.recorded(experiment.metrics))
    )
    if known and experiment is not None:
        with np.errstate(all="ignore"):
            values = shown.values(experiment)
    else:
        values = {name: column.astype(np.float32) for name, column in shown.columns.items()}
    shape = len(conditions), header.seeds.count, len(header.clock.ticks)
    counts = not known and any(kind != "<f4" for kind in header.columns.values())
    return ResultTable(conditions, {name: curves.reshape(shape) for name, curves in values.items()}, counts)
