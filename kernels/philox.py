"""Counter-based randomness: Philox4x32-10 and the distributions made from it, the same bits on every host.

A stream is named by (seed, purpose, coordinates) and has no state: word i of a stream is a pure function of its name
and i. Nothing here calls the platform's mathematical library; every operation is an IEEE one, rounded by itself, so
numpy gives the same bits on every processor.

Source: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
"""

from __future__ import annotations

import enum

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import F32, F64, U32

SEED_LIMIT = 2**48
"""Seeds are 0 <= seed < SEED_LIMIT: 48 bits of the 64-bit key; the other 16 hold the purpose."""

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_KEY_STEPS = (np.uint64(0x9E3779B9), np.uint64(0xBB67AE85))
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)


class Purpose(enum.IntEnum):
    """What a stream is for. Numbers are never reused: they are part of every result's definition."""

    TASK = 1  # what a task is made of: prototypes, held-out combinations
    LABELS = 2  # which value, class or combination a sample shows
    NOISE = 3  # additive noise of samples
    WEIGHTS = 4  # initial weights
    ORDER = 5  # order of the samples in an epoch
    DROPOUT = 6  # units dropped at a step
    BOOTSTRAP = 7  # resampling of seeds in a finding
    LATTICES = 20  # initial states of cellular automata
    EVOLUTION = 21  # a genetic algorithm's first rules, parents, crossovers and mutations


def philox4x32(counter: U32, key: U32) -> U32:
    """Ten rounds of Philox4x32 on counters [..., 4] under keys [..., 2] (broadcast); returns words [..., 4]."""
    c0, c1, c2, c3 = (counter[..., i].astype(np.uint64) for i in range(4))
    k0, k1 = (key[..., i].astype(np.uint64) for i in range(2))
    for _ in range(10):
        p0, p1 = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (p1 >> _32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _32) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _KEY_STEPS[0]) & _LOW, (k1 + _KEY_STEPS[1]) & _LOW
    return np.stack([c0, c1, c2, c3], axis=-1).astype(np.uint32)


def key(seed: int, purpose: Purpose) -> U32:
    """The 64-bit key [2] of a stream: 48 bits of seed, 16 bits of purpose. ValueError for a seed out of range."""
    if not 0 <= seed < SEED_LIMIT:
        raise ValueError(f"seed {seed} is not in 0..{SEED_LIMIT - 1}")
    return np.array([seed & 0xFFFFFFFF, (seed >> 32) << 16 | int(purpose)], dtype=np.uint32)


def words(seed: int, purpose: Purpose, count: int, at: tuple[int, int, int] = (0, 0, 0), first: int = 0) -> U32:
    """`count` 32-bit words [count] of the stream (seed, purpose, at), from word `first`, a multiple of 4, on.

    `at` are three 32-bit coordinates.
    """
    if first % 4:
        raise ValueError(f"words can be had from a multiple of 4 on, not from {first}")
    counters = np.empty((-(-count // 4), 4), dtype=np.uint32)
    counters[:, 0] = np.arange(first // 4, first // 4 + len(counters), dtype=np.uint32)
    counters[:, 1:] = at
    return philox4x32(counters, key(seed, purpose)).reshape(-1)[:count]


def uniform(seed: int, purpose: Purpose, count: int, at: tuple[int, int, int] = (0, 0, 0)) -> F32:
    """Uniform float32 [count] in [0, 1): the upper 24 bits of each word, so every value is exact."""
    top = words(seed, purpose, count, at) >> np.uint32(8)
    return top.astype(np.float32) * np.float32(2.0**-24)


def integers(
    seed: int, purpose: Purpose, count: int, limit: int, at: tuple[int, int, int] = (0, 0, 0), first: int = 0
) -> NDArray[np.int64]:
    """Integers [count] in 0..limit-1, limit <= 2^16: (word * limit) >> 32; the bias is below limit / 2^32.

    From number `first`, a multiple of 4, of the stream on.
    """
    if not 1 <= limit <= 2**16:
        raise ValueError(f"limit {limit} is not in 1..65536")
    return ((words(seed, purpose, count, at, first).astype(np.uint64) * np.uint64(limit)) >> _32).astype(np.int64)


def permutation(seed: int, purpose: Purpose, count: int, at: tuple[int, int, int] = (0, 0, 0)) -> NDArray[np.int32]:
    """A permutation [count] of 0..count-1: the order of the stream's words, equal words by index."""
    keys = (words(seed, purpose, count, at).astype(np.uint64) << _32) | np.arange(count, dtype=np.uint64)
    return (np.sort(keys) & _LOW).astype(np.int32)


def normal(seed: int, purpose: Purpose, count: int, at: tuple[int, int, int] = (0, 0, 0)) -> F64:
    """Standard normal float64 [count]: the inverse distribution function at (word + 1/2) / 2^32, so |z| < 6.4."""
    u = (words(seed, purpose, count, at).astype(np.float64) + 0.5) * 2.0**-32
    return normal_quantile(u)


def normal_quantile(u: F64) -> F64:
    """Inverse of the standard normal distribution function for 1.4e-11 < u < 1 - 1.4e-11, relative error near 1e-15.

    Source: Wichura, algorithm AS 241 (PPND16), Applied Statistics 37 (1988); its third branch is never reached by
    32-bit uniforms.
    """
    q = u - 0.5
    r = 0.180625 - q * q
    centre = q * (_horner(AS241_A, r) / _horner(AS241_B, r))
    s = np.sqrt(-log(np.minimum(u, 1.0 - u))) - 1.6
    tail = _horner(AS241_C, s) / _horner(AS241_D, s)
    return np.where(np.abs(q) <= 0.425, centre, np.where(q < 0.0, -tail, tail))


def log(x: F64) -> F64:
    """Natural logarithm of positive, normal float64 values by IEEE operations alone, within 2 ulp.

    x = 2^e * m with m in [sqrt(1/2), sqrt(2)); log m = 2 artanh(s), s = (m - 1) / (m + 1), by its Taylor series.
    """
    mantissa, exponent = np.frexp(x)  # exact: no rounding
    low = mantissa < 0.7071067811865476
    m = np.where(low, mantissa * 2.0, mantissa)
    e = np.where(low, exponent - 1, exponent).astype(np.float64)
    s = (m - 1.0) / (m + 1.0)
    t = s * s
    series = s * t * _horner(ARTANH, t)
    # ln 2 in two parts, the first with enough trailing zeros that e times it is exact.
    return e * 6.93147180369123816490e-01 + (2.0 * s + (series + e * 1.90821492927058770002e-10))


def _horner(coefficients: tuple[float, ...], x: F64) -> F64:
    """c0 + c1 x + c2 x^2 + ... from the highest power down; every product and sum rounded by itself."""
    total = np.full_like(x, coefficients[-1])
    for c in coefficients[-2::-1]:
        total = total * x + c
    return total


ARTANH = tuple(2.0 / (2 * k + 3) for k in range(11))
AS241_A = (
    3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
    4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3,
)  # fmt: skip
AS241_B = (
    1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
    2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3,
)  # fmt: skip
AS241_C = (
    1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
    1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4,
)  # fmt: skip
AS241_D = (
    1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
    1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
)  # fmt: skip
