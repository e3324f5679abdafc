"""A result for a person, on a terminal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kernels.arrays import F32
from kernels.experiments import EXPERIMENTS
from kernels.formats.result import Result
from server_validator.reporting import result_table
from server_validator.reporting.result_json import header

_BARS = "▁▂▃▄▅▆▇█"
_PLAIN_BARS = "_.-~=+*#"  # where the terminal's encoding has no others


def show(console: Console, path: Path, shown: Result) -> None:
    """Print what was computed, where and how long, and per condition the metrics' ends and curves, mean over seeds."""
    head = header(shown)
    console.print(f"[bold]{escape(str(path))}[/]", highlight=False)
    for name in ("experiment", "version", "workunit", "app_version", "engine", "agreement"):
        console.print(f"  {name:12} {head[name]}", highlight=False)
    device, timings = shown.header.device, shown.header.timings
    console.print(
        f"  {'device':12} {escape(device.name)} ({device.kind}, {device.platform}, threads: {device.threads})"
    )
    console.print(f"  {'computing':12} {timings.computing:.1f} s, {timings.cpu:.1f} s of CPU time")
    ticks, unit, seeds = shown.header.clock.ticks, shown.header.clock.unit, shown.header.seeds
    console.print(f"  {'measured':12} {len(ticks)} times, {unit} {ticks[0]} to {ticks[-1]}", highlight=False)
    last, cells = seeds.first + seeds.count - 1, shown.header.cells
    console.print(f"  {'seeds':12} {seeds.first} to {last}, {cells} cells", highlight=False)
    table = result_table.of(shown)
    if table.counts:
        console.print("  shares of samples are shown as counts: this program does not know the experiment's version")
    grid = Table(title="final values, mean over seeds", title_justify="left", padding=(0, 0))
    for name in [*shown.header.axes, *table.metrics]:
        grid.add_column(name.replace("_", " "), justify="right")
    for number, condition in enumerate(table.conditions):
        grid.add_row(
            *map(str, condition.values()), *(f"{table.mean(name, [number])[-1]:.3f}" for name in table.metrics)
        )
    console.print(grid)
    console.print(f"curves, mean over all {cells} cells")
    # A file that is only read, and not checked, may have any metrics, of another version of the experiment for one.
    known = EXPERIMENTS[shown.header.experiment].metrics if shown.header.experiment in EXPERIMENTS else {}
    bars = _BARS if console.encoding.startswith("utf") else _PLAIN_BARS
    for name in table.metrics:
        mean = table.mean(name)
        metric_unit = known[name].unit if name in known else "1"
        span = f"{mean[0]:.3f} to {mean[-1]:.3f}" + ("" if metric_unit == "1" else f" {metric_unit}")
        console.print(f"  {name:16} {spark(mean, bars)}  {span}", highlight=False)


def spark(values: F32, bars: str = _BARS) -> str:
    """A curve in one line of bars, from its lowest to its highest value."""
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(high - low) or not high > low:
        return bars[0] * len(values)
    return "".join(bars[round((float(v) - low) / (high - low) * (len(bars) - 1))] for v in values)
