"""The course of an experiment's training: said once, it makes the recipes of its blocks and tells what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kernels.engine.seam import Data, Network, Optimizer
from kernels.experiment import Cell, Condition, Footprint
from kernels.training import Measure, Recipe, cell_memory, cell_work, cells_in_cache, in_pieces, longest_segment


@dataclass(frozen=True)
class Course:
    """What does not depend on the seed: networks, samples, steps, measurements. Plain stochastic gradient descent.

    Its methods `width`, `work` and `memory` are those of an `Experiment`.
    """

    network: Callable[[Condition], Network]
    train: int | Callable[[Condition], int]  # samples of the training set
    test: int  # samples of all other sets
    batch: int | str  # samples of a minibatch, or the axis of conditions that it is
    rate: float | str  # learning rate, or the axis of conditions that it is
    measured: tuple[int, ...]  # epochs after which cells are measured, rising; the last one ends the training
    # floating-point operations of one measurement of one cell; a forward pass over all samples if None
    measure_work: Callable[[Network], float] | None = None
    measure_memory: Callable[[Network], float] | None = None  # bytes that a measurement of one cell takes besides
    replicas: int = 1
    epoch: int | None = None  # samples of an epoch, where a pass over the training set is cut into several

    def recipe(
        self, cells: Sequence[Cell], sets: Mapping[str, Data], measure: Measure, metrics: Iterable[str]
    ) -> Recipe:
        """The recipe of a block of cells of one network, training set's size and batch."""
        condition, rate = cells[0].condition, self.rate
        return Recipe(
            network=self.network(condition),
            optimizer=Optimizer("sgd"),
            samples=self._epoch(condition),
            batch=self._batch(condition),
            measured=self.measured,
            rates=tuple(float(cell.condition[rate]) if isinstance(rate, str) else rate for cell in cells),
            sets=sets,
            measure=measure,
            metrics=metrics,
            measure_work=self._measure_work(condition),
            order=in_pieces(cells, self._train(condition), self.epoch, self.replicas) if self.epoch else None,
            replicas=self.replicas,
        )

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
        trained = cell_memory(network, "sgd", self._train(condition) + self.test, drawn, self.replicas)
        return trained.plus(self.measure_memory(network)) if self.measure_memory else trained

    def _train(self, condition: Condition) -> int:
        return self.train if isinstance(self.train, int) else self.train(condition)

    def _epoch(self, condition: Condition) -> int:
        return self.epoch or self._train(condition)

    def _batch(self, condition: Condition) -> int:
        return int(condition[self.batch]) if isinstance(self.batch, str) else self.batch

    def _measure_work(self, condition: Condition) -> float:
        network, samples = self.network(condition), self._train(condition) + self.test
        return self.measure_work(network) if self.measure_work else network.forward_flops(samples)
