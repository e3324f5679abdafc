"""The engine seam: what is trained, on what, by which schedule, and what every engine does with it.

Axis conventions, everywhere: parameters [cell, parameter], activations and data [cell or task, feature, sample].
A *block* is a set of cells of one network shape that are trained together; which cells share a block is a choice of
speed only. Arrays are C-contiguous numpy arrays owned by the caller; engines change them in place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from kernels.arrays import F32, F64, I32, I64, U64
from kernels.engine.devices import Device
from kernels.engine.shapes import Network, Optimizer

EngineName = Literal["c", "torch"]
Agreement = Literal["exact", "near"]
AGREEMENT: dict[EngineName, Agreement] = {"c": "exact", "torch": "near"}
"""How results of an engine agree with those of other hosts: bit for bit, or within each metric's tolerances."""


class EngineUnavailable(RuntimeError):
    """An engine cannot run on this host, or not as asked; the message says why."""


class DeviceUnavailable(RuntimeError):
    """A device is not there, or not for this engine; the message says why."""


class DeviceAway(DeviceUnavailable):
    """A device cannot be had now, and may be later: its driver is being updated, or it fell off its bus."""


@dataclass
class Block:
    """The state of a block of cells: everything that training changes, and what its randomness is keyed by."""

    network: Network
    optimizer: Optimizer
    seeds: U64  # [cells], keys of the dropout streams
    params: F32  # [cells, parameters]
    moments: F32  # [MOMENTS[method], cells, parameters]
    mask: F32 | None = None  # [cells, parameters] of 0 and 1: pruned parameters stay zero
    step: int = 0  # steps done

    @property
    def cells(self) -> int:
        """How many networks the block holds."""
        return len(self.params)

    def weights(self, layer: int) -> F32:
        """A view of one layer's weights [cells, outputs, inputs]."""
        where = self.network.layers[layer]
        return self.params[:, where.weights].reshape(self.cells, where.outputs, where.inputs)

    def digests(self) -> list[bytes]:
        """A 16-byte BLAKE2b digest per cell over step, parameters and optimizer arrays, little-endian."""
        found = []
        for cell in range(self.cells):
            h = hashlib.blake2b(self.step.to_bytes(8, "little"), digest_size=16)
            for row in (self.params[cell], *self.moments[:, cell]):
                h.update(np.ascontiguousarray(row, dtype="<f4").tobytes())
            found.append(h.digest())
        return found


@dataclass(frozen=True)
class Data:
    """Samples of one or more tasks, and which task each cell of a block learns."""

    x: F32  # [tasks, inputs, samples]
    y: F32  # [tasks, outputs, samples]
    task: I64  # [cells] -> task

    @property
    def samples(self) -> int:
        """How many samples each task has."""
        return int(self.x.shape[2])

    def part(self, first: int, end: int) -> Data:
        """The samples from `first` to before `end` alone, in arrays of their own."""
        return Data(self.x[:, :, first:end].copy(), self.y[:, :, first:end].copy(), self.task)


@dataclass(frozen=True)
class Schedule:
    """The steps of a block from step `first` on: minibatches, rates, decays, dropout.

    With order None every step uses all samples in their order and `sizes` says so. A minibatch may be empty: its
    gradient is zero, decay and momentum still act.
    """

    first: int
    sizes: I32  # [steps] samples in each minibatch
    order: I32 | None  # [cells, sum of sizes] sample indices, minibatch after minibatch
    rate: F32  # [cells, steps]
    l2: F32 | None = None  # [cells, steps]
    decay: F32 | None = None  # [cells, steps]
    dropout: F32 | None = None  # [cells] probability that a hidden unit is dropped, in [0, 1)
    starts: I64 = field(init=False)  # [steps + 1] where each minibatch begins in `order`

    def __post_init__(self) -> None:
        starts = np.zeros(len(self.sizes) + 1, dtype=np.int64)
        np.cumsum(self.sizes, out=starts[1:])
        object.__setattr__(self, "starts", starts)

    @property
    def steps(self) -> int:
        """How many steps it holds."""
        return len(self.sizes)


@dataclass(frozen=True)
class Evaluation:
    """Per cell over all samples of a data set: the mean loss, and how many predictions are right.

    A `softmax` prediction is right where output and target have the same first largest entry; a `binary` one where
    every output is on its target's side of 0 (target above one half); a `squared` one never is.
    """

    loss: F64  # [cells]
    correct: I64  # [cells]


class Engine(Protocol):
    """What every engine does. Each call checks its arguments first and raises ValueError naming the shape."""

    name: EngineName
    device: Device

    def train(self, block: Block, data: Data, schedule: Schedule, steps: int) -> None:
        """Train `steps` steps from block.step on, in place; the schedule must cover them."""

    def evaluate(self, block: Block, data: Data) -> Evaluation:
        """Mean loss and right predictions per cell, without dropout."""

    def activations(self, block: Block, data: Data, layer: int) -> F32:
        """Outputs [cells, width, samples] of a layer (0 is the first hidden one; the last is linear), no dropout."""

    def gradient(self, block: Block, data: Data) -> F32:
        """Gradient [cells, parameters] of the mean loss over all samples, without decay or dropout."""


@dataclass(frozen=True)
class Opened:
    """An engine on a device, ready to be used."""

    engine: Engine
    accelerator: str = ""  # what the maker calls the device; empty for a processor
    prepare_thread: Callable[[], None] = lambda: None  # to be called in every thread that uses the engine
