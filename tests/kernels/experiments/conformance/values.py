"""What recorded values must be: true ones possible and free of contradiction, each changed one refused by its name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kernels.arrays import F32
from kernels.cells import Cell, Condition
from kernels.experiment import Experiment
from kernels.metrics import Metric
from tests.kernels import tiny
from tests.kernels.experiments import runs
from tests.kernels.experiments.truth import Truth

Values = dict[str, F32]
DEAD, DIVERGED = 0.0, (1e38, np.inf, np.nan)
"""What all parameters of a network are that died or diverged."""
HOLLOW = 0.1
"""The share of the span of a metric's true values that an early tolerance may be."""


def are_possible(experiment: Experiment, values: Values, conditions: Sequence[Condition]) -> None:
    """Within every metric's bounds, and nothing contradicts anything."""
    assert list(values) == list(experiment.metrics)
    for name, metric in experiment.metrics.items():
        assert values[name].dtype == np.float32, name
        assert np.all((values[name] >= metric.low) & (values[name] <= metric.high)), f"{name} is out of its bounds"
    assert experiment.contradiction(values, conditions) is None


def true_ones_are_possible(truth: Truth) -> None:
    """All measurements of all cells."""
    assert truth.values.popitem()[1].shape == (len(truth.results), truth.experiment.measurements)
    are_possible(truth.experiment, truth.values, truth.conditions)


def of_dead_and_diverged_networks_are_possible(truth: Truth) -> None:
    """Whatever has become of a network's parameters."""
    experiment, engine = truth.experiment, tiny.engine("c")
    for result in truth.one_of_each_shape():
        for value in (DEAD, *DIVERGED):
            values = runs.with_parameters(experiment, [result.cell], engine, value)
            are_possible(experiment, values, [result.cell.condition])


def changed_ones_are_refused(truth: Truth) -> None:
    """One bit off, one count off, or above its bound: the contradiction names the metric, or what follows from it."""
    experiment, values = truth.experiment, truth.values
    tried = set()
    for row, at in _places(truth):
        for name in experiment.metrics:
            for value in _wrong(truth, name, row, at):
                tried.add(name)
                said = str(experiment.contradiction(_with(values, name, row, at, value), truth.conditions))
                assert name in said, f"{name} {value} instead of {values[name][row, at]}: {said}"
    known = {name for name, metric in experiment.metrics.items() if metric.samples or metric.formula or metric.at_most}
    assert tried == known, "nothing wrong could be made of some metric"


def what_follows_is_refused(truth: Truth) -> None:
    """Of a metric that others follow from another possible value, without what follows from it."""
    experiment, values = truth.experiment, truth.values
    formulas = {name: metric.formula for name, metric in experiment.metrics.items() if metric.formula}
    followed = set()
    for row, at in _places(truth):
        for name, metric in experiment.metrics.items():
            changed = _with(values, name, row, at, _another(metric, values[name][row, at], truth.conditions[row]))
            follow = [
                other
                for other, formula in formulas.items()
                if other != name
                and not np.array_equal(formula.compute(changed, truth.conditions), values[other], equal_nan=True)
            ]
            followed.update(follow)
            said = str(experiment.contradiction(changed, truth.conditions))
            assert not follow or any(other in said for other in follow), f"{name}: {follow} follow, but it says {said}"
    assert followed == set(formulas), "some metric follows from nothing that is measured"


def early_tolerances_are_not_hollow(truth: Truth) -> None:
    """Each is a small share of what true values span, and no early measurement of another seed lies within all."""
    experiment, engine = truth.experiment, tiny.engine("c")
    near = {name: metric.near[0] for name, metric in experiment.metrics.items()}
    for name, values in truth.values.items():
        assert near[name] <= HOLLOW * np.ptp(values), f"the early tolerance of {name} would let anything pass"
    for result in truth.results:
        other = Cell(result.cell.seed + 1, result.cell.condition)
        state = runs.until(experiment.start([other], engine), experiment.early)
        outside = [distance > near[name] for name, distance in runs.apart(experiment, [result], state)]
        assert np.any(outside, axis=0).all(), f"{other} passes for {result.cell}"


def _places(truth: Truth) -> Iterator[tuple[int, int]]:
    """Cell and measurement: of every cell the first, a middle and the last one."""
    last = truth.experiment.measurements - 1
    return ((row, at) for row in range(len(truth.results)) for at in (0, last // 2, last))


def _with(values: Values, name: str, row: int, at: int, value: float | np.float32) -> Values:
    curve = values[name].copy()
    curve[row, at] = value
    return {**values, name: curve}


def _wrong(truth: Truth, name: str, row: int, at: int) -> Iterator[float | np.float32]:
    """Values that the metric cannot have there."""
    metric, values, condition = truth.experiment.metrics[name], truth.values, truth.conditions[row]
    if metric.samples or metric.formula:
        yield from (np.nextafter(values[name][row, at], np.float32(way)) for way in (-np.inf, np.inf))
    if metric.at_most:
        above = float(values[metric.at_most][row, at]) * 1.001 + 1e-3
        total = _samples(metric, condition)
        yield np.float32(np.ceil(above * total) / total) if total else above


def _another(metric: Metric, true: np.float32, condition: Condition) -> np.float32:
    """Another value that the metric could have by itself: a count one off, or a number a little off."""
    total = _samples(metric, condition)
    if not total:
        return np.float32(true * np.float32(1.001) + np.float32(1e-3))
    count = round(float(true) * total)
    return np.float32((count - 1 if count else 1) / total)


def _samples(metric: Metric, condition: Condition) -> int:
    """Of how many samples the metric is a count; 0 if it is none."""
    return metric.samples(condition) if callable(metric.samples) else metric.samples or 0


CHECKS = (true_ones_are_possible, changed_ones_are_refused, what_follows_is_refused)
TRAINING_CHECKS = (of_dead_and_diverged_networks_are_possible, early_tolerances_are_not_hollow)
"""Of experiments that train networks."""
