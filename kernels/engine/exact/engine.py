"""The exact engine: the same bits on every host. This is its Python face; exact.c computes.

Nothing reaches C unchecked: the seam's checks run first in every call.
"""

from __future__ import annotations

import ctypes
from typing import get_args

import numpy as np

from kernels.arrays import F32
from kernels.engine.checks import check_data, check_training
from kernels.engine.contract import Block, Data, EngineName, Evaluation, Schedule
from kernels.engine.devices import CPU
from kernels.engine.exact import library
from kernels.engine.shapes import Activation, Loss, Method
from kernels.philox import SEED_LIMIT

_ACTIVATIONS, _LOSSES, _METHODS = get_args(Activation), get_args(Loss), get_args(Method)  # in exact.h's order


class ExactEngine:
    """The contract in C; `isa` is the instruction set that it runs, which changes no bit of any result."""

    name: EngineName = "c"
    device = CPU

    def __init__(self) -> None:
        self.isa = library.choose()
        self._isa = library.ISAS.index(self.isa)

    def train(self, block: Block, data: Data, schedule: Schedule, steps: int) -> None:
        """See the seam."""
        check_training(block, data, schedule, steps)
        if schedule.dropout is not None and np.any(block.seeds >= np.uint64(SEED_LIMIT)):
            raise ValueError(f"seeds {list(block.seeds.shape)} hold one that is not in 0..{SEED_LIMIT - 1}")
        c_block, c_data, c_schedule = _block(block), _data(data), _schedule(block, schedule, steps)
        library.call("train", self._isa, *map(ctypes.byref, (c_block, c_data, c_schedule)))
        block.step += steps

    def evaluate(self, block: Block, data: Data) -> Evaluation:
        """See the seam."""
        check_data(block, data)
        loss, correct = np.empty(block.cells, np.float64), np.empty(block.cells, np.int64)
        self._measure("evaluate", block, data, library.address(loss), library.address(correct))
        return Evaluation(loss, correct)

    def activations(self, block: Block, data: Data, layer: int) -> F32:
        """See the seam."""
        check_data(block, data)
        if not 0 <= layer < len(block.network.layers):
            raise ValueError(f"layer {layer} is not in 0..{len(block.network.layers) - 1}")
        out = np.empty((block.cells, block.network.sizes[layer + 1], data.x.shape[2]), np.float32)
        self._measure("activations", block, data, layer, library.address(out))
        return out

    def gradient(self, block: Block, data: Data) -> F32:
        """See the seam."""
        check_data(block, data)
        out = np.empty_like(block.params)
        self._measure("gradient", block, data, library.address(out))
        return out

    def _measure(self, function: str, block: Block, data: Data, *arguments: object) -> None:
        c_block, c_data = _block(block), _data(data)
        library.call(function, self._isa, ctypes.byref(c_block), ctypes.byref(c_data), *arguments)


def _block(block: Block) -> library.CBlock:
    network = block.network
    return library.CBlock(
        library.CNetwork(
            len(network.layers),
            (ctypes.c_int32 * len(library.CNetwork().sizes))(*network.sizes),
            _ACTIVATIONS.index(network.activation),
            _LOSSES.index(network.loss),
        ),
        block.cells,
        network.parameters,
        *map(library.address, (block.params, block.moments, block.mask, block.seeds)),
    )


def _data(data: Data) -> library.CData:
    return library.CData(data.x.shape[2], library.address(data.x), library.address(data.y), library.address(data.task))


def _schedule(block: Block, s: Schedule, steps: int) -> library.CSchedule:
    o = block.optimizer
    return library.CSchedule(
        _METHODS.index(o.method),
        *(o.momentum, o.beta1, o.beta2, o.epsilon),
        *(block.step, block.step - s.first, steps, s.steps, int(s.starts[-1])),
        *(library.address(array) for array in (s.sizes, s.starts, s.order, s.rate, s.l2, s.decay, s.dropout)),
    )
