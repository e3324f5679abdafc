"""Plots and tables of curves: which share a plot, and what they are called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from kernels.claims import Curve, Table
from kernels.experiments import EXPERIMENTS
from kernels.experiments.compgen import EXPERIMENT
from server_validator.reporting import findings, plots, tables

ROWS = [(seed, width, depth) for seed in range(3) for width in (32, 64) for depth in (1, 2)]
SEED, WIDTH, DEPTH = np.array(ROWS).T
TABLE = Table(SEED, {"width": WIDTH, "depth": DEPTH}, {"gap": (WIDTH / 100 + DEPTH + SEED / 50)[:, None]})
ROW = replace(
    EXPERIMENT,
    claims=(),
    curves=(
        Curve(
            title="By depth",
            axis="width",
            metric="gap",
            label="a gap",
            published={64: 1.5},
            line="one layer",
            where={"depth": 1},
        ),
        Curve(
            title="Alone",
            axis="depth",
            metric="gap",
            label="a gap",
            published={1: 1.25},
        ),
        Curve(
            title="By depth",
            axis="width",
            metric="gap",
            label="a gap",
            published={},
            line="two layers",
            where={"depth": 2},
        ),
    ),
)


PAGES = Path(__file__).parents[3] / "docs" / "experiments"


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    monkeypatch.setattr(Figure, "savefig", lambda self, path: figures.setdefault(path.name, self))
    paths = plots.plot(tmp_path, findings.of(ROW, TABLE))
    assert [path.name for path in paths] == list(figures)
    return figures


def test_curves_of_one_title_are_lines_of_one_plot(drawn: dict[str, Figure]) -> None:
    assert list(drawn) == ["compgen_gap_by_width.png", "compgen_gap_by_depth.png"]
    (axes,) = drawn["compgen_gap_by_width.png"].axes
    (legend,) = drawn["compgen_gap_by_width.png"].legends
    assert legend.get_title().get_text() == "3 seeds, 95 % interval"
    assert {text.get_text() for text in legend.get_texts()} == {"one layer", "published, one layer", "two layers"}
    drawn_through = {tuple(np.asarray(line.get_ydata(), np.float64).round(4)) for line in axes.lines}
    assert {(1.34, 1.66), (2.34, 2.66), (1.5,)} <= drawn_through


def test_a_curve_alone_is_told_from_what_was_published(drawn: dict[str, Figure]) -> None:
    (axes,) = drawn["compgen_gap_by_depth.png"].axes
    legend = axes.get_legend()
    assert legend is not None
    assert {text.get_text() for text in legend.get_texts()} == {"measured, 3 seeds, 95 % interval", "published"}
    assert axes.get_title() == "compgen: alone"


def test_tables_name_their_line() -> None:
    console = Console(record=True, width=120)
    tables.show(console, findings.of(ROW, TABLE))
    text = console.export_text()
    assert "By depth, one layer" in text
    assert "By depth, two layers" in text
    assert "Alone\n" in "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def test_a_power_law_is_drawn_where_it_is_a_straight_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda self, path: figures.append(self))
    curves = tuple(
        Curve(
            title="By width",
            axis="width",
            metric="gap",
            label="a gap",
            published={64: 1.5},
            log=log,
        )
        for log in (False, True)
    )
    for curve in curves:
        plots.plot(tmp_path, findings.of(replace(ROW, curves=(curve,)), TABLE))
    even, logarithmic = (figure.axes[0] for figure in figures)
    assert (even.get_xscale(), even.get_yscale()) == ("linear", "linear")
    assert (logarithmic.get_xscale(), logarithmic.get_yscale()) == ("log", "log")
    assert np.asarray(logarithmic.lines[0].get_xdata()).tolist() == [32, 64], "at their values, not evenly spaced"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_lines_of_one_plot_can_be_told_apart(name: str) -> None:
    plots: dict[str, list[Curve]] = {}
    for curve in EXPERIMENTS[name].curves:
        plots.setdefault(curve.title, []).append(curve)
    for curves in plots.values():
        assert len({(curve.axis, curve.label, curve.log) for curve in curves}) == 1
        assert len(curves) == 1 or len({curve.line for curve in curves if curve.line}) == len(curves)


COLLIDING = replace(
    ROW,
    curves=(
        Curve(
            title="Narrow nets",
            axis="width",
            metric="gap",
            label="a gap",
            published={},
        ),
        Curve(
            title="By depth",
            axis="depth",
            metric="gap",
            label="a gap",
            published={},
        ),
        Curve(
            title="Wide nets, twice",
            axis="width",
            metric="gap",
            label="a gap",
            published={},
        ),
        Curve(
            title="Wide nets: twice",
            axis="width",
            metric="gap",
            label="a gap",
            published={},
        ),
    ),
)


def test_plots_over_the_same_metric_and_axis_have_files_of_their_own(tmp_path: Path) -> None:
    paths = plots.plot(tmp_path, findings.of(COLLIDING, TABLE))
    assert [path.name for path in paths] == [
        "compgen_gap_by_width.png",
        "compgen_gap_by_depth.png",
        "compgen_gap_by_width_wide_nets_twice.png",
        "compgen_gap_by_width_wide_nets_twice_2.png",
    ]
    assert sorted(tmp_path.iterdir()) == sorted(paths)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_pages_show_plots_by_the_names_that_are_written(name: str) -> None:
    names = plots.file_names(EXPERIMENTS[name])
    assert len(set(names)) == len(names)
    assert {path.name for path in PAGES.glob(f"{name}_*.png")} <= set(names)
