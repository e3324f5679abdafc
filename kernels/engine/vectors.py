"""Test vectors: trainings that between them cover every feature of the seam, small enough to try every host with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kernels.arrays import F32
from kernels.engine.contract import Block, Data, Schedule
from kernels.engine.shapes import MOMENTS, Network, Optimizer
from kernels.philox import Purpose, integers, normal, permutation, uniform

SGD, MOMENTUM, ADAM = Optimizer("sgd"), Optimizer("momentum"), Optimizer("adam")


@dataclass(frozen=True)
class Vector:
    """A training, small enough for a plain reference."""

    network: Network
    optimizer: Optimizer = SGD
    cells: int = 3
    samples: int = 24
    sizes: tuple[int, ...] | None = (8, 8, 8)  # of an epoch's minibatches; None: all samples each step
    rate: float = 0.1
    l2: bool = False
    decay: bool = False
    dropout: tuple[float, ...] | None = None  # repeated over the cells
    mask: bool = False

    def build(self, steps: int, cells: int | None = None) -> tuple[Block, Data, Schedule]:
        """The block at step 0, its data, and a schedule of `steps` steps."""
        cells = self.cells if cells is None else cells
        n, k = self.network, self.network.parameters
        rows = np.stack([normal(7 + c, Purpose.WEIGHTS, k) for c in range(cells)])
        for layer in n.layers:
            rows[:, layer.weights] *= np.sqrt(1.0 / layer.inputs)
            rows[:, layer.biases] *= 0.1
        moments = np.zeros((MOMENTS[self.optimizer.method], cells, k), np.float32)
        mask = None
        params = rows.astype(np.float32)
        if self.mask:
            mask = np.stack([uniform(3, Purpose.TASK, k, (c, 0, 0)) > 0.4 for c in range(cells)]).astype(np.float32)
            params *= mask
        block = Block(n, self.optimizer, np.arange(7, 7 + cells, dtype=np.uint64), params, moments, mask)
        tasks = 2
        x = np.stack(
            [normal(t, Purpose.NOISE, n.sizes[0] * self.samples).reshape(n.sizes[0], -1) for t in range(tasks)]
        )
        if n.loss == "squared":
            y = np.stack(
                [normal(t, Purpose.LABELS, n.sizes[-1] * self.samples).reshape(n.sizes[-1], -1) for t in range(tasks)]
            )
        elif n.loss == "binary":
            y = np.stack(
                [
                    integers(t, Purpose.LABELS, n.sizes[-1] * self.samples, 2).reshape(n.sizes[-1], -1)
                    for t in range(tasks)
                ]
            )
        else:
            y = np.stack(
                [np.eye(n.sizes[-1])[:, integers(t, Purpose.LABELS, self.samples, n.sizes[-1])] for t in range(tasks)]
            )
        data = Data(
            np.ascontiguousarray(x, np.float32),
            np.ascontiguousarray(y, np.float32),
            np.arange(cells, dtype=np.int64) % tasks,
        )
        epoch = self.sizes or (self.samples,)
        sizes = np.array([epoch[s % len(epoch)] for s in range(steps)], dtype=np.int32)
        order = None
        if self.sizes is not None:
            total = int(sizes.sum())
            epochs = -(-total // self.samples)
            streams = (
                [
                    np.concatenate([permutation(7 + c, Purpose.ORDER, self.samples, (e, 0, 0)) for e in range(epochs)])[
                        :total
                    ]
                    for c in range(cells)
                ]
                if total
                else [np.zeros(0, np.int32)] * cells
            )
            order = np.ascontiguousarray(np.stack(streams))
        ramp = np.linspace(1.0, 0.5, steps)[None] * (1.0 + 0.1 * np.arange(cells))[:, None]

        def values(scale: float) -> F32:
            return np.ascontiguousarray(scale * ramp, dtype=np.float32)

        dropout = None if self.dropout is None else np.resize(np.array(self.dropout, np.float32), cells)
        schedule = Schedule(
            0,
            sizes,
            order,
            values(self.rate),
            values(0.03) if self.l2 else None,
            values(0.3) if self.decay else None,
            dropout,
        )
        return block, data, schedule


VECTORS: dict[str, Vector] = {
    "sgd relu softmax": Vector(Network((5, 9, 6, 3))),
    "no hidden layer": Vector(Network((5, 3))),
    "eight hidden layers": Vector(Network((5, 8, 7, 6, 5, 6, 7, 8, 4, 2), "tanh")),
    "momentum tanh binary": Vector(Network((4, 8, 8, 2), "tanh", "binary"), MOMENTUM),
    "adam sigmoid squared": Vector(Network((6, 12, 3), "sigmoid", "squared"), ADAM, rate=0.01),
    "adam relu softmax": Vector(Network((6, 17, 5)), ADAM, rate=0.01),
    "linear squared": Vector(Network((6, 5, 4, 1), "linear", "squared"), rate=0.02),
    "one output binary": Vector(Network((6, 16, 1), "relu", "binary")),
    "all samples": Vector(Network((7, 11, 4)), MOMENTUM, sizes=None),
    "ragged and empty minibatches": Vector(Network((7, 11, 4)), MOMENTUM, sizes=(7, 0, 16, 1), l2=True),
    "single samples": Vector(Network((7, 13, 4), "sigmoid"), sizes=(1,), samples=9),
    "l2": Vector(Network((5, 9, 3)), MOMENTUM, l2=True),
    "decoupled decay": Vector(Network((5, 9, 3)), ADAM, rate=0.01, decay=True),
    "both decays, sgd": Vector(Network((5, 9, 3), "tanh"), l2=True, decay=True),
    "dropout relu": Vector(Network((5, 16, 16, 3)), dropout=(0.0, 0.3, 0.5)),
    "dropout tanh": Vector(Network((5, 16, 12, 3), "tanh"), MOMENTUM, dropout=(0.2,)),
    "dropout sigmoid": Vector(Network((5, 16, 12, 1), "sigmoid", "binary"), ADAM, rate=0.01, dropout=(0.4,)),
    "mask": Vector(Network((5, 9, 8, 3)), MOMENTUM, mask=True, l2=True),
    "everything": Vector(Network((20, 33, 31, 5)), ADAM, rate=0.01, l2=True, decay=True, dropout=(0.1, 0.4), mask=True),
    "wide": Vector(Network((20, 130, 67, 2)), MOMENTUM, samples=70, sizes=(33, 37)),
}
