"""Norms: how large weights are, how much of the gradient reaches each input, and how two norms compare."""

from __future__ import annotations

import numpy as np

from kernels.arrays import F32, F64
from kernels.engine.shapes import Layer
from kernels.metrics import NORM_LIMIT

RATIO_LIMIT = 1e3
"""The recorded ratio of a norm to one that is zero, or nearly."""


def weight_norms(rows: F32, layer: Layer) -> F32:
    """Frobenius norm [cells] of a layer's weights in parameters or gradients [cells, parameters]; at most NORM_LIMIT.

    NORM_LIMIT also stands for infinities and NaN.
    """
    return _recorded(_columns(rows, layer).sum(1))


def input_norms(rows: F32, layer: Layer) -> F32:
    """Norm [cells, inputs] of the weights that leave each input of a layer, as `weight_norms`.

    Of a gradient's rows it says how strongly an input is being learned, whatever the number of inputs beside it.
    """
    return _recorded(_columns(rows, layer))


def norm_ratio(above: F32, below: F32) -> F32:
    """One norm over another [...], at most RATIO_LIMIT; 1 where both are zero, as in a network that died."""
    found = np.divide(above, below, out=np.full_like(above, RATIO_LIMIT), where=below * np.float32(RATIO_LIMIT) > above)
    return np.where((above == 0) & (below == 0), np.float32(1.0), found)


def _columns(rows: F32, layer: Layer) -> F64:
    """Sums of squares [cells, inputs] over a layer's outputs."""
    weights = rows[:, layer.weights].reshape(len(rows), layer.outputs, layer.inputs).astype(np.float64)
    found: F64 = (weights**2).sum(1)
    return found


def _recorded(squares: F64) -> F32:
    return np.sqrt(np.where(squares < NORM_LIMIT**2, squares, NORM_LIMIT**2)).astype(np.float32)
