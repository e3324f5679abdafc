"""The program of every experiment that trains networks: segments of epochs between measurements, resumable anywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from kernels.arrays import F32
from kernels.cells import Cell
from kernels.engine.contract import Block, Engine, Schedule
from kernels.engine.shapes import MOMENTS
from kernels.metrics import Metric
from kernels.programs.orders import shuffled
from kernels.programs.program import State, take_over
from kernels.programs.recipe import Recipe, cell_work
from kernels.programs.record import DIGEST_BYTES, Record
from kernels.programs.snapshot import Snapshot


class Training:
    """`kernels.programs.program.Program` for a block of networks trained by a recipe."""

    def __init__(self, cells: Sequence[Cell], engine: Engine, recipe: Recipe, metrics: Mapping[str, Metric]) -> None:
        self.cells = cells
        self._engine, self._recipe = engine, recipe
        network, count = recipe.network, len(cells)
        if recipe.dropout is not None and recipe.replicas > 1:
            raise ValueError("dropout draws from the cell's seed: replicas would drop the same units")
        networks = [(cell.seed, replica) for cell in cells for replica in range(recipe.replicas)]
        self._block = Block(
            network,
            recipe.optimizer,
            np.array([seed for seed, _ in networks], dtype=np.uint64),
            np.stack([recipe.initial(network, seed, replica) for seed, replica in networks]),
            np.zeros((MOMENTS[recipe.optimizer.method], len(networks), network.parameters), dtype=np.float32),
        )
        self._order = recipe.order or shuffled(cells, recipe.samples, recipe.replicas)
        self._epoch_sizes = recipe.epoch_sizes
        self._record = Record(cells, metrics, len(recipe.measured))
        self._measurements = 0
        self._schedule: Schedule | None = None
        self.work = count * cell_work(network, recipe.samples, recipe.measured, recipe.measure_work, recipe.replicas)
        self._step_work = len(networks) * network.training_flops(recipe.samples) / len(self._epoch_sizes)
        self._measure_work = count * recipe.measure_work

    @property
    def done(self) -> float:
        """Floating-point operations of finished steps and measurements."""
        if self._measurements == len(self._recipe.measured):
            return self.work
        return self._block.step * self._step_work + self._measurements * self._measure_work

    def advance(self, work: float) -> None:
        """See `Program`: train steps of the present segment, or measure at its end."""
        end = self._recipe.measured[self._measurements] * len(self._epoch_sizes)
        left = end - self._block.step
        if left:
            steps = int(min(left, max(1.0, work / self._step_work)))
            self._engine.train(self._block, self._recipe.sets["train"], self._segment(end), steps)
        if self._block.step == end:
            self._measure()

    def _measure(self) -> None:
        values = self._recipe.measure(Snapshot(self.cells, self._engine, self._block, self._recipe.sets))
        self._record.enter(self._measurements, values, self._digests())
        self._measurements += 1
        self._schedule = None

    def _digests(self) -> list[bytes]:
        """A digest per cell: its network's, or one of all its replicas'."""
        networks, replicas = self._block.digests(), self._recipe.replicas
        if replicas == 1:
            return networks
        together = [b"".join(networks[first : first + replicas]) for first in range(0, len(networks), replicas)]
        return [hashlib.blake2b(joined, digest_size=DIGEST_BYTES).digest() for joined in together]

    def _segment(self, end: int) -> Schedule:
        """The schedule from the last measurement to the next, the same whether reached in one go or resumed."""
        if self._schedule is None:
            per_epoch, recipe = len(self._epoch_sizes), self._recipe
            last = end // per_epoch
            first = recipe.measured[self._measurements - 1] if self._measurements else 0
            steps = end - first * per_epoch
            self._schedule = Schedule(
                first * per_epoch,
                np.tile(self._epoch_sizes, last - first),
                self._order(first, last),
                self._per_step(recipe.rates, steps),
                None if recipe.l2 is None else self._per_step(recipe.l2, steps),
                None if recipe.decay is None else self._per_step(recipe.decay, steps),
                None if recipe.dropout is None else np.array(recipe.dropout, dtype=np.float32),
            )
        return self._schedule

    def _per_step(self, values: Sequence[float], steps: int) -> F32:
        """Values of cells as values [networks, steps]."""
        column = np.repeat(np.array(values, dtype=np.float32), self._recipe.replicas)[:, None]
        return np.repeat(column, steps, axis=1)

    def export(self) -> State:
        """See `Program`."""
        state = self._record.state() | {"progress": np.array([self._block.step, self._measurements], np.int64)}
        if self.done < self.work:
            state |= {"params": self._block.params, "moments": self._block.moments}
        return state

    def restore(self, state: State) -> None:
        """See `Program`."""
        take_over(self.export() | {"params": self._block.params, "moments": self._block.moments}, state)
        step, measurements = (int(v) for v in state["progress"])
        self._block.step, self._measurements, self._schedule = step, measurements, None
