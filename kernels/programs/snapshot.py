"""A block at a measurement: what measures look at, and leave as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kernels.arrays import F32
from kernels.cells import Cell
from kernels.engine.contract import Block, Data, Engine, Evaluation
from kernels.engine.shapes import Network
from kernels.measures import recorded_loss, share
from kernels.metrics import LOSS_LIMIT, part


@dataclass(frozen=True)
class Snapshot:
    """The networks of a block's cells as they are, and the data sets they can be asked about, by name."""

    cells: Sequence[Cell]
    engine: Engine
    block: Block
    sets: Mapping[str, Data]

    @property
    def network(self) -> Network:
        """The shape of every network."""
        return self.block.network

    @property
    def params(self) -> F32:
        """The parameters [networks, parameters]."""
        return self.block.params

    def weights(self, layer: int) -> F32:
        """The weights [networks, outputs, inputs] of a layer; 0 is the first."""
        return self.block.weights(layer)

    def evaluate(self, name: str) -> Evaluation:
        """Mean loss and right answers of each network over a data set."""
        return self.engine.evaluate(self.block, self.sets[name])

    def activations(self, name: str, layer: int) -> F32:
        """Outputs [networks, width, samples] of a layer (0 is the first hidden one; the last is linear)."""
        return self.engine.activations(self.block, self.sets[name], layer)

    def gradient(self, name: str) -> F32:
        """Gradient [networks, parameters] of the mean loss over a data set."""
        return self.engine.gradient(self.block, self.sets[name])

    def accuracy(self, name: str) -> F32:
        """The share [networks] of a data set's samples that each network classifies rightly."""
        return share(self.evaluate(name).correct, self.sets[name].samples)

    def fit(self, name: str, most: float = LOSS_LIMIT) -> dict[str, F32]:
        """How well networks know a data set, each [networks]: "<name>_loss", at most `most`, and "<name>_accuracy"."""
        known = self.evaluate(name)
        return {
            part(name, "loss"): recorded_loss(known.loss, most),
            part(name, "accuracy"): share(known.correct, self.sets[name].samples),
        }

    def with_params(self, params: F32) -> Snapshot:
        """The same with other parameters [networks, parameters]."""
        return replace(self, block=replace(self.block, params=params))
