"""Specialization: how far single neurons respond to, or look at, one thing rather than all."""

from __future__ import annotations

import numpy as np

from kernels.arrays import F32, F64, I64


def selectivity(activations: F32, targets: F32, task: I64) -> F64:
    """Class selectivity [cells], the mean over neurons of (a - b) / (a + b), of activations [cells, neurons, samples].

    a is a neuron's mean activation for the class that drives it most, b its mean over the other classes' means.
    `targets` are one-hot [tasks, classes, samples], `task` [cells] says which of them are a cell's; a class that is
    never shown does not count. Between 0 and 1 for activations that are not negative; a neuron that never fires has 0.
    Source: Morcos, Barrett, Rabinowitz & Botvinick, "On the importance of single directions for generalization" (ICLR
    2018).
    """
    wide = _finite(activations)
    found = np.zeros(len(wide))
    for cell, rows in enumerate(wide):
        shown = targets[task[cell]].astype(np.float64)
        shown = shown[shown.any(1)]
        means = np.sort(rows @ shown.T / shown.sum(1), axis=-1)  # [neurons, classes], rising
        if means.shape[1] > 1:
            high, low = means[:, -1], means[:, :-1].mean(1)
            found[cell] = _ratio(_real(high - low, high + low), high + low).mean()
    return found


def sparseness(activations: F32) -> F64:
    """Lifetime sparseness [cells] of activations [cells, neurons, samples], the mean over neurons.

    Of one neuron with activations r over n samples: (1 - (sum r / n)^2 / (sum r^2 / n)) / (1 - 1 / n). 0 if it answers
    all samples alike or never fires, 1 if it answers a single one; at least two samples. Source: Vinje & Gallant,
    "Sparse coding and decorrelation in primary visual cortex during natural vision" (Science 287, 2000).
    """
    wide = _finite(activations)
    samples = wide.shape[-1]
    square, power = np.square(wide.mean(-1)), np.square(wide).mean(-1)
    each = _ratio(_real(power - square, power), power) / (1.0 - 1.0 / samples)
    found: F64 = each.mean(-1)
    return found


def alignment(weights: F32, groups: int) -> F64:
    """Group alignment [cells] of weights [cells, neurons, inputs], the mean over neurons.

    The inputs are `groups` groups of equal size, one after the other. Of one neuron it is the largest share of
    a group in the sum of the weights' absolute values: between 1 / groups and 1; 0 for a neuron without weights.
    """
    size = np.abs(_finite(weights))
    each = size.reshape(*size.shape[:-1], groups, -1).sum(-1)
    found: F64 = _ratio(each.max(-1), each.sum(-1)).mean(-1)
    return found


def redundancy(weights: F32) -> F64:
    """Mean cosine [cells] over all pairs of different neurons' weight vectors, of weights [cells, neurons, inputs].

    Between -1 / (neurons - 1) and 1; a neuron without weights has cosine 0 with all others. At least two neurons.
    """
    wide = _finite(weights)
    unit = _ratio(wide, np.sqrt(np.square(wide).sum(-1, keepdims=True)))
    neurons = unit.shape[1]
    # The squared length of the sum holds every pair twice and every neuron once.
    pairs = np.square(unit.sum(1)).sum(-1) - np.square(unit).sum((1, 2))
    found: F64 = pairs / (neurons * (neurons - 1))
    return found


def _finite(values: F32) -> F64:
    """Values [cells, ...] as float64, which holds the squares of all float32; zero for a cell that diverged."""
    finite = np.isfinite(values).all(axis=(1, 2), keepdims=True)
    return np.where(finite, values, 0.0).astype(np.float64)


def _real(difference: F64, scale: F64) -> F64:
    """A difference that is not negative, and 0 where it is no more than rounding: hosts must agree about constants."""
    return np.where(difference > 1e-12 * scale, difference, 0.0)


def _ratio(above: F64, below: F64) -> F64:
    """The quotient, and 0 where the divisor is 0."""
    found: F64 = np.divide(above, below, out=np.zeros_like(above), where=np.broadcast_to(below > 0, above.shape))
    return found
