"""Measures of networks and their representations: small pure functions, each with its definition's source."""

from __future__ import annotations

import numpy as np

from kernels.engine.seam import F32, F64


def effective_rank(matrices: F32) -> F64:
    """Effective rank [...] of matrices [..., rows, columns]: exp of the entropy of the normalized singular values.

    Between 1 and min(rows, columns); 0 for a zero matrix. Source: Roy & Vetterli, "The effective rank" (EUSIPCO 2007).
    """
    values = np.linalg.svd(matrices.astype(np.float64), compute_uv=False)
    total = values.sum(-1, keepdims=True)
    p = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
    entropy = -np.sum(p * np.log(p, out=np.zeros_like(p), where=p > 0), axis=-1)
    rank: F64 = np.where(total[..., 0] > 0, np.exp(entropy), 0.0)
    return rank
