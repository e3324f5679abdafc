"""The exact engine, counting the floating-point operations of its products: what courses say that cells cost."""

from __future__ import annotations

from kernels.arrays import F32
from kernels.engine.contract import Block, Data, Evaluation, Schedule
from kernels.engine.exact.engine import ExactEngine


class CountingEngine(ExactEngine):
    """Computes as the exact engine does, and adds up `operations`."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0.0

    def train(self, block: Block, data: Data, schedule: Schedule, steps: int) -> None:
        at = block.step - schedule.first
        samples = int(schedule.sizes[at : at + steps].sum())
        self.operations += block.cells * block.network.training_flops(samples)
        super().train(block, data, schedule, steps)

    def evaluate(self, block: Block, data: Data) -> Evaluation:
        self.operations += block.cells * block.network.forward_flops(data.samples)
        return super().evaluate(block, data)

    def activations(self, block: Block, data: Data, layer: int) -> F32:
        self.operations += block.cells * block.network.forward_flops(data.samples)
        return super().activations(block, data, layer)

    def gradient(self, block: Block, data: Data) -> F32:
        self.operations += block.cells * block.network.training_flops(data.samples)
        return super().gradient(block, data)
