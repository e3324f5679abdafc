"""Power laws y = a x^b: fits of log y against log x, how far they bend, and the Pareto front of cost and loss."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import F64


class PowerLaw(NamedTuple):
    """Fits of y = a x^b [...]."""

    exponent: F64  # b
    r2: F64  # share of the variance of log y that the fit explains, in 0..1


def power_law(x: F64, y: F64) -> PowerLaw:
    """Least-squares fits of log y = log a + b log x to points [..., points] of positive x and y.

    Without a law both are 0: where x or y is constant, or any of them is not positive and finite. R^2 is high for any
    curve that keeps falling: look at `bend` beside it. As Hestness et al., "Deep learning scaling is predictable,
    empirically" (2017).
    """
    u, v, sound = _centred_logs(x, y)
    uu, uv, vv = (u * u).sum(-1), (u * v).sum(-1), (v * v).sum(-1)
    exponent = np.divide(uv, uu, out=np.zeros_like(uv), where=sound)
    return PowerLaw(exponent, np.minimum(np.divide(exponent * uv, vv, out=np.zeros_like(uv), where=sound), 1.0))


def exponent(x: F64, y: F64) -> F64:
    """The exponents b [...] of these fits."""
    return power_law(x, y).exponent


def r_squared(x: F64, y: F64) -> F64:
    """R^2 [...] of these fits."""
    return power_law(x, y).r2


def bend(x: F64, y: F64) -> F64:
    """The coefficient c [...] of the least-squares fit log y = log a + b log x + c log(x)^2 to points [..., points].

    Zero for an exact power law; positive where a falling curve flattens (a floor), negative where it steepens. 0 where
    there is no law or fewer than three different x.
    """
    u, v, sound = _centred_logs(x, y)
    uu = (u * u).sum(-1, keepdims=True)
    square = u * u - (u * u).mean(-1, keepdims=True)
    # What of the square no straight line has.
    slope = np.divide((u * square).sum(-1, keepdims=True), uu, out=np.zeros_like(uu), where=sound[..., None])
    rest = square - slope * u
    left = (rest * rest).sum(-1)
    several = left > 1e-20 * (u**4).sum(-1)
    found: F64 = np.divide((rest * v).sum(-1), left, out=np.zeros_like(left), where=sound & several)
    return found


def pareto_front(cost: F64, loss: F64) -> NDArray[np.int64]:
    """The points [front] of [points] that none with at most their cost and at most their loss beats, by rising cost.

    Of equal points the first one. The loss falls strictly along it. As the envelope of training curves in Hoffmann et
    al., "Training compute-optimal large language models" (2022), approach 1.
    """
    order = np.lexsort((loss, cost))
    before = np.minimum.accumulate(np.concatenate([[np.inf], loss[order][:-1]]))
    found: NDArray[np.int64] = order[loss[order] < before]
    return found


def _centred_logs(x: F64, y: F64) -> tuple[F64, F64, NDArray[np.bool_]]:
    """Logarithms of x and y less their means [..., points], and whether a line can be fitted [...]."""
    x, y = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    sound = (np.isfinite(x) & np.isfinite(y) & (x > 0) & (y > 0)).all(-1)
    u, v = (np.log(np.where(np.expand_dims(sound, -1), values, 1.0)) for values in (x, y))
    u, v = (values - values.mean(-1, keepdims=True) for values in (u, v))
    # Differences within rounding are none.
    varies = [np.abs(values).max(-1) > 1e-12 for values in (u, v)]
    return u, v, sound & varies[0] & varies[1]
