"""Fit: how well networks know a set of samples."""

from __future__ import annotations

from collections.abc import Mapping

from kernels.engine.seam import F32, Block, Data, Engine
from kernels.measures.recorded import recorded_loss, share


def fit(engine: Engine, block: Block, data: Mapping[str, Data], name: str) -> dict[str, F32]:
    """Of the set `name`: "<name>_loss", its mean loss, and "<name>_accuracy", as `right`; each [cells]."""
    found = engine.evaluate(block, data[name])
    return {f"{name}_loss": recorded_loss(found.loss), f"{name}_accuracy": share(found.correct, data[name].x.shape[2])}


def right(engine: Engine, block: Block, samples: Data) -> F32:
    """The share [cells] of the samples that each network classifies rightly."""
    return share(engine.evaluate(block, samples).correct, samples.x.shape[2])
