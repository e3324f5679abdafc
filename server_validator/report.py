"""Findings for people: tables on a terminal, and plots as PNG files."""

from __future__ import annotations

from collections.abc import Mapping
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
    """Write one PNG per curve of the experiment; the files."""
    import matplotlib as mpl

    mpl.use("Agg")
    paths = []
    for curve in experiment.curves:
        path = folder / f"{experiment.name}_{curve.metric}_by_{curve.axis}.png"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _draw(path, experiment, curve, findings.curve(table, curve))
        except OSError as error:
            raise CannotWrite(path, error.strerror or error) from error
        paths.append(path)
    return paths


def _name(value: Position) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _grid(curve: Curve, found: Mapping[Position, Estimate]) -> Grid:
    grid = Grid(title=curve.title, title_justify="left")
    for heading in (curve.axis, curve.metric, "95 % interval", "seeds", "published"):
        grid.add_column(heading, justify="right")
    for value, of in found.items():
        published = f"{curve.published[value]:.3f}" if value in curve.published else ""
        between = f"{of.low:.3f} .. {of.high:.3f}" if of.seeds > 1 else ""
        grid.add_row(_name(value), f"{of.mean:.3f}", between, str(of.seeds), published)
    return grid


def _draw(path: Path, experiment: Experiment, curve: Curve, found: Mapping[Position, Estimate]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.4), dpi=150, layout="constrained")
    axes = figure.subplots()
    xs = list(range(len(found)))
    named = any(isinstance(value, str) for value in found)  # nothing lies between names
    means = [of.mean for of in found.values()]
    errors = [[of.mean - of.low for of in found.values()], [of.high - of.mean for of in found.values()]]
    seeds = max(of.seeds for of in found.values())
    label = f"measured, {seeds} seeds, 95 % interval" if seeds > 1 else "measured, one seed"
    axes.errorbar(xs, means, yerr=errors, fmt="o" if named else "o-", capsize=4, label=label)
    known = [(x, curve.published[value]) for x, value in enumerate(found) if value in curve.published]
    if known:
        axes.plot(*zip(*known, strict=True), "s" if named else "s--", color="tab:gray", label="published")
    axes.set_xticks(xs, [_name(value) for value in found])
    axes.set_xlim(-0.4, len(xs) - 0.6)
    axes.set_xlabel(curve.axis)
    axes.set_ylabel(curve.label)
    axes.set_title(f"{experiment.name}: {curve.title[0].lower()}{curve.title[1:]}")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path)
