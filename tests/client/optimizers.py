"""An experiment whose cells need all that a checkpoint can hold: nothing kept, momentum, and Adam with its step.

Small sets of samples, so that a block is begun, or taken up again, in a few milliseconds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final, cast

import numpy as np

from kernels import workunit
from kernels.engine.seam import F32, Block, Data, Engine, Method, Network, Optimizer
from kernels.experiment import Cell, Condition, Experiment
from kernels.experiments import compgen
from kernels.measures import recorded_loss
from kernels.tasks import compositional
from kernels.training import Recipe, Training, cell_work
from kernels.workunit import Seeds, WorkUnit

TASK: Final = dataclasses.replace(compgen.TASK, train=250, test=10)
BATCH: Final = 32
MEASURED: Final = (0, 20, 50, 51, 80, 120)  # epochs
METRICS: Final = {name: compgen.METRICS[name] for name in ("train_loss", "train_accuracy")}
RATES: Final[dict[Method, float]] = {"sgd": 0.02, "momentum": 0.01, "adam": 0.005}


def network(condition: Condition) -> Network:
    hidden = int(condition["width"])
    return Network((TASK.groups * TASK.group_size, hidden, hidden, TASK.classes), "relu", "softmax")


def measure_work(condition: Condition) -> float:
    return network(condition).forward_flops(TASK.train)


def start(cells: Sequence[Cell], engine: Engine) -> Training:
    method = cast(Method, cells[0].condition["optimizer"])
    splits = [compositional.make(TASK, cell.seed).train for cell in cells]
    x, y = np.stack([samples.x for samples in splits]), np.stack([samples.y for samples in splits])
    sets = {"train": Data(x, y, np.arange(len(cells)))}
    rates = (RATES[method],) * len(cells)
    recipe = Recipe(
        network(cells[0].condition), Optimizer(method), TASK.train, BATCH, MEASURED, rates, sets, measure, METRICS,
        measure_work(cells[0].condition),
    )  # fmt: skip
    return Training(cells, engine, recipe)


def measure(engine: Engine, block: Block, data: Mapping[str, Data]) -> dict[str, F32]:
    found = engine.evaluate(block, data["train"])
    accuracy = (found.correct / TASK.train).astype(np.float32)
    return {"train_loss": recorded_loss(found.loss), "train_accuracy": accuracy}


EXPERIMENT: Final[Experiment] = dataclasses.replace(
    compgen.EXPERIMENT,
    name="optimizers",
    grid={"width": (16, 48), "optimizer": ("sgd", "momentum", "adam")},
    metrics=METRICS,
    measurements=len(MEASURED),
    shape=lambda condition: (condition["width"], condition["optimizer"]),
    width=lambda condition, cache: 4,
    work=lambda condition: cell_work(network(condition), TASK.train, MEASURED, measure_work(condition)),
    start=start,
    claims=(),
    curves=(),
)
UNIT: Final = WorkUnit(workunit.FORMAT, EXPERIMENT.name, EXPERIMENT.version, Seeds(1000, 32))
