"""A result's curves as PNG."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from kernels.formats.result import Result
from kernels.refusals import cannot_write
from server_validator.reporting import result_table


def plot(path: Path, shown: Result) -> None:
    """Write the curves as PNG, a panel per metric: over the clock of the measurements; for each value of
    the grid's first axis the mean over its cells.
    """
    header, table = shown.header, result_table.of(shown)
    metrics, axis = list(table.metrics), next(iter(header.axes), None)
    lines: dict[object, list[int]] = {}
    for number, condition in enumerate(table.conditions):
        lines.setdefault(condition[axis] if axis else "all cells", []).append(number)
    columns = max(1, min(4, len(metrics)))
    rows = max(1, -(-len(metrics) // columns))
    figure = Figure(figsize=(3.4 * columns, 2.4 * rows + 0.5), dpi=120, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, metric in zip(panels, metrics, strict=False):
        for value, conditions in lines.items():
            panel.plot(header.clock.ticks, table.mean(metric, conditions), ".-", label=str(value))
        panel.set_title(metric, fontsize=9)
        panel.set_xlabel(header.clock.unit, fontsize=7)
        panel.tick_params(labelsize=7)
        panel.grid(alpha=0.3)
    for panel in panels[len(metrics) :]:
        panel.set_axis_off()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, title=axis, loc="outside right upper", fontsize=8)
    figure.suptitle(f"{header.experiment} version {header.version}: mean of {header.cells} cells")
    try:
        figure.savefig(path)
    except OSError as error:
        raise cannot_write(path, error) from error
