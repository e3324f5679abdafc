"""A result as JSON, for a program."""

from __future__ import annotations

import json

import numpy as np

from kernels.formats import result
from kernels.formats.result import Result


def as_json(shown: Result) -> str:
    """The header, and per cell its seed, condition, metrics and digests."""
    cells = [
        {
            "seed": cell.seed,
            "condition": cell.condition,
            "metrics": {name: _plain(array) for name, array in cell.metrics.items()},
            "digests": [digest.hex() for digest in cell.digests],
        }
        for cell in shown.cells
    ]
    return json.dumps(header(shown) | {"cells": cells})


def _plain(array: result.Array) -> list[float | None]:
    """The numbers of a metric; None for what JSON has no number for."""
    return [float(v) if np.isfinite(v) else None for v in result.unpack(array)]


def header(shown: Result) -> dict[str, object]:
    """All that a result says besides its cells."""
    return {
        "format": shown.format,
        "experiment": shown.experiment,
        "version": shown.version,
        "workunit": shown.workunit.hex(),
        "app_version": shown.app_version,
        "engine": shown.engine,
        "agreement": shown.agreement,
        "device": {f: getattr(shown.device, f) for f in shown.device.__struct_fields__},
        "clock": {"unit": shown.clock.unit, "ticks": shown.clock.ticks},
        "timings": {f: getattr(shown.timings, f) for f in shown.timings.__struct_fields__},
    }
