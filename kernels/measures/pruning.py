"""Pruning: a network without its smallest weights."""

from __future__ import annotations

import numpy as np

from kernels.arrays import F32
from kernels.engine.shapes import Network


def pruned(params: F32, network: Network, share: float) -> F32:
    """A copy of parameters [networks, parameters] in which each network's smallest weights are zero.

    Those are `share` of them, rounded down.

    Global magnitude pruning: the weights of all layers are ranked together by absolute value, equal ones by their
    position in the parameter row, NaN as the largest; biases stay. Nothing is trained afterwards.
    Source: Han, Pool, Tran & Dally, "Learning both weights and connections for efficient neural networks" (NIPS 2015);
    "global" as in Blalock et al., "What is the state of neural network pruning?" (MLSys 2020).
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share {share} of the weights is not in 0..1")
    positions = np.concatenate([np.arange(layer.weights.start, layer.weights.stop) for layer in network.layers])
    count = int(share * len(positions))
    left = params.copy()
    for row in left:  # one network at a time: a ranking takes more memory than the weights
        smallest = np.argsort(np.abs(row[positions]), kind="stable")[:count]
        row[positions[smallest]] = 0.0
    return left
