"""Fit: how well networks know a set of samples."""

from __future__ import annotations

from collections.abc import Mapping

from kernels.engine.seam import F32, Block, Data, Engine
from kernels.measures.recorded import LOSS_LIMIT, recorded_loss, share


def fit(engine: Engine, block: Block, data: Mapping[str, Data], name: str, most: float = LOSS_LIMIT) -> dict[str, F32]:
    """Of the set `name`, each [cells]: "<name>_loss", its mean loss or `most`, and "<name>_accuracy", as `right`."""
    found, samples = engine.evaluate(block, data[name]), data[name].x.shape[2]
    return {f"{name}_loss": recorded_loss(found.loss, most), f"{name}_accuracy": share(found.correct, samples)}


def right(engine: Engine, block: Block, samples: Data) -> F32:
    """The share [cells] of the samples that each network classifies rightly."""
    return share(engine.evaluate(block, samples).correct, samples.x.shape[2])
