"""Findings for people: tables on a terminal, and plots as PNG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid

from kernels import findings
from kernels.errors import CannotWrite
from kernels.experiment import Experiment
from kernels.findings import Curve, Estimate, Position, Table


def show(console: Console, experiment: Experiment, table: Table) -> None:
    """Print an experiment's curves and claims, each beside what was published."""
    console.print(f"[bold]{experiment.name}[/] version {experiment.version}: {experiment.title}")
    seeds = len({int(seed) for seed in table.seed})
    console.print(f"{len(table.seed)} networks, seeds: {seeds}; intervals are 95 %, by bootstrap over seeds\n")
    for curve in experiment.curves:
        console.print(_grid(curve, findings.curve(table, curve)))
    for claim in experiment.claims:
        found = findings.estimate(claim.statistic(table))
        verdict = findings.verdict(found)
        lines = (
            f"\n[bold]{claim.finding}[/] {claim.text}: [bold]{verdict}[/]",
            f"  measured:  {claim.unit} {interval(found)}",
            f"  published: {claim.published}",
        )
        for line in lines:
            console.print(line, highlight=False, soft_wrap=True)
        if verdict == "undecided" and found.seeds < findings.DECIDING_SEEDS:
            console.print(f"  a decision needs at least {findings.DECIDING_SEEDS} seeds")


def interval(of: Estimate) -> str:
    """An estimate with its interval, as "+.024 [+.018, +.031]"."""
    if of.seeds == 0:
        return "no complete seed"
    if of.seeds == 1:
        return f"{of.mean:+.4f} (one seed: no interval)"
    return f"{of.mean:+.4f} [{of.low:+.4f}, {of.high:+.4f}], {of.seeds} seeds".replace("[", "\\[")


def plot(folder: Path, experiment: Experiment, table: Table) -> list[Path]:
    """Write one PNG per title among the experiment's curves, named after the first of that title; the files."""
    import matplotlib as mpl

    mpl.use("Agg")
    plots: dict[str, list[Curve]] = {}
    for curve in experiment.curves:
        plots.setdefault(curve.title, []).append(curve)
    paths = []
    for curves in plots.values():
        path = folder / f"{experiment.name}_{curves[0].metric}_by_{curves[0].axis}.png"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _draw(path, experiment, curves, [findings.curve(table, curve) for curve in curves])
        except OSError as error:
            raise CannotWrite(path, error.strerror or error) from error
        paths.append(path)
    return paths


def _name(value: Position) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _grid(curve: Curve, found: Mapping[Position, Estimate]) -> Grid:
    grid = Grid(title=f"{curve.title}, {curve.line}" if curve.line else curve.title, title_justify="left")
    for heading in (curve.axis, curve.metric, "95 % interval", "seeds", "published"):
        grid.add_column(heading, justify="right")
    for value, of in found.items():
        published = f"{curve.published[value]:.3f}" if value in curve.published else ""
        between = f"{of.low:.3f} .. {of.high:.3f}" if of.seeds > 1 else ""
        grid.add_row(_name(value), f"{of.mean:.3f}", between, str(of.seeds), published)
    return grid


def _draw(
    path: Path, experiment: Experiment, curves: Sequence[Curve], found: Sequence[Mapping[Position, Estimate]]
) -> None:
    from matplotlib.figure import Figure

    several = any(curve.line for curve in curves)
    figure = Figure(figsize=(9.0 if several else 6.4, 4.4), dpi=150, layout="constrained")
    axes = figure.subplots()
    values = list(dict.fromkeys(value for estimates in found for value in estimates))
    named = any(isinstance(value, str) for value in values)  # nothing lies between names
    if not named:
        values.sort()
    log = curves[0].log
    seeds = max(of.seeds for estimates in found for of in estimates.values())
    measured = f"{seeds} seeds, 95 % interval" if seeds > 1 else "one seed"
    for curve, estimates in zip(curves, found, strict=True):
        of = list(estimates.values())
        xs = list(estimates) if log else [values.index(value) for value in estimates]
        errors = [[e.mean - e.low for e in of], [e.high - e.mean for e in of]]
        label = curve.line or f"measured, {measured}"
        style = "o" if named else "o-"
        (line, *_) = axes.errorbar(xs, [e.mean for e in of], yerr=errors, fmt=style, capsize=4, label=label)
        known = [
            (x, curve.published[value]) for x, value in zip(xs, estimates, strict=True) if value in curve.published
        ]
        if known:
            color = line.get_color() if curve.line else "tab:gray"
            label = f"published, {curve.line}" if curve.line else "published"
            style = "s" if named else "s--"
            axes.plot(*zip(*known, strict=True), style, color=color, markerfacecolor="none", label=label)
    if log:
        axes.set(xscale="log", yscale="log")
    else:
        axes.set_xticks(range(len(values)), [_name(value) for value in values])
        axes.set_xlim(-0.4, len(values) - 0.6)
    axes.set_xlabel(curves[0].axis)
    axes.set_ylabel(curves[0].label)
    axes.set_title(f"{experiment.name}: {curves[0].title[0].lower()}{curves[0].title[1:]}")
    axes.grid(alpha=0.3)
    if several:
        figure.legend(loc="outside right upper", title=measured)  # beside the lines: among many it would cover some
    else:
        axes.legend()
    figure.savefig(path)
