"""Ranks: how many directions a matrix really uses. All of them are functions of its singular values."""

from __future__ import annotations

import numpy as np

from kernels.arrays import F32, F64


def centred_singular_values(matrices: F32) -> F64:
    """Singular values [..., variables] of matrices [..., variables, observations] less their rows' means, falling.

    Their squares over the observations are the eigenvalues of the variables' covariance, computed as such: three
    times faster than by a singular value decomposition. No digits are left to values below 1e-7 of the largest, which
    are zero here; so are what rounding leaves of constant rows, and all values of a matrix with infinities or NaN.
    """
    finite = np.isfinite(matrices).all(axis=(-2, -1), keepdims=True)
    wide = np.where(finite, matrices, 0.0).astype(np.float64)
    centred = wide - wide.mean(-1, keepdims=True)
    squares = np.linalg.eigvalsh(centred @ np.swapaxes(centred, -2, -1))[..., ::-1]
    rounding = np.square(wide).sum((-2, -1))[..., None] * 1e-24
    squares = np.where(squares > np.maximum(1e-14 * squares[..., :1], rounding), squares, 0.0)
    values: F64 = np.sqrt(squares)
    return values


def spectrum_flops(variables: int, observations: int) -> float:
    """Floating-point operations of `centred_singular_values`: the product, and the reduction to tridiagonal form.

    Source of the second, 4/3 n^3: Golub & Van Loan, "Matrix computations" (4th edition 2013), section 8.3.
    """
    return 2.0 * observations * variables**2 + 4.0 / 3.0 * variables**3


def effective_rank(matrices: F32) -> F64:
    """Effective rank [...] of matrices [..., rows, columns]: exp of the entropy of the normalized singular values.

    Between 1 and min(rows, columns); 0 for a zero matrix, and for one with infinities or NaN (a network that diverged).
    Source: Roy & Vetterli, "The effective rank" (EUSIPCO 2007).
    """
    finite = np.isfinite(matrices).all(axis=(-2, -1), keepdims=True)
    return entropy_rank(np.linalg.svd(np.where(finite, matrices, 0.0).astype(np.float64), compute_uv=False))


def entropy_rank(values: F64) -> F64:
    """Effective rank [...] of matrices with singular values [..., n]; see `effective_rank`."""
    total = values.sum(-1, keepdims=True)
    p = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
    entropy = -np.sum(p * np.log(p, out=np.zeros_like(p), where=p > 0), axis=-1)
    rank: F64 = np.where(total[..., 0] > 0, np.exp(entropy), 0.0)
    return rank


def stable_rank(values: F64) -> F64:
    """Stable rank [...]: squared Frobenius norm over squared spectral norm, from singular values [..., n].

    Between 1 and the rank; 0 if all values are zero. Source: Rudelson & Vershynin, "Sampling from large matrices: an
    approach through geometric functional analysis" (Journal of the ACM 54, 2007), there called numerical rank.
    """
    squares = np.square(_relative(values))
    found: F64 = squares.sum(-1)
    return found


def participation_ratio(values: F64) -> F64:
    """Participation ratio [...]: (sum of l)^2 / sum of l^2, where l are the squares of the singular values [..., n].

    With centred singular values l are proportional to the eigenvalues of the covariance. Between 1 and n; 0 if all are
    zero. Source: Gao et al., "A theory of multineuronal dimensionality, dynamics and measurement" (bioRxiv 2017).
    """
    squares = np.square(_relative(values))
    below = np.square(squares).sum(-1)
    ratio: F64 = np.divide(np.square(squares.sum(-1)), below, out=np.zeros_like(below), where=below > 0)
    return ratio


def explained(values: F64, k: int) -> F64:
    """Share [...] of the variance along the k largest principal components, from centred singular values [..., n].

    0 if all are zero. Source: Jolliffe, "Principal component analysis" (2nd edition 2002), section 6.1.
    """
    squares = np.square(_relative(values))
    total = squares.sum(-1)
    part: F64 = np.divide(squares[..., :k].sum(-1), total, out=np.zeros_like(total), where=total > 0)
    return part


def _relative(values: F64) -> F64:
    """Values [..., n] divided by the first, the largest; zeros stay zeros."""
    largest = values[..., :1]
    return np.divide(values, largest, out=np.zeros_like(values), where=largest > 0)
