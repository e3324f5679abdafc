"""Findings as JSON, for a program."""

from __future__ import annotations

import math
from collections.abc import Mapping

from kernels.claims import Estimate
from server_validator.reporting.findings import Findings


def as_json(found: Findings) -> Mapping[str, object]:
    """An experiment's claims with estimates and verdicts, and its curves."""
    return {
        "experiment": found.experiment.name,
        "version": found.experiment.version,
        "cells": found.cells,
        "seeds": found.seeds,
        "claims": [
            {"finding": of.claim.finding, "text": of.claim.text, "unit": of.claim.unit, "published": of.claim.published}
            | _plain(of.estimate)
            | {"verdict": of.verdict}
            for of in found.claims
        ],
        "curves": [
            {
                "title": of.curve.title, "line": of.curve.line, "axis": of.curve.axis, "metric": of.curve.metric,
                "points": [
                    {"at": value} | _plain(estimate) | {"published": of.curve.published.get(value)}
                    for value, estimate in of.estimates.items()
                ],
            }
            for of in found.curves
        ],
    }  # fmt: skip


def _plain(estimate: Estimate) -> dict[str, object]:
    """The numbers of an estimate; None for what it has not."""
    numbers = {"mean": estimate.mean, "low": estimate.low, "high": estimate.high}
    plain: dict[str, object] = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
    return plain | {"seeds": estimate.seeds}
