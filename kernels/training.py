"""The program of every experiment that trains networks: segments of epochs between measurements, resumable anywhere."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kernels.engine.seam import F32, I32, SLOTS, Block, Data, Engine, Method, Network, Optimizer, Schedule
from kernels.experiment import Cell, Footprint, State, take_over
from kernels.philox import Purpose, normal, permutation

Measure = Callable[[Engine, Block, Mapping[str, Data]], dict[str, F32]]
"""(engine, block, data sets) -> metric -> values [cells], at the block's present state, which it leaves as it is."""


@dataclass(frozen=True)
class Recipe:
    """How the cells of a block are trained: what is common to all, and what is per cell.

    A cell is usually one network. With `replicas` above 1 it is that many, which differ in initial weights and in the
    order of their samples; the block's networks are then those of the first cell, then those of the second ...
    """

    network: Network
    optimizer: Optimizer
    samples: int  # of an epoch: the training set's, unless `order` makes shorter epochs of a larger one
    batch: int
    measured: tuple[int, ...]  # epochs after which cells are measured, rising; the last one ends the training
    rates: tuple[float, ...]  # learning rate per cell
    sets: Mapping[str, Data]  # "train" and the sets that only measurements use; tasks per network
    measure: Measure
    metrics: Iterable[str]  # names, in the experiment's order
    measure_work: float  # floating-point operations of one measurement of one cell
    l2: tuple[float, ...] | None = None  # per cell, as the next two
    decay: tuple[float, ...] | None = None
    dropout: tuple[float, ...] | None = None
    initial: Callable[[Network, int, int], F32] | None = None  # (network, seed, replica); he_normal if None
    # (first epoch, end) -> sample indices [networks, samples * epochs]; `shuffled` if None
    order: Callable[[int, int], I32] | None = None
    replicas: int = 1

    @property
    def epoch_sizes(self) -> I32:
        """Samples of each minibatch of an epoch; the last one may be smaller."""
        sizes = np.full(-(-self.samples // self.batch), self.batch, dtype=np.int32)
        sizes[-1] = self.samples - self.batch * (len(sizes) - 1)
        return sizes


def he_normal(network: Network, seed: int, replica: int = 0) -> F32:
    """Initial parameters [parameters]: weights normal with variance 2 / inputs, biases zero (He et al. 2015)."""
    return _normal(network, seed, replica, lambda inputs, outputs: 2.0 / inputs)


def glorot_normal(network: Network, seed: int, replica: int = 0) -> F32:
    """Initial parameters [parameters]: weights normal with variance 2 / (inputs + outputs), biases zero.

    For tanh and sigmoid. Source: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural
    networks" (AISTATS 2010).
    """
    return _normal(network, seed, replica, lambda inputs, outputs: 2.0 / (inputs + outputs))


def _normal(network: Network, seed: int, replica: int, variance: Callable[[int, int], float]) -> F32:
    row = np.zeros(network.parameters, dtype=np.float32)
    for number, layer in enumerate(network.layers):
        drawn = normal(seed, Purpose.WEIGHTS, layer.inputs * layer.outputs, (number, replica, 0))
        row[layer.weights] = drawn * np.sqrt(variance(layer.inputs, layer.outputs))
    return row


def cell_work(network: Network, samples: int, measured: Sequence[int], measure_work: float, replicas: int = 1) -> float:
    """Floating-point operations of one cell: all epochs of training of its networks, and its measurements."""
    return float(replicas * measured[-1] * network.training_flops(samples) + len(measured) * measure_work)


def cell_memory(network: Network, method: Method, samples: int, drawn: int, replicas: int = 1) -> Footprint:
    """What a cell takes in memory: its networks and the order of its samples; its data are its seed's.

    `samples` are those of all its data sets, `drawn` those of the training set times the epochs of the longest segment
    between two measurements; an order is held twice while it is made.
    """
    networks = network.parameters * (1 + SLOTS[method]) + 2 * drawn
    return Footprint(4.0 * replicas * networks, 4.0 * (network.sizes[0] + network.sizes[-1]) * samples)


def longest_segment(measured: Sequence[int]) -> int:
    """The most epochs between two measurements."""
    return max(b - a for a, b in itertools.pairwise((0, *measured)))


def cells_in_cache(network: Network, batch: int, cache: int) -> int:
    """How many cells' parameters, gradients and activations of a minibatch fit `cache` bytes; at least one."""
    floats = 2 * network.parameters + 2 * batch * sum(network.sizes)
    return max(1, cache // (4 * floats))


def epoch_order(seed: int, samples: int, epoch: int, replica: int = 0) -> I32:
    """The order [samples] in which a seed sees its training samples in an epoch."""
    return permutation(seed, Purpose.ORDER, samples, (epoch, replica, 0))


def shuffled(
    cells: Sequence[Cell], samples: int, replicas: int = 1, arranged: Callable[[Cell, I32], I32] | None = None
) -> Callable[[int, int], I32]:
    """`Recipe.order` of cells that see all samples in each epoch, in a new order that their seed draws.

    `arranged` (cell, order of an epoch [samples]) makes of it the one in which that cell sees them.
    """
    networks = [(cell, replica) for cell in cells for replica in range(replicas)]

    def order(first: int, end: int) -> I32:
        drawn = {
            (seed, replica): [epoch_order(seed, samples, epoch, replica) for epoch in range(first, end)]
            for seed, replica in sorted({(cell.seed, replica) for cell, replica in networks})
        }
        rows = np.empty((len(networks), (end - first) * samples), dtype=np.int32)
        for row, (cell, replica) in zip(rows, networks, strict=True):
            epochs = drawn[cell.seed, replica]
            np.concatenate([arranged(cell, one) for one in epochs] if arranged else epochs, out=row)
        return rows

    return order


def in_pieces(cells: Sequence[Cell], samples: int, epoch: int, replicas: int = 1) -> Callable[[int, int], I32]:
    """`Recipe.order` of cells whose epochs are pieces, of `epoch` samples, of passes over all samples.

    Every pass shows all samples in the order that `shuffled` would give it.
    """
    if samples % epoch:
        raise ValueError(f"{samples} samples cannot be divided into epochs of {epoch}")
    passes, pieces = shuffled(cells, samples, replicas), samples // epoch

    def order(first: int, end: int) -> I32:
        begun = first // pieces
        drawn = passes(begun, -(-end // pieces))
        start = (first - begun * pieces) * epoch
        return np.ascontiguousarray(drawn[:, start : start + (end - first) * epoch])

    return order


class Training:
    """`kernels.experiment.Program` for a block of networks trained by a recipe."""

    def __init__(self, cells: Sequence[Cell], engine: Engine, recipe: Recipe) -> None:
        self.cells = cells
        self._engine, self._recipe = engine, recipe
        network, count = recipe.network, len(cells)
        if recipe.dropout is not None and recipe.replicas > 1:
            raise ValueError("dropout draws from the cell's seed: replicas would drop the same units")
        networks = [(cell.seed, replica) for cell in cells for replica in range(recipe.replicas)]
        initial = recipe.initial or he_normal
        self._block = Block(
            network,
            recipe.optimizer,
            np.array([seed for seed, _ in networks], dtype=np.uint64),
            np.stack([initial(network, seed, replica) for seed, replica in networks]),
            np.zeros((SLOTS[recipe.optimizer.method], len(networks), network.parameters), dtype=np.float32),
        )
        self._order = recipe.order or shuffled(cells, recipe.samples, recipe.replicas)
        self._epoch_sizes = recipe.epoch_sizes
        self._metrics = {name: np.zeros((count, len(recipe.measured)), dtype=np.float32) for name in recipe.metrics}
        self._digests = np.zeros((count, len(recipe.measured), 16), dtype=np.uint8)
        self._measurements = 0
        self._schedule: Schedule | None = None
        one = cell_work(network, recipe.samples, recipe.measured, recipe.measure_work, recipe.replicas)
        self.work = count * one
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
        for name, values in self._recipe.measure(self._engine, self._block, self._recipe.sets).items():
            self._metrics[name][:, self._measurements] = values
        found = self._block.digests()
        for cell in range(len(self.cells)):
            mine = found[cell * self._recipe.replicas : (cell + 1) * self._recipe.replicas]
            digest = mine[0] if len(mine) == 1 else hashlib.blake2b(b"".join(mine), digest_size=16).digest()
            self._digests[cell, self._measurements] = np.frombuffer(digest, dtype=np.uint8)
        self._measurements += 1
        self._schedule = None

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
        state: State = {"metric/" + name: values for name, values in self._metrics.items()}
        state |= {"digests": self._digests, "progress": np.array([self._block.step, self._measurements], np.int64)}
        if self.done < self.work:
            state |= {"params": self._block.params, "slots": self._block.slots}
        return state

    def restore(self, state: State) -> None:
        """See `Program`."""
        take_over(self.export() | {"params": self._block.params, "slots": self._block.slots}, state)
        step, measurements = (int(v) for v in state["progress"])
        self._block.step, self._measurements, self._schedule = step, measurements, None
