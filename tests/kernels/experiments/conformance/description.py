"""What a row says of itself: axes, clock, metrics, curves and claims that fit each other."""

from __future__ import annotations

import itertools
import re

import numpy as np

from kernels.claims import Table, curve
from kernels.experiment import Experiment
from kernels.metrics import part
from tests.kernels.experiments.truth import Truth

NAME = re.compile(r"[a-z][a-z0-9]*")
WORDS = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9.]+)*")  # as `part` makes them


def says_what_it_is(experiment: Experiment) -> None:
    """Name, version, title, question and answer."""
    assert NAME.fullmatch(experiment.name)
    assert experiment.version >= 1
    for text in (experiment.title, experiment.question, experiment.answer):
        assert text == text.strip() != ""
        assert not set(text) & set("|\n"), "the texts stand in a table of README.md"
    assert experiment.question.endswith("?")


def axes_have_values(experiment: Experiment) -> None:
    """Every axis has different values of one type, and a name of its own."""
    assert len(experiment.grid) == len(experiment.axes) >= 1
    for axis in experiment.axes:
        assert WORDS.fullmatch(axis.name), axis.name
        assert len({type(value) for value in axis.values}) == 1, f"{axis.name} mixes types"
        assert type(axis.values[0]) in (int, float, str), axis.name
        assert len(set(axis.values)) == len(axis.values) >= 1, f"{axis.name} has a value twice"
        assert not any(isinstance(value, float) and not np.isfinite(value) for value in axis.values), axis.name


def clock_rises(experiment: Experiment) -> None:
    """Cells are first measured before training, where near engines must agree in every digest, and then ever later."""
    ticks = experiment.clock.ticks
    assert experiment.clock.unit
    assert ticks[0] == 0
    assert all(before < after for before, after in itertools.pairwise(ticks))
    assert 1 <= experiment.early <= len(ticks)


def metrics_are_declared(experiment: Experiment) -> None:
    """Every metric has one spelling, possible bounds, tolerances that widen, and speaks of metrics that there are."""
    for name, metric in experiment.metrics.items():
        assert WORDS.fullmatch(name), f"{name} is not spelled as `part` spells it"
        assert metric.meaning, name
        assert metric.unit, name
        assert metric.low < metric.high, name
        early, late = metric.near
        assert 0 <= early <= late, name
        assert metric.at_most in (None, *experiment.metrics), name
        assert metric.samples or metric.formula or "accuracy" not in name, f"{name} is a count: say of how many samples"
    for name in experiment.metrics:
        base, _, number = name.rpartition("_")
        if number.isdigit():
            assert name == part(base, int(number)), f"{name} has a number that `part` would write otherwise"


def curves_can_be_drawn(experiment: Experiment) -> None:
    """A curve speaks of metrics, axes and values that there are; lines of one plot have names of their own."""
    plots: dict[str, tuple[str, bool]] = {}
    for drawn in experiment.curves:
        if drawn.points is None:
            assert drawn.metric in experiment.metrics, drawn.title
            assert set(drawn.published) <= set(experiment.grid[drawn.axis]), drawn.title
        else:
            assert drawn.points, drawn.title
            assert set(drawn.published) <= set(drawn.points), drawn.title
        for axis, value in drawn.where.items():
            assert value in experiment.grid[axis], drawn.title
        assert drawn.title, "a curve without a title"
        assert drawn.label, drawn.title
        assert plots.setdefault(drawn.title, (drawn.axis, drawn.log)) == (drawn.axis, drawn.log), drawn.title
    lines = [(drawn.title, drawn.line) for drawn in experiment.curves]
    assert len(set(lines)) == len(lines), "two lines of a plot have one name"


def claims_are_told(experiment: Experiment) -> None:
    """There is a claim, each with a text of its own, what was published, and a unit."""
    texts = [claim.text for claim in experiment.claims]
    assert len(set(texts)) == len(texts) >= 1
    for claim in experiment.claims:
        for text in (claim.finding, claim.text, claim.published, claim.unit):
            assert text == text.strip() != "", claim.text


def claims_and_curves_read_tables(truth: Truth) -> None:
    """Statistics and curves of a table of true cells: at most a finite number for its one seed."""
    experiment = truth.experiment
    condition = {axis: np.array([at[axis] for at in truth.conditions]) for axis in experiment.grid}
    seeds = np.array([result.cell.seed for result in truth.results], np.int64)
    assert len(set(seeds.tolist())) == 1
    table = Table(seeds, condition, truth.values)
    for claim in experiment.claims:
        numbers = claim.statistic(table)
        assert numbers.shape in ((0,), (1,)), claim.text
        assert np.isfinite(numbers).all(), claim.text
    for drawn in experiment.curves:
        points = curve(table, drawn)
        assert points, drawn.title
        assert all(np.isfinite(estimate.mean) or estimate.seeds == 0 for estimate in points.values()), drawn.title


CHECKS = (
    says_what_it_is,
    axes_have_values,
    clock_rises,
    metrics_are_declared,
    curves_can_be_drawn,
    claims_are_told,
)
