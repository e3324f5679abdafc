"""Findings as JSON, for a program."""

from __future__ import annotations

import math
from collections.abc import Mapping

from kernels import claims
from kernels.claims import Estimate, Table
from kernels.experiment import Experiment


def as_json(experiment: Experiment, table: Table) -> Mapping[str, object]:
    """An experiment's claims with estimates and verdicts, and its curves."""
    return {
        "experiment": experiment.name,
        "version": experiment.version,
        "cells": len(table.seed),
        "seeds": len(set(table.seed.tolist())),
        "claims": [
            {"finding": claim.finding, "text": claim.text, "unit": claim.unit, "published": claim.published}
            | _plain(estimate := claims.estimate(claim.statistic(table)))
            | {"verdict": claims.verdict(estimate)}
            for claim in experiment.claims
        ],
        "curves": [
            {
                "title": curve.title, "line": curve.line, "axis": curve.axis, "metric": curve.metric,
                "points": [
                    {"at": value} | _plain(estimate) | {"published": curve.published.get(value)}
                    for value, estimate in claims.curve(table, curve).items()
                ],
            }
            for curve in experiment.curves
        ],
    }  # fmt: skip


def _plain(estimate: Estimate) -> dict[str, object]:
    """The numbers of an estimate; None for what it has not."""
    numbers = {"mean": estimate.mean, "low": estimate.low, "high": estimate.high}
    plain: dict[str, object] = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
    return plain | {"seeds": estimate.seeds}
