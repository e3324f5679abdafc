"""Training programs at the edges of what the engines hold, beside those of kernels/engine/vectors.py."""

from __future__ import annotations

import numpy as np

from kernels.engine.contract import Block, Data, Schedule
from kernels.engine.shapes import Activation, Loss, Network
from kernels.engine.vectors import MOMENTUM, Vector

REGISTER_EDGES = (
    ((1, 4, 1), 1, 3),
    ((33, 47, 16, 17), 16, 40),
    ((16, 32, 48, 10), 128, 300),
    ((3, 129, 256, 3), 29, 64),
    ((200, 144, 20), 131, 131),
    ((31, 65, 100), 257, 300),
    ((7, 12, 12, 12, 2), 300, 400),
)
"""Sizes, minibatch and samples on both sides of registers, panels and chunks of samples."""


def at_the_edge(sizes: tuple[int, ...], minibatch: int, samples: int) -> Vector:
    """The vector of one of REGISTER_EDGES."""
    network = Network(sizes, loss="binary" if sizes[-1] == 1 else "softmax")
    return Vector(network, MOMENTUM, 2, samples, (minibatch, 5), l2=True, dropout=(0.2, 0.0), mask=True)


KINDS = ("nan", "nan in data", "inf", "huge", "denormal", "negative zero", "negative zero sums")
"""What `poisoned` knows."""

POISONED: tuple[tuple[Loss, Activation], ...] = (
    ("softmax", "relu"),
    ("binary", "tanh"),
    ("squared", "sigmoid"),
    ("squared", "linear"),
    ("softmax", "tanh"),
)
"""Losses and activations with which special numbers are tried."""


def poisoned(kind: str, loss: Loss = "softmax", activation: Activation = "relu") -> tuple[Block, Data, Schedule]:
    """30 steps over numbers at the edge of what floats hold."""
    vector = Vector(Network((6, 20, 17, 3), activation, loss), MOMENTUM, cells=2, l2=True, decay=True)
    block, data, schedule = vector.build(30)
    bad_nan = np.array([0xFFC12345], np.uint32).view(np.float32)[0]
    if kind == "nan":
        block.params[0, 3] = bad_nan
    elif kind == "nan in data":
        data.x[0, 1, :4] = bad_nan
    elif kind == "inf":
        block.params[0, 3], block.params[1, 150] = np.inf, -np.inf
    elif kind == "huge":
        block.params[:] *= np.float32(3e37)
    elif kind == "denormal":
        block.params[:] *= np.float32(1e-41)
        data.x[:] *= np.float32(1e-3)
    elif kind == "negative zero":
        block.params[:, ::2] = -0.0
        data.x[:, ::2] = -0.0
    elif (
        kind == "negative zero sums"
    ):  # of products that are -0, from a bias of -0: so is every hidden sum of relu and tanh
        data.x[:] = 0.0
        for number, layer in enumerate(block.network.layers):
            block.params[:, layer.weights] = np.abs(block.params[:, layer.weights]) * (1 if number else -1)
            block.params[:, layer.biases] = -0.0
    return block, data, schedule
