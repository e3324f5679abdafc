"""The course of an experiment's training: said once, it makes the recipes of its blocks and tells what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kernels.engine.seam import Data, Network, Optimizer
from kernels.experiment import Cell, Condition, Footprint
from kernels.training import Measure, Recipe, cell_memory, cell_work, cells_in_cache, longest_segment


@dataclass(frozen=True)
class Course:
    """What does not depend on the seed: networks, samples, steps, measurements. Plain stochastic gradient descent.

    Its methods `width`, `work` and `memory` are those of an `Experiment`.
    """

    network: Callable[[Condition], Network]
    train: int  # samples of the training set
    test: int  # samples of all other sets
    batch: int
    rate: float | str  # learning rate, or the axis of conditions that it is
    measured: tuple[int, ...]  # epochs after which cells are measured, rising; the last one ends the training
    # floating-point operations of one measurement of one cell; a forward pass over all samples if None
    measure_work: Callable[[Network], float] | None = None
    measure_memory: Callable[[Network], float] | None = None  # bytes that a measurement of one cell takes besides
    replicas: int = 1

    def recipe(
        self, cells: Sequence[Cell], sets: Mapping[str, Data], measure: Measure, metrics: Iterable[str]
    ) -> Recipe:
        """The recipe of a block of cells of one network."""
        rate = self.rate
        return Recipe(
            network=self.network(cells[0].condition),
            optimizer=Optimizer("sgd"),
            samples=self.train,
            batch=self.batch,
            measured=self.measured,
            rates=tuple(float(cell.condition[rate]) if isinstance(rate, str) else rate for cell in cells),
            sets=sets,
            measure=measure,
            metrics=metrics,
            measure_work=self._measure_work(cells[0].condition),
            replicas=self.replicas,
        )

    def width(self, condition: Condition, cache: int) -> int:
        """How many cells of a block fit `cache` bytes; at least one."""
        return max(1, cells_in_cache(self.network(condition), self.batch, cache) // self.replicas)

    def work(self, condition: Condition) -> float:
        """Floating-point operations of one cell."""
        measuring = self._measure_work(condition)
        return cell_work(self.network(condition), self.train, self.measured, measuring, self.replicas)

    def memory(self, condition: Condition) -> Footprint:
        """What a cell takes while it is trained and measured."""
        network, drawn = self.network(condition), longest_segment(self.measured) * self.train
        trained = cell_memory(network, "sgd", self.train + self.test, drawn, self.replicas)
        return trained.plus(self.measure_memory(network)) if self.measure_memory else trained

    def _measure_work(self, condition: Condition) -> float:
        network = self.network(condition)
        return self.measure_work(network) if self.measure_work else network.forward_flops(self.train + self.test)
