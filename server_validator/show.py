"""A result for a person, or as JSON for a program."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kernels import result
from kernels.engine.seam import F32
from kernels.errors import CannotWrite
from kernels.experiments import EXPERIMENTS
from kernels.result import Result

_BARS = "▁▂▃▄▅▆▇█"


def as_json(found: Result) -> str:
    """The header, and per cell its seed, condition, metrics and digests."""
    cells = [
        {
            "seed": cell.seed,
            "condition": cell.condition,
            "metrics": {name: _plain(array) for name, array in cell.metrics.items()},
            "digests": [digest.hex() for digest in cell.digests],
        }
        for cell in found.cells
    ]
    return json.dumps(_header(found) | {"cells": cells})


def _plain(array: result.Array) -> list[float | None]:
    """The numbers of a metric; None for what JSON has no number for."""
    return [float(v) if np.isfinite(v) else None for v in result.unpack(array)]


def show(console: Console, path: Path, found: Result) -> None:
    """Print what was computed, where and how long, and per condition the metrics' ends and curves, mean over seeds."""
    head = _header(found)
    console.print(f"[bold]{escape(str(path))}[/]", highlight=False)
    for name in ("experiment", "version", "workunit", "app_version", "engine"):
        console.print(f"  {name:12} {head[name]}", highlight=False)
    device, timings = found.device, found.timings
    console.print(
        f"  {'device':12} {escape(device.name)} ({device.kind}, {device.platform}, threads: {device.threads})"
    )
    console.print(f"  {'computing':12} {timings.computing:.1f} s, {timings.cpu:.1f} s of CPU time")
    conditions: dict[tuple[object, ...], list[result.CellRecord]] = {}
    for cell in found.cells:
        conditions.setdefault(tuple(cell.condition.values()), []).append(cell)
    metrics = list(found.cells[0].metrics)
    seeds = sorted({cell.seed for cell in found.cells})
    console.print(f"  {'seeds':12} {seeds[0]} to {seeds[-1]}, {len(found.cells)} cells", highlight=False)
    grid = Table(title="final values, mean over seeds", title_justify="left", padding=(0, 0))
    for name in [*found.cells[0].condition, *metrics]:
        grid.add_column(name.replace("_", " "), justify="right")
    for condition, cells in conditions.items():
        grid.add_row(*map(str, condition), *(f"{_mean(cells, name)[-1]:.3f}" for name in metrics))
    console.print(grid)
    console.print(f"curves, mean over all {len(found.cells)} cells")
    # A file that is only read, and not checked, may have any metrics, of another version of the experiment for one.
    known = EXPERIMENTS[found.experiment].metrics if found.experiment in EXPERIMENTS else {}
    for name in metrics:
        mean = _mean(found.cells, name)
        unit = known[name].unit if name in known else "1"
        span = f"{mean[0]:.3f} to {mean[-1]:.3f}" + ("" if unit == "1" else f" {unit}")
        console.print(f"  {name:16} {spark(mean)}  {span}", highlight=False)


def plot(path: Path, found: Result) -> None:
    """Write the curves as PNG, a panel per metric: for every value of the grid's first axis the mean over its cells."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    metrics, axis = list(found.cells[0].metrics), next(iter(found.cells[0].condition), None)
    lines: dict[object, list[int]] = {}
    for number, cell in enumerate(found.cells):
        lines.setdefault(cell.condition[axis] if axis else "all cells", []).append(number)
    columns = max(1, min(4, len(metrics)))
    rows = max(1, -(-len(metrics) // columns))
    figure = Figure(figsize=(3.4 * columns, 2.4 * rows + 0.5), dpi=120, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, metric in zip(panels, metrics, strict=False):
        for value, cells in lines.items():
            panel.plot(_mean([found.cells[cell] for cell in cells], metric), ".-", label=str(value))
        panel.set_title(metric, fontsize=9)
        panel.tick_params(labelsize=7)
        panel.grid(alpha=0.3)
    for panel in panels[len(metrics) :]:
        panel.set_axis_off()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, title=axis, loc="outside right upper", fontsize=8)
    figure.suptitle(f"{found.experiment} version {found.version}: mean of {len(found.cells)} cells by measurement")
    try:
        figure.savefig(path)
    except OSError as error:
        raise CannotWrite(path, error.strerror or error) from error


def _mean(cells: Sequence[result.CellRecord], metric: str) -> F32:
    with np.errstate(over="ignore", invalid="ignore"):  # any float32 can be in a file that is not checked
        mean: F32 = np.mean([result.unpack(cell.metrics[metric]) for cell in cells], axis=0)
    return mean


def spark(values: F32) -> str:
    """A curve in one line of bars, from its lowest to its highest value."""
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(high - low) or not high > low:
        return _BARS[0] * len(values)
    return "".join(_BARS[round((float(v) - low) / (high - low) * (len(_BARS) - 1))] for v in values)


def _header(found: Result) -> dict[str, object]:
    return {
        "format": found.format,
        "experiment": found.experiment,
        "version": found.version,
        "workunit": found.workunit.hex(),
        "app_version": found.app_version,
        "engine": found.engine,
        "device": {f: getattr(found.device, f) for f in found.device.__struct_fields__},
        "timings": {f: getattr(found.timings, f) for f in found.timings.__struct_fields__},
    }
