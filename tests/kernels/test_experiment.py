"""What follows from an experiment's row: its grid, its clock, and how its values contradict each other."""

from __future__ import annotations

import dataclasses

import numpy as np

from kernels.experiment import compute
from kernels.experiments import EXPERIMENTS
from kernels.metrics import Values
from tests.kernels import tiny

ROW = EXPERIMENTS["compgen"]
RELATION = "these values are not related as they should be"


def unrelated(values: Values, conditions: object) -> str | None:
    return RELATION


def test_the_grid_is_every_axis_by_its_name() -> None:
    assert list(ROW.grid.items()) == [(axis.name, axis.values) for axis in ROW.axes]


def test_an_experiment_is_measured_when_its_course_says() -> None:
    assert ROW.clock == ROW.course.clock
    assert ROW.measurements == len(ROW.clock.ticks)


def test_relations_are_asked_where_metrics_alone_contradict_nothing() -> None:
    cells = tiny.unit().cells
    computed = compute(ROW, cells, tiny.engine("c"))
    assert [result.cell for result in computed] == cells
    values = {name: np.stack([result.metrics[name] for result in computed]) for name in ROW.metrics}
    conditions = [cell.condition for cell in cells]
    related = dataclasses.replace(ROW, relations=unrelated)
    assert ROW.contradiction(values, conditions) is None
    assert related.contradiction(values, conditions) == RELATION
    name = next(name for name, metric in ROW.metrics.items() if metric.samples)
    off = {**values, name: np.nextafter(values[name], np.float32(2))}
    assert related.contradiction(off, conditions) == ROW.contradiction(off, conditions)
    assert name in str(related.contradiction(off, conditions))
