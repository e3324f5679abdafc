"""How alike two representations of the same samples are."""

from __future__ import annotations

import itertools

import numpy as np

from kernels.arrays import F32, F64


def mean_pairwise_cka(representations: F32) -> F64:
    """The mean linear centered kernel alignment [...] of replicas, over all pairs of them.

    Representations are [..., replicas, features, samples]. Of two of them, a and b, with features centered over the
    samples, it is |b a^T|^2 / (|a a^T| |b b^T|) in Frobenius norms: between 0 and 1, 1 for representations that are
    rotations and scalings of each other. 0 where one is constant or not finite. Source: Kornblith, Norouzi, Lee &
    Hinton, "Similarity of neural network representations revisited" (ICML 2019).
    """
    replicas = np.moveaxis(_centered(representations), -3, 0)
    own = [_product(replica, replica) for replica in replicas]
    pairs = itertools.combinations(range(len(replicas)), 2)
    mean: F64 = np.mean([_alignment(replicas[i], replicas[j], own[i] * own[j]) for i, j in pairs], axis=0)
    return mean


def _centered(x: F32) -> F64:
    finite = np.isfinite(x).all(axis=(-2, -1), keepdims=True)
    values = np.where(finite, x, 0.0).astype(np.float64)
    # Scaled first: squares of squares of a network that all but diverged would overflow.
    scale = np.abs(values).max(axis=(-2, -1), keepdims=True)
    values /= np.where(scale > 0, scale, 1.0)
    centered: F64 = values - values.mean(-1, keepdims=True)
    return centered


def _alignment(a: F64, b: F64, own: F64) -> F64:
    cross = _product(a, b)
    found: F64 = np.divide(cross, np.sqrt(own), out=np.zeros_like(cross), where=own > 0)
    return np.minimum(found, 1.0)


def _product(a: F64, b: F64) -> F64:
    """The squared Frobenius norm [...] of b a^T."""
    found: F64 = np.asarray(np.square(b @ np.swapaxes(a, -1, -2)).sum((-2, -1)))
    return found
