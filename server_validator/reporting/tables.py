"""Findings as tables on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as Grid

from kernels import claims
from kernels.claims import Estimate
from server_validator.reporting.findings import Drawn, Findings
from server_validator.reporting.words import position


def show(console: Console, found: Findings, left_out: Sequence[str] = ()) -> None:
    """Print an experiment's curves and claims, each beside what was published, after what they leave out."""
    experiment = found.experiment
    console.print(f"[bold]{experiment.name}[/] version {experiment.version}: {experiment.title}")
    console.print(f"{found.cells} networks, seeds: {found.seeds}; intervals are 95 %, by bootstrap over seeds")
    for sentence in left_out:
        console.print(sentence, style="bold", highlight=False, markup=False, soft_wrap=True)
    console.print()
    for drawn in found.curves:
        console.print(_grid(drawn))
    for decided in found.claims:
        claim, estimate, verdict = decided.claim, decided.estimate, decided.verdict
        lines = (
            f"\n[bold]{claim.finding}[/] {claim.text}: [bold]{verdict}[/]",
            f"  measured:  {claim.unit} {interval(estimate)}",
            f"  published: {claim.published}",
        )
        for line in lines:
            console.print(line, highlight=False, soft_wrap=True)
        if verdict == "undecided" and estimate.seeds < claims.DECIDING_SEEDS:
            console.print(f"  a decision needs at least {claims.DECIDING_SEEDS} seeds")


def interval(estimate: Estimate) -> str:
    """An estimate with its interval, as "+.024 [+.018, +.031]"."""
    if estimate.seeds == 0:
        return "no complete seed"
    if estimate.seeds == 1:
        return f"{estimate.mean:+.4f} (one seed: no interval)"
    between = f"[{estimate.low:+.4f}, {estimate.high:+.4f}]"
    return f"{estimate.mean:+.4f} {between}, {estimate.seeds} seeds".replace("[", "\\[")


def _grid(drawn: Drawn) -> Grid:
    curve = drawn.curve
    grid = Grid(title=f"{curve.title}, {curve.line}" if curve.line else curve.title, title_justify="left")
    for heading in (curve.axis, curve.metric, "95 % interval", "seeds", "published"):
        grid.add_column(heading, justify="right")
    for value, estimate in drawn.estimates.items():
        published = f"{curve.published[value]:.3f}" if value in curve.published else ""
        between = f"{estimate.low:.3f} .. {estimate.high:.3f}" if estimate.seeds > 1 else ""
        grid.add_row(position(value), f"{estimate.mean:.3f}", between, str(estimate.seeds), published)
    return grid
