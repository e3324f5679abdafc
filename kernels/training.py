"""The program of every experiment that trains networks: segments of epochs between measurements, resumable anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kernels.engine.seam import F32, I32, SLOTS, Block, Data, Engine, Network, Optimizer, Schedule
from kernels.experiment import Cell, State
from kernels.philox import Purpose, normal, permutation

Measure = Callable[[Engine, Block, Mapping[str, Data]], dict[str, F32]]


@dataclass(frozen=True)
class Recipe:
    """How the cells of a block are trained: what is common to all, and what is per cell."""

    network: Network
    optimizer: Optimizer
    samples: int  # of the training set
    batch: int
    measured: tuple[int, ...]  # epochs after which cells are measured, rising; the last one ends the training
    rates: tuple[float, ...]  # learning rate per cell
    sets: Mapping[str, Data]  # "train" and the sets that only measurements use
    measure: Measure  # metric -> [cells] at the block's present state
    metrics: Iterable[str]  # names, in the experiment's order

    @property
    def epoch_sizes(self) -> I32:
        """Samples of each minibatch of an epoch; the last one may be smaller."""
        sizes = np.full(-(-self.samples // self.batch), self.batch, dtype=np.int32)
        sizes[-1] = self.samples - self.batch * (len(sizes) - 1)
        return sizes


def he_normal(network: Network, seed: int) -> F32:
    """Initial parameters [parameters]: weights normal with variance 2 / inputs, biases zero (He et al. 2015)."""
    row = np.zeros(network.parameters, dtype=np.float32)
    for number, layer in enumerate(network.layers):
        drawn = normal(seed, Purpose.WEIGHTS, layer.inputs * layer.outputs, (number, 0, 0))
        row[layer.weights] = drawn * np.sqrt(2.0 / layer.inputs)
    return row


def cell_work(network: Network, samples: int, measured: Sequence[int], measured_samples: int) -> float:
    """Floating-point operations of one cell: all epochs of training, and a forward pass per measurement."""
    training = measured[-1] * network.training_flops(samples)
    return float(training + len(measured) * network.forward_flops(measured_samples))


def cells_in_cache(network: Network, batch: int, cache: int) -> int:
    """How many cells' parameters, gradients and activations of a minibatch fit `cache` bytes; at least one."""
    floats = 2 * network.parameters + 2 * batch * sum(network.sizes)
    return max(1, cache // (4 * floats))


def epoch_order(seed: int, samples: int, epoch: int) -> I32:
    """The order [samples] in which a seed sees its training samples in an epoch."""
    return permutation(seed, Purpose.ORDER, samples, (epoch, 0, 0))


class Training:
    """`kernels.experiment.Program` for a block of networks trained by a recipe."""

    def __init__(self, cells: Sequence[Cell], engine: Engine, recipe: Recipe) -> None:
        self.cells = cells
        self._engine, self._recipe = engine, recipe
        network, count = recipe.network, len(cells)
        self._block = Block(
            network,
            recipe.optimizer,
            np.array([cell.seed for cell in cells], dtype=np.uint64),
            np.stack([he_normal(network, cell.seed) for cell in cells]),
            np.zeros((SLOTS[recipe.optimizer.method], count, network.parameters), dtype=np.float32),
        )
        self._epoch_sizes = recipe.epoch_sizes
        self._metrics = {name: np.zeros((count, len(recipe.measured)), dtype=np.float32) for name in recipe.metrics}
        self._digests = np.zeros((count, len(recipe.measured), 16), dtype=np.uint8)
        self._measurements = 0
        self._schedule: Schedule | None = None
        measured_samples = sum(data.x.shape[2] for data in recipe.sets.values())
        self.work = count * cell_work(network, recipe.samples, recipe.measured, measured_samples)
        self._step_work = count * network.training_flops(recipe.samples) / len(self._epoch_sizes)
        self._measure_work = float(count * network.forward_flops(measured_samples))

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
        for name, values in self._recipe.measure(self._engine, self._block, self._recipe.sets).items():
            self._metrics[name][:, self._measurements] = values
        for cell, found in enumerate(self._block.digests()):
            self._digests[cell, self._measurements] = np.frombuffer(found, dtype=np.uint8)
        self._measurements += 1
        self._schedule = None

    def _segment(self, end: int) -> Schedule:
        """The schedule from the last measurement to the next, the same whether reached in one go or resumed."""
        if self._schedule is None:
            per_epoch, recipe = len(self._epoch_sizes), self._recipe
            last = end // per_epoch
            first = recipe.measured[self._measurements - 1] if self._measurements else 0
            orders = {
                seed: np.concatenate([epoch_order(seed, recipe.samples, e) for e in range(first, last)])
                for seed in sorted({cell.seed for cell in self.cells})
            }
            rate = np.array(recipe.rates, dtype=np.float32)[:, None]
            self._schedule = Schedule(
                first * per_epoch,
                np.tile(self._epoch_sizes, last - first),
                np.stack([orders[cell.seed] for cell in self.cells]),
                np.repeat(rate, end - first * per_epoch, axis=1),
            )
        return self._schedule

    def export(self) -> State:
        """See `Program`."""
        state: State = {"metric/" + name: values for name, values in self._metrics.items()}
        state |= {"digests": self._digests, "progress": np.array([self._block.step, self._measurements], np.int64)}
        if self.done < self.work:
            state |= {"params": self._block.params, "slots": self._block.slots}
        return state

    def restore(self, state: State) -> None:
        """See `Program`."""
        mine: State = self.export() | {"params": self._block.params, "slots": self._block.slots}
        for name, array in state.items():
            if name not in mine or mine[name].dtype != array.dtype or mine[name].shape != array.shape:
                raise ValueError(f"saved array {name} {array.dtype} {list(array.shape)} does not belong to this block")
            if mine[name] is not array:
                mine[name][...] = array
        step, measurements = (int(v) for v in state["progress"])
        self._block.step, self._measurements, self._schedule = step, measurements, None
