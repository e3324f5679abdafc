"""The course of an experiment's training: said once, it makes the recipes of its blocks and tells what they cost."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kernels.cells import Axis, Cell, Condition
from kernels.engine.contract import Data, Engine
from kernels.engine.shapes import Network, Optimizer
from kernels.metrics import Clock, Metric
from kernels.programs.initial import Initial, he_normal
from kernels.programs.orders import Arranged, in_pieces, shuffled
from kernels.programs.program import Footprint
from kernels.programs.recipe import Measure, Recipe, cell_memory, cell_work, cells_in_cache, longest_segment
from kernels.programs.training import Training
from kernels.tasks import Task


@dataclass(frozen=True, kw_only=True)
class TrainingCourse:
    """`kernels.programs.program.Course` of experiments that train networks by plain stochastic gradient descent.

    Cells of a block have one network, training set's size and minibatch. What is given per condition may differ
    between them.
    """

    network: Callable[[Condition], Network]
    task: Task
    batch: int | Axis[int]  # samples of a minibatch
    rate: float | Axis[float]  # learning rate
    measured: tuple[int, ...]  # epochs after which cells are measured, rising; the last one ends the training
    measure: Measure
    # floating-point operations of one measurement of one cell; a forward pass over all samples if None
    measure_work: Callable[[Network], float] | None = None
    extra_memory: Callable[[Condition], float] = lambda condition: 0.0  # bytes of each cell besides
    l2: Callable[[Condition], float] | None = None
    dropout: Callable[[Condition], float] | None = None
    initial: Initial = he_normal
    arranged: Arranged | None = None  # makes each epoch's order of a shuffled one
    replicas: int = 1  # networks of a cell; see `Recipe`
    epoch: int | None = None  # samples of an epoch, where a pass over the training set is cut into several
    own_data: bool = False  # whether each cell has data of its own, which it shares with no other cell of its seed
    # what conditions make of the task's data sets: (cells of a block, the task's sets) -> sets; and the sizes of these
    derived: Callable[[Sequence[Cell], dict[str, Data]], Mapping[str, Data]] = lambda cells, sets: sets
    train: Callable[[Condition], int] | None = None  # samples of the training set that is derived
    extra_samples: int = 0  # of derived sets besides the task's

    @property
    def clock(self) -> Clock:
        """Epochs; samples where epochs are parts of a pass over the training set."""
        if self.epoch:
            return Clock("sample", tuple(self.epoch * epoch for epoch in self.measured))
        return Clock("epoch", self.measured)

    def shape(self, condition: Condition) -> Hashable:
        """Network, training set's size and minibatch."""
        return self.network(condition), self._train(condition), self._batch(condition)

    def width(self, condition: Condition, cache: int) -> int:
        """How many cells of a block fit `cache` bytes; at least one."""
        return max(1, cells_in_cache(self.network(condition), self._batch(condition), cache) // self.replicas)

    def work(self, condition: Condition) -> float:
        """Floating-point operations of one cell."""
        measuring = self._measure_work(condition)
        return cell_work(self.network(condition), self._epoch(condition), self.measured, measuring, self.replicas)

    def memory(self, condition: Condition) -> Footprint:
        """What a cell takes while it is trained and measured."""
        network, drawn = self.network(condition), longest_segment(self.measured) * self._epoch(condition)
        trained = cell_memory(network, "sgd", self._samples(condition), drawn, self.replicas)
        own = trained.cell + self.extra_memory(condition)
        return Footprint(own + trained.seed, 0.0) if self.own_data else Footprint(own, trained.seed)

    def start(self, cells: Sequence[Cell], engine: Engine, metrics: Mapping[str, Metric]) -> Training:
        """The program of a block of cells of one shape."""
        return Training(cells, engine, self.recipe(cells), metrics)

    def recipe(self, cells: Sequence[Cell]) -> Recipe:
        """The recipe of a block of cells of one shape."""
        condition, rate = cells[0].condition, self.rate
        sets = {
            name: replace(data, task=np.repeat(data.task, self.replicas))
            for name, data in self.derived(cells, self.task.sets(cells)).items()
        }
        train = self._train(condition)
        return Recipe(
            network=self.network(condition),
            optimizer=Optimizer("sgd"),
            samples=self._epoch(condition),
            batch=self._batch(condition),
            measured=self.measured,
            rates=tuple(rate.of(cell.condition) if isinstance(rate, Axis) else rate for cell in cells),
            sets=sets,
            measure=self.measure,
            measure_work=self._measure_work(condition),
            l2=tuple(self.l2(cell.condition) for cell in cells) if self.l2 else None,
            dropout=tuple(self.dropout(cell.condition) for cell in cells) if self.dropout else None,
            initial=self.initial,
            order=in_pieces(cells, train, self.epoch, self.replicas)
            if self.epoch
            else shuffled(cells, train, self.replicas, self.arranged),
            replicas=self.replicas,
        )

    def _train(self, condition: Condition) -> int:
        return self.train(condition) if self.train else self.task.sizes["train"]

    def _samples(self, condition: Condition) -> int:
        """Of all data sets."""
        sizes = self.task.sizes
        return self._train(condition) + sum(sizes.values()) - sizes["train"] + self.extra_samples

    def _epoch(self, condition: Condition) -> int:
        return self.epoch or self._train(condition)

    def _batch(self, condition: Condition) -> int:
        return self.batch if isinstance(self.batch, int) else self.batch.of(condition)

    def _measure_work(self, condition: Condition) -> float:
        network = self.network(condition)
        return self.measure_work(network) if self.measure_work else network.forward_flops(self._samples(condition))
