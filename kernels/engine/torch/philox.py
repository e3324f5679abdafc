"""The streams of kernels/philox.py on any torch device, bit for bit, for many seeds at once.

A stream is named by keys [cells, 2] and coordinates; results are [cells, count]. Words are held in int64, since torch
has no unsigned products. Every operation is an IEEE one of its own kernel, so nothing is fused.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kernels.philox import ARTANH, AS241_A, AS241_B, AS241_C, AS241_D, Purpose, key

_LOW = 0xFFFFFFFF
At = tuple[int, int, int]


def philox4x32(counter: Tensor, keys: Tensor) -> Tensor:
    """Ten rounds on counters [..., 4] under keys [..., 2] (broadcast); words [..., 4]."""
    c0, c1, c2, c3 = counter.unbind(-1)
    k0, k1 = keys.unbind(-1)
    for _ in range(10):
        p0, p1 = c0 * 0xD2511F53, c2 * 0xCD9E8D57  # wraps modulo 2^64: the bits of the unsigned product
        c0, c1, c2, c3 = ((p1 >> 32) & _LOW) ^ c1 ^ k0, p1 & _LOW, ((p0 >> 32) & _LOW) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + 0x9E3779B9) & _LOW, (k1 + 0xBB67AE85) & _LOW
    return torch.stack([c0, c1, c2, c3], dim=-1)


def stream(seeds: NDArray[np.uint64], purpose: Purpose, device: torch.device) -> Tensor:
    """The keys [cells, 2] of the seeds' streams."""
    return torch.from_numpy(np.stack([key(int(seed), purpose) for seed in seeds]).astype(np.int64)).to(device)


def words(keys: Tensor, count: int, at: At = (0, 0, 0)) -> Tensor:
    """The first `count` words of each stream."""
    blocks = -(-count // 4)
    counter = torch.empty(1, blocks, 4, dtype=torch.int64, device=keys.device)
    counter[:, :, 0] = torch.arange(blocks, device=keys.device)
    for i in range(3):
        counter[:, :, i + 1] = at[i]
    return philox4x32(counter, keys[:, None, :]).view(len(keys), -1)[:, :count]


def uniform(keys: Tensor, count: int, at: At = (0, 0, 0)) -> Tensor:
    """Uniform float32 in [0, 1)."""
    return (words(keys, count, at) >> 8).to(torch.float32) * 2.0**-24


def bernoulli(keys: Tensor, probability: Tensor, count: int, at: At = (0, 0, 0)) -> Tensor:
    """True with each stream's probability [cells] in [0, 1): where a word is below floor(p 2^32)."""
    threshold = torch.floor(probability.to(torch.float64) * 2.0**32).to(torch.int64)
    return words(keys, count, at) < threshold[:, None]


def permutation(keys: Tensor, count: int, at: At = (0, 0, 0)) -> Tensor:
    """Permutations of 0..count-1 as int32: the order of the words, equal words by index."""
    drawn = words(keys, count, at) - 2**31  # signed, in the same order, so that 32 bits of index fit below
    return (torch.sort(drawn * 2**32 + torch.arange(count, device=keys.device)).values & _LOW).to(torch.int32)


def normal(keys: Tensor, count: int, at: At = (0, 0, 0)) -> Tensor:
    """Standard normal float64: `kernels.philox.normal_quantile` at (word + 1/2) / 2^32."""
    u = (words(keys, count, at).to(torch.float64) + 0.5) * 2.0**-32
    q = u - 0.5
    r = 0.180625 - q * q
    centre = q * (_horner(AS241_A, r) / _horner(AS241_B, r))
    s = _sqrt(-_log(torch.minimum(u, 1.0 - u))) - 1.6
    tail = _horner(AS241_C, s) / _horner(AS241_D, s)
    return torch.where(q.abs() <= 0.425, centre, torch.where(q < 0.0, -tail, tail))


def _log(x: Tensor) -> Tensor:
    """`kernels.philox.log`."""
    mantissa, exponent = torch.frexp(x)
    low = mantissa < 0.7071067811865476
    m = torch.where(low, mantissa * 2.0, mantissa)
    e = torch.where(low, exponent - 1, exponent).to(torch.float64)
    s = (m - 1.0) / (m + 1.0)
    t = s * s
    series = s * t * _horner(ARTANH, t)
    return e * 6.93147180369123816490e-01 + (2.0 * s + (series + e * 1.90821492927058770002e-10))


def _sqrt(x: Tensor) -> Tensor:
    """The correctly rounded square root. torch's own on processors is not: one in seventy is a bit off.

    The residual x - s^2 is exact by Dekker's product (1971), and one Newton step with it rounds rightly.
    """
    s = torch.sqrt(x)
    wide = s * 134217729.0  # 2^27 + 1: splits s into halves of 26 bits
    high = wide - (wide - s)
    low = s - high
    residual = ((x - high * high) - 2.0 * high * low) - low * low
    return s + residual / (2.0 * s)


def _horner(coefficients: tuple[float, ...], x: Tensor) -> Tensor:
    total = torch.full_like(x, coefficients[-1])
    for c in coefficients[-2::-1]:
        total = total * x + c
    return total
