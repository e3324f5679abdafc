"""A result as JSON, for a program."""

from __future__ import annotations

import json

import numpy as np

from kernels.arrays import F32
from kernels.formats.result import Result
from server_validator.reporting import result_table


def as_json(shown: Result) -> str:
    """The header, and per cell its seed, condition, metrics and digest."""
    table, seeds = result_table.of(shown), shown.header.seeds
    digests = iter(shown.digests)
    cells = [
        {
            "seed": seeds.first + seed,
            "condition": condition,
            "metrics": {name: _plain(curves[number, seed]) for name, curves in table.metrics.items()},
            "digest": next(digests).tobytes().hex(),
        }
        for number, condition in enumerate(table.conditions)
        for seed in range(seeds.count)
    ]
    return json.dumps(header(shown) | {"shares_are_counts": table.counts, "cells": cells})


def _plain(curve: F32) -> list[float | None]:
    """The numbers of a metric; None for what JSON has no number for."""
    return [float(v) if np.isfinite(v) else None for v in curve]


def header(shown: Result) -> dict[str, object]:
    """All that a result says besides its cells."""
    head = shown.header
    return {
        "format": head.format,
        "experiment": head.experiment,
        "version": head.version,
        "workunit": head.workunit.hex(),
        "app_version": head.app_version,
        "engine": head.engine,
        "agreement": head.agreement,
        "device": {f: getattr(head.device, f) for f in head.device.__struct_fields__},
        "clock": {"unit": head.clock.unit, "ticks": head.clock.ticks},
        "timings": {f: getattr(head.timings, f) for f in head.timings.__struct_fields__},
    }
