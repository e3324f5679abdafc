"""Findings as plots: PNG files, one per title among an experiment's curves."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from kernels.claims import Curve
from kernels.experiment import Experiment
from kernels.refusals import cannot_write
from server_validator.reporting.findings import Drawn, Findings
from server_validator.reporting.words import position


def plot(folder: Path, found: Findings) -> list[Path]:
    """Write one PNG per title among the experiment's curves; the files."""
    paths = [folder / name for name in file_names(found.experiment)]
    for path, lines in zip(paths, found.plots.values(), strict=True):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _draw(path, found.experiment.name, lines)
        except OSError as error:
            raise cannot_write(path, error) from error
    return paths


def file_names(experiment: Experiment) -> list[str]:
    """A name for each title among the curves, all different: its first curve's metric and axis.

    Where a plot before it has the same two, its title is added, and where that is not enough, a number.
    """
    names: list[str] = []
    first: dict[str, Curve] = {}
    for curve in experiment.curves:
        first.setdefault(curve.title, curve)
    for title, curve in first.items():
        plain = f"{experiment.name}_{curve.metric}_by_{curve.axis}"
        titled = f"{plain}_{re.sub('[^a-z0-9]+', '_', title.lower()).strip('_')}"
        numbered = (f"{titled}_{number}" for number in itertools.count(2))
        candidates = (f"{name}.png" for name in itertools.chain((plain, titled), numbered))
        names.append(next(name for name in candidates if name not in names))
    return names


def _draw(path: Path, name: str, lines: Sequence[Drawn]) -> None:
    """One plot of curves that share title and axis."""
    curves, estimates = [drawn.curve for drawn in lines], [drawn.estimates for drawn in lines]
    several = any(curve.line for curve in curves)
    figure = Figure(figsize=(9.0 if several else 6.4, 4.4), dpi=150, layout="constrained")
    axes = figure.subplots()
    values = list(dict.fromkeys(value for by_value in estimates for value in by_value))
    named = any(isinstance(value, str) for value in values)  # nothing lies between names
    if not named:
        values.sort()
    log = curves[0].log
    seeds = max(estimate.seeds for by_value in estimates for estimate in by_value.values())
    measured = f"{seeds} seeds, 95 % interval" if seeds > 1 else "one seed"
    for curve, by_value in zip(curves, estimates, strict=True):
        points = list(by_value.values())
        xs = list(by_value) if log else [values.index(value) for value in by_value]
        errors = [[point.mean - point.low for point in points], [point.high - point.mean for point in points]]
        label = curve.line or f"measured, {measured}"
        style = "o" if named else "o-"
        (line, *_) = axes.errorbar(xs, [point.mean for point in points], yerr=errors, fmt=style, capsize=4, label=label)
        known = [(x, curve.published[value]) for x, value in zip(xs, by_value, strict=True) if value in curve.published]
        if known:
            color = line.get_color() if curve.line else "tab:gray"
            label = f"published, {curve.line}" if curve.line else "published"
            style = "s" if named else "s--"
            axes.plot(*zip(*known, strict=True), style, color=color, markerfacecolor="none", label=label)
    if log:
        axes.set(xscale="log", yscale="log")
    else:
        axes.set_xticks(range(len(values)), [position(value) for value in values])
        axes.set_xlim(-0.4, len(values) - 0.6)
    axes.set_xlabel(curves[0].axis)
    axes.set_ylabel(curves[0].label)
    axes.set_title(f"{name}: {curves[0].title[0].lower()}{curves[0].title[1:]}")
    axes.grid(alpha=0.3)
    if several:
        figure.legend(loc="outside right upper", title=measured)  # beside the lines: among many it would cover some
    else:
        axes.legend()
    figure.savefig(path)
