"""Findings: what the data set says about an experiment, computed once for tables, plots, JSON and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kernels import claims
from kernels.claims import Claim, Curve, Estimate, Position, Table, Verdict
from kernels.experiment import Experiment


@dataclass(frozen=True)
class Decided:
    """A claim, and what the data say of it."""

    claim: Claim
    estimate: Estimate
    verdict: Verdict


@dataclass(frozen=True)
class Drawn:
    """A curve with the estimate at each of its values."""

    curve: Curve
    estimates: Mapping[Position, Estimate]


@dataclass(frozen=True)
class Findings:
    """All claims and curves of an experiment's present version, by one table of cells."""

    experiment: Experiment
    cells: int
    seeds: int
    claims: Sequence[Decided]
    curves: Sequence[Drawn]

    @property
    def plots(self) -> dict[str, list[Drawn]]:
        """The curves by the titles of the plots that they are lines of, in their order."""
        plots: dict[str, list[Drawn]] = {}
        for drawn in self.curves:
            plots.setdefault(drawn.curve.title, []).append(drawn)
        return plots


def of(experiment: Experiment, table: Table) -> Findings:
    """What a table of the experiment's cells says."""
    return Findings(
        experiment,
        cells=len(table.seed),
        seeds=len(np.unique(table.seed)),
        claims=[_decided(claim, table) for claim in experiment.claims],
        curves=[Drawn(curve, claims.curve(table, curve)) for curve in experiment.curves],
    )


def _decided(claim: Claim, table: Table) -> Decided:
    estimate = claims.estimate(claim.statistic(table))
    return Decided(claim, estimate, claims.verdict(estimate))
