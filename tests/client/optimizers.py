"""An experiment whose cells need all that a checkpoint can hold: nothing kept, momentum, and Adam with its step.

Small sets of samples, so that a block is begun, or taken up again, in a few milliseconds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Sequence
from typing import Final

from kernels.cells import Axis, Cell, Condition
from kernels.engine.shapes import Method, Network, Optimizer
from kernels.experiment import Experiment
from kernels.experiments import compgen
from kernels.experiments.families.compositional import TASK as FAMILY_TASK
from kernels.formats.workunit import Seeds, WorkUnit
from kernels.programs import TrainingCourse
from kernels.programs.recipe import Recipe

TASK: Final = dataclasses.replace(FAMILY_TASK, train=250, test=10)
BATCH: Final = 32
MEASURED: Final = (0, 20, 50, 51, 80, 120)  # epochs
METRICS: Final = {name: compgen.METRICS[name] for name in ("train_loss", "train_accuracy")}
WIDTH, OPTIMIZER = Axis("width", (16, 48)), Axis[Method]("optimizer", ("sgd", "momentum", "adam"))
RATES: Final[dict[Method, float]] = {"sgd": 0.02, "momentum": 0.01, "adam": 0.005}


@dataclasses.dataclass(frozen=True, kw_only=True)
class AnyOptimizer(TrainingCourse):
    """A course with the condition's optimizer."""

    def shape(self, condition: Condition) -> Hashable:
        return super().shape(condition), OPTIMIZER.of(condition)

    def width(self, condition: Condition, cache: int) -> int:
        return 4

    def recipe(self, cells: Sequence[Cell]) -> Recipe:
        method = OPTIMIZER.of(cells[0].condition)
        rates = (RATES[method],) * len(cells)
        return dataclasses.replace(super().recipe(cells), optimizer=Optimizer(method), rates=rates)


def network(condition: Condition) -> Network:
    hidden = WIDTH.of(condition)
    return Network((TASK.groups * TASK.group_size, hidden, hidden, TASK.classes), "relu", "softmax")


EXPERIMENT: Final[Experiment] = dataclasses.replace(
    compgen.EXPERIMENT,
    name="optimizers",
    axes=(WIDTH, OPTIMIZER),
    course=AnyOptimizer(
        network=network, task=TASK, batch=BATCH, rate=0.0, measured=MEASURED, measure=lambda now: now.fit("train"),
        measure_work=lambda network: network.forward_flops(TASK.train),
    ),
    metrics=METRICS,
    claims=(),
    curves=(),
)  # fmt: skip
UNIT: Final = WorkUnit(EXPERIMENT, Seeds(1000, 32))
