"""Pruning: a network without its smallest weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kernels.engine.seam import Block


def pruned(block: Block, share: float) -> Block:
    """A copy of the block in which each network's smallest weights, `share` of them rounded down, are zero.

    Global magnitude pruning: the weights of all layers are ranked together by absolute value, equal ones by their
    position in the parameter row, NaN as the largest; biases stay. Nothing is trained afterwards.
    Source: Han, Pool, Tran & Dally, "Learning both weights and connections for efficient neural networks" (NIPS 2015);
    "global" as in Blalock et al., "What is the state of neural network pruning?" (MLSys 2020).
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share {share} of the weights is not in 0..1")
    positions = np.concatenate([np.arange(layer.weights.start, layer.weights.stop) for layer in block.network.layers])
    count = int(share * len(positions))
    params = block.params.copy()
    for row in params:  # one network at a time: a ranking takes more memory than the weights
        smallest = np.argsort(np.abs(row[positions]), kind="stable")[:count]
        row[positions[smallest]] = 0.0
    return replace(block, params=params)
