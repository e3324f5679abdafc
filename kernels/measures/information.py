"""Information in binned activations: what a layer still tells about the input, and what about the label."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import F32, F64, I64
from kernels.philox import log

LN2 = 0.6931471805599453


def binned(values: F32, low: float, high: float, bins: int) -> NDArray[np.uint8]:
    """Codes [...] of values [...]: which of `bins` equal bins from low to high they are in; bins <= 256.

    What lies outside is in the outermost bins. One bin for all where high is not a finite number above low, or where
    a value is NaN (a network that died or diverged).
    """
    if not (np.isfinite(high) and high > low) or np.isnan(values).any():
        return np.zeros(values.shape, dtype=np.uint8)
    inside = np.clip(values.astype(np.float64), low, high)
    codes: NDArray[np.uint8] = np.minimum((inside - low) / (high - low) * bins, bins - 1).astype(np.uint8)
    return codes


def information(codes: NDArray[np.uint8], labels: I64) -> tuple[float, float]:
    """I(X;T) and I(T;Y), in bits, of a layer's codes [units, patterns] and labels [patterns] from 0 on.

    X is the pattern, all equally likely; T is the vector of the codes of all units, a function of X, so that
    I(X;T) = H(T) - H(T|X) = H(T); I(T;Y) = H(T) + H(Y) - H(T,Y). Shares of counts, with a logarithm of IEEE operations
    and correctly rounded sums: no host has other last bits, even where the true value is 0.
    Source: Shwartz-Ziv & Tishby, "Opening the black box of deep neural networks via information" (2017); Saxe et al.,
    "On the information bottleneck theory of deep learning" (ICLR 2018).
    """
    rows = np.ascontiguousarray(codes.T)
    _, state = np.unique(rows.view(np.dtype((np.void, rows.shape[1])))[:, 0], return_inverse=True)
    layer = _entropy(state)
    both = layer + _entropy(labels) - _entropy(state * (labels.max() + 1) + labels)
    return layer, max(0.0, both)


def layer_information(activations: F32, labels: I64, bins: int, bounds: tuple[float, float] | None) -> F64:
    """`information` [2, cells] of a layer's activations [cells, units, patterns] and labels [cells, patterns].

    In so many bins between the bounds; where None is given, from 0 to the cell's largest activation, so that a common
    factor changes nothing.
    """
    found = np.zeros((len(activations), 2))
    for cell, values in enumerate(activations):
        low, high = bounds or (0.0, float(values.max()))
        found[cell] = information(binned(values, low, high, bins), labels[cell])
    return found.T


def possible_information(i_xt: F32, i_ty: F32, inputs: float) -> bool:
    """Whether layers can tell so much [...], of inputs of so many bits and labels of two equally likely classes.

    A layer tells of the label at most all that it tells of the input; within a class, at most 1 bit less than all.
    """
    within_class = i_xt.astype(np.float64) - i_ty
    return bool(np.all((within_class >= -1e-6) & (within_class <= inputs - 1 + 1e-5)))


def _entropy(values: I64) -> float:
    """Entropy, in bits, of the shares of equal values among values [n] from 0 on."""
    counts = np.bincount(values)
    p = counts[counts > 0] / len(values)
    return abs(math.fsum(p * log(p))) / LN2
