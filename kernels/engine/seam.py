"""The engine seam: what is trained, on what, by which schedule, and the checks at its door.

Axis conventions, everywhere: parameters [cell, parameter], activations and data [cell or task, feature, sample].
A *block* is a set of cells of one network shape that are trained together; which cells share a block is a choice of
speed only. Arrays are C-contiguous numpy arrays owned by the caller; engines change them in place.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from kernels import limits

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]

Activation = Literal["relu", "tanh", "sigmoid", "linear"]
Loss = Literal["softmax", "binary", "squared"]
Method = Literal["sgd", "momentum", "adam"]
EngineClass = Literal["exact", "torch"]

SLOTS: dict[Method, int] = {"sgd": 0, "momentum": 1, "adam": 2}
"""Optimizer arrays per parameter: momentum keeps its velocity, Adam its two moments."""


@dataclass(frozen=True)
class Layer:
    """Where one layer lies in a flat parameter row: weights [outputs, inputs] row by row, then biases [outputs]."""

    inputs: int
    outputs: int
    start: int

    @property
    def weights(self) -> slice:
        """The slice of the weights."""
        return slice(self.start, self.start + self.inputs * self.outputs)

    @property
    def biases(self) -> slice:
        """The slice of the biases."""
        return slice(self.weights.stop, self.weights.stop + self.outputs)


@dataclass(frozen=True)
class Network:
    """A multilayer perceptron's shape: sizes (inputs, hidden widths ..., outputs), hidden activation, and loss.

    Outputs are linear. Per sample, with outputs o and targets y [outputs]: `softmax` is the cross-entropy
    -sum y log softmax(o) of a target distribution y; `binary` is the sum over outputs of the logistic cross-entropy
    of y in [0, 1]; `squared` is half the sum of (o - y)^2. The loss of a minibatch is the mean over its samples, so
    the gradient at the outputs is (prediction - y) / samples for all three.
    """

    sizes: tuple[int, ...]
    activation: Activation = "relu"
    loss: Loss = "softmax"

    def __post_init__(self) -> None:
        hidden = self.sizes[1:-1]
        if not 2 <= len(self.sizes) <= limits.DEPTH + 2:
            raise ValueError(f"a network has 0 to {limits.DEPTH} hidden layers, not sizes {self.sizes}")
        if any(not limits.WIDTH_MIN <= w <= limits.WIDTH_MAX for w in hidden):
            raise ValueError(f"hidden widths {hidden} are not all in {limits.WIDTH_MIN}..{limits.WIDTH_MAX}")
        if any(not 1 <= n <= limits.WIDTH_MAX for n in (self.sizes[0], self.sizes[-1])):
            raise ValueError(f"inputs and outputs of {self.sizes} are not both in 1..{limits.WIDTH_MAX}")
        if self.loss == "softmax" and self.sizes[-1] < 2:
            raise ValueError("softmax needs at least two outputs")

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, first to last."""
        found, start = [], 0
        for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False):
            found.append(Layer(inputs, outputs, start))
            start += (inputs + 1) * outputs
        return tuple(found)

    @property
    def parameters(self) -> int:
        """Parameters of one network: all weights and biases."""
        return sum((inputs + 1) * outputs for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False))

    def training_flops(self, samples: int) -> int:
        """Floating-point operations of one training step: 2 per multiply-add, forward, weights' and inputs' gradients.

        The first layer's inputs need no gradient.
        """
        products = [i * o for i, o in zip(self.sizes, self.sizes[1:], strict=False)]
        return 2 * samples * (3 * sum(products) - products[0])

    def forward_flops(self, samples: int) -> int:
        """Floating-point operations of one forward pass."""
        return 2 * samples * sum(i * o for i, o in zip(self.sizes, self.sizes[1:], strict=False))


@dataclass(frozen=True)
class Optimizer:
    """How a gradient g changes a parameter p at rate r; L2 and decoupled decay d act on weights, never on biases.

    First g += l2 p and p -= r d p (Loshchilov & Hutter 2019), then: `sgd` p -= r g; `momentum` v = momentum v + g,
    p -= r v (Polyak 1964); `adam` with bias correction (Kingma & Ba 2015). Masked parameters are set to zero last.
    """

    method: Method = "sgd"
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        for name in ("momentum", "beta1", "beta2"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ValueError(f"{name} {getattr(self, name)} is not in [0, 1)")
        if not 0.0 < self.epsilon < 1.0:
            raise ValueError(f"epsilon {self.epsilon} is not in (0, 1)")


@dataclass
class Block:
    """The state of a block of cells: everything that training changes, and what its randomness is keyed by."""

    network: Network
    optimizer: Optimizer
    seeds: U64  # [cells], keys of the dropout streams
    params: F32  # [cells, parameters]
    slots: F32  # [SLOTS[method], cells, parameters]
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
            for row in (self.params[cell], *self.slots[:, cell]):
                h.update(np.ascontiguousarray(row, dtype="<f4").tobytes())
            found.append(h.digest())
        return found


@dataclass(frozen=True)
class Data:
    """Samples of one or more tasks, and which task each cell of a block learns."""

    x: F32  # [tasks, inputs, samples]
    y: F32  # [tasks, outputs, samples]
    task: I64  # [cells] -> task

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

    kind: EngineClass
    device: str

    def train(self, block: Block, data: Data, schedule: Schedule, steps: int) -> None:
        """Train `steps` steps from block.step on, in place; the schedule must cover them."""

    def evaluate(self, block: Block, data: Data) -> Evaluation:
        """Mean loss and right predictions per cell, without dropout."""

    def activations(self, block: Block, data: Data, layer: int) -> F32:
        """Outputs [cells, width, samples] of a layer (0 is the first hidden one; the last is linear), no dropout."""

    def gradient(self, block: Block, data: Data) -> F32:
        """Gradient [cells, parameters] of the mean loss over all samples, without decay or dropout."""


def _require(array: object, name: str, dtype: type, shape: tuple[int, ...]) -> None:
    if (
        not isinstance(array, np.ndarray)
        or array.dtype != dtype
        or array.shape != shape
        or not array.flags.c_contiguous
    ):
        got = type(array).__name__
        if isinstance(array, np.ndarray):
            got = f"{'' if array.flags.c_contiguous else 'strided '}{array.dtype} {list(array.shape)}"
        raise ValueError(f"{name} must be a contiguous {np.dtype(dtype)} array {list(shape)}, not {got}")


def check_block(block: Block) -> None:
    """ValueError unless the block's arrays fit its network and optimizer."""
    shape = (len(block.params), block.network.parameters)
    if block.cells < 1:
        raise ValueError("a block needs at least one cell, not params [0, ...]")
    _require(block.params, "params", np.float32, shape)
    _require(block.slots, "slots", np.float32, (SLOTS[block.optimizer.method], *shape))
    _require(block.seeds, "seeds", np.uint64, shape[:1])
    if block.mask is not None:
        _require(block.mask, "mask", np.float32, shape)
        if np.any((block.mask != 0) & (block.mask != 1)):
            raise ValueError("mask holds other values than 0 and 1")
    if block.step < 0:
        raise ValueError(f"step {block.step} is negative")


def check_data(block: Block, data: Data) -> None:
    """ValueError unless the data fits the block's network and cells."""
    check_block(block)
    if not isinstance(data.x, np.ndarray) or data.x.ndim != 3:
        raise ValueError(f"x must be [tasks, inputs, samples], not {getattr(data.x, 'shape', type(data.x))}")
    tasks, _, samples = data.x.shape
    _require(data.x, "x", np.float32, (tasks, block.network.sizes[0], samples))
    _require(data.y, "y", np.float32, (tasks, block.network.sizes[-1], samples))
    _require(data.task, "task", np.int64, (block.cells,))
    if samples < 1 or tasks < 1 or data.task.min() < 0 or data.task.max() >= tasks:
        raise ValueError(f"task indices {data.task.tolist()[:8]} do not fit x {list(data.x.shape)}")


def check_training(block: Block, data: Data, schedule: Schedule, steps: int) -> None:
    """ValueError unless `steps` steps from block.step on can be trained as the schedule says."""
    check_data(block, data)
    samples, offset = data.x.shape[2], block.step - schedule.first
    _require(schedule.sizes, "sizes", np.int32, (schedule.steps,))
    if offset < 0 or steps < 0 or offset + steps > schedule.steps:
        raise ValueError(
            f"steps {block.step}..{block.step + steps} are not in the schedule's "
            f"{schedule.first}..{schedule.first + schedule.steps}"
        )
    if schedule.sizes.size and schedule.sizes.min() < 0:
        raise ValueError(f"sizes hold a negative minibatch ({schedule.sizes.min()})")
    if schedule.order is None:
        if np.any(schedule.sizes != samples):
            raise ValueError(f"without an order every minibatch must be all {samples} samples")
    else:
        _require(schedule.order, "order", np.int32, (block.cells, int(schedule.starts[-1])))
        # Only what these steps use is looked at: a call of 0.1 s must not read a schedule of hours.
        used = schedule.order[:, schedule.starts[offset] : schedule.starts[offset + steps]]
        if used.size and not 0 <= used.min() <= used.max() < samples:
            raise ValueError(f"order holds an index outside 0..{samples - 1}")
    for name in ("rate", "l2", "decay"):
        values = getattr(schedule, name)
        if values is None and name != "rate":
            continue
        _require(values, name, np.float32, (block.cells, schedule.steps))
        used = values[:, offset : offset + steps]
        if not np.all(np.isfinite(used)) or np.any(used < 0):
            raise ValueError(f"{name} holds a negative or non-finite value")
    if schedule.dropout is not None:
        _require(schedule.dropout, "dropout", np.float32, (block.cells,))
        if not np.all((schedule.dropout >= 0) & (schedule.dropout < 1)):
            raise ValueError("dropout holds a probability outside [0, 1)")


def bias_corrections(optimizer: Optimizer, first: int, steps: int) -> F32:
    """Adam's 1 - beta^t [steps, 2] for t = first + 1 ..., powers by squaring in float64, so every host agrees."""
    return np.array(
        [[1.0 - _power(b, t + 1) for b in (optimizer.beta1, optimizer.beta2)] for t in range(first, first + steps)],
        dtype=np.float32,
    ).reshape(steps, 2)


def _power(base: float, exponent: int) -> float:
    result = 1.0
    while exponent:
        if exponent & 1:
            result *= base
        base *= base
        exponent >>= 1
    return result
