"""Norms: how large weights are, and how much of the gradient reaches each input."""

from __future__ import annotations

import numpy as np

from kernels.engine.seam import F32, F64, Layer

NORM_LIMIT = 1e6
"""The recorded norm of what diverged: results hold finite numbers only."""


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


def _columns(rows: F32, layer: Layer) -> F64:
    """Sums of squares [cells, inputs] over a layer's outputs."""
    weights = rows[:, layer.weights].reshape(len(rows), layer.outputs, layer.inputs).astype(np.float64)
    found: F64 = (weights**2).sum(1)
    return found


def _recorded(squares: F64) -> F32:
    return np.sqrt(np.where(squares < NORM_LIMIT**2, squares, NORM_LIMIT**2)).astype(np.float32)
