"""Power laws y = a x^b: fits of log y against log x, how far they bend, and the Pareto front of cost and loss."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import F64

Mask = NDArray[np.bool_]


class PowerLaw(NamedTuple):
    """Fits of y = a x^b [...]; where there is no law all are 0."""

    exponent: F64  # b
    r2: F64  # share of the variance of log y that the fit explains, in 0..1
    bend: F64  # c of the fit log y = log a + b log x + c log(x)^2; 0 for fewer than three different x


def power_law(x: F64, y: F64, among: Mask | None = None) -> PowerLaw:
    """Least-squares fits of log y = log a + b log x to points [..., points] of positive x and y.

    Of the points `among` [..., points], where told. There is no law where x or y is constant, or any of them is not
    positive and finite. R^2 is high for any curve that keeps falling: look at the bend beside it, which is positive
    where a falling curve flattens (a floor) and negative where it steepens. As Hestness et al., "Deep learning scaling
    is predictable, empirically" (2017).
    """
    x, y = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    among = np.ones(x.shape, dtype=np.bool_) if among is None else among
    fit: Mask = np.isfinite(x) & np.isfinite(y) & (x > 0) & (y > 0)
    sound: Mask = np.logical_and((fit | ~among).all(-1), among.any(-1))
    chosen = among & sound[..., None]
    u, v = (_centred(np.log(np.where(chosen, values, 1.0)), among) for values in (x, y))
    # Differences within rounding are none.
    sound &= (np.abs(u).max(-1, initial=0.0) > 1e-12) & (np.abs(v).max(-1, initial=0.0) > 1e-12)
    uu, uv, vv = (u * u).sum(-1), (u * v).sum(-1), (v * v).sum(-1)
    exponent = _ratio(uv, uu, sound)
    # What of the square no straight line has.
    square = _centred(u * u, among)
    rest = square - _ratio((u * square).sum(-1), uu, sound)[..., None] * u
    left = (rest * rest).sum(-1)
    bends = sound & (left > 1e-20 * np.square(u * u).sum(-1))
    r2 = np.minimum(_ratio(exponent * uv, vv, sound), 1.0)
    return PowerLaw(exponent, r2, _ratio((rest * v).sum(-1), left, bends))


class Fronts(NamedTuple):
    """Points [rows, longest front] of fronts, and which of the places have one."""

    cost: F64
    loss: F64
    among: Mask


def pareto_fronts(cost: F64, losses: NDArray[np.floating[Any]]) -> Fronts:
    """The points of [points], of equal costs in all rows, that none of the row with at most their cost and loss beats.

    Cost and loss [rows, longest front] of the fronts of losses [rows, points], by rising cost, and which of these
    places [rows, longest front] have a point of a front; the others hold 1. Of points of equal cost the best counts,
    and the loss falls strictly along a front. As the envelope of training curves in Hoffmann et al., "Training
    compute-optimal large language models" (2022), approach 1.
    """
    order = np.argsort(cost)
    costs, starts = np.unique(cost[order], return_index=True)
    least = np.minimum.reduceat(losses[:, order], starts, axis=1)
    before = np.full_like(least, np.inf)
    np.minimum.accumulate(least[:, :-1], axis=1, out=before[:, 1:])
    row, point = np.nonzero(least < before)
    lengths = np.bincount(row, minlength=len(least))
    on = np.arange(lengths.max(initial=0)) < lengths[:, None]
    found = Fronts(np.ones(on.shape), np.ones(on.shape), on)
    found.cost[on], found.loss[on] = costs[point], least[row, point]
    return found


def _centred(values: F64, among: Mask) -> F64:
    """Values [..., points] less the means of those among them; 0 for the others."""
    mean = values.sum(-1, keepdims=True, where=among) / np.maximum(among.sum(-1, keepdims=True), 1)
    return np.where(among, values - mean, 0.0)


def _ratio(above: F64, below: F64, where: Mask) -> F64:
    """Quotients [...] where [...] they are asked for, and 0 elsewhere."""
    return np.divide(above, below, out=np.zeros_like(above), where=where)
