"""Ranks: how many directions a matrix really uses."""

from __future__ import annotations

import numpy as np

from kernels.engine.seam import F32, F64


def effective_rank(matrices: F32) -> F64:
    """Effective rank [...] of matrices [..., rows, columns]: exp of the entropy of the normalized singular values.

    Between 1 and min(rows, columns); 0 for a zero matrix, and for one with infinities or NaN (a network that diverged).
    Source: Roy & Vetterli, "The effective rank" (EUSIPCO 2007).
    """
    finite = np.isfinite(matrices).all(axis=(-2, -1), keepdims=True)
    values = np.linalg.svd(np.where(finite, matrices, 0.0).astype(np.float64), compute_uv=False)
    total = values.sum(-1, keepdims=True)
    p = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
    entropy = -np.sum(p * np.log(p, out=np.zeros_like(p), where=p > 0), axis=-1)
    rank: F64 = np.where(total[..., 0] > 0, np.exp(entropy), 0.0)
    return rank
