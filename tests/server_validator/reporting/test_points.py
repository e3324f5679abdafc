"""Findings for people: what a curve over names or points looks like."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from kernels.claims import Curve, Table
from kernels.experiments import EXPERIMENTS
from server_validator.reporting import findings, plots, tables

TABLE = Table(
    np.array([1, 1, 2, 2]),
    {"order": np.array(["easy_first", "random"] * 2, object)},
    {"gap": np.array([[0.25], [0.5], [0.125], [0.75]], np.float32)},
)
NAMES = Curve(
    title="Gap by order",
    axis="order",
    metric="gap",
    label="gap",
    published={"random": 0.625},
)
POINTS = Curve(
    title="Gap by layer",
    axis="layer",
    metric="depth",
    label="gap",
    published={2: 0.5},
    points={1: lambda of: of.final("gap"), 2: lambda of: of.final("gap")},
)


@pytest.mark.parametrize(
    ("curve", "words"), [(NAMES, ["easy_first", "random", "0.625", "0.188"]), (POINTS, ["layer", "0.500", "0.406"])]
)
def test_a_curve_over_names_or_points_is_shown_and_drawn(curve: Curve, words: list[str], tmp_path: Path) -> None:
    experiment = replace(EXPERIMENTS["compgen"], curves=(curve,), claims=())
    text = io.StringIO()
    tables.show(Console(file=text, width=120), findings.of(experiment, TABLE))
    for word in words:
        assert word in text.getvalue()
    (path,) = plots.plot(tmp_path, findings.of(experiment, TABLE))
    assert path.name == f"compgen_{curve.metric}_by_{curve.axis}.png"
    assert path.read_bytes().startswith(b"\x89PNG")
