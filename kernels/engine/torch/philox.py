"""The streams of kernels/philox.py on any torch device, bit for bit, for many seeds at once.

A stream is named by keys [cells, 2] and coordinates; results are [cells, count]. Words are held in int64, since torch
has no unsigned products.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kernels.philox import Purpose, key

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


def bernoulli(keys: Tensor, probability: Tensor, count: int, at: At = (0, 0, 0)) -> Tensor:
    """True with each stream's probability [cells] in [0, 1): where a word is below floor(p 2^32)."""
    threshold = torch.floor(probability.to(torch.float64) * 2.0**32).to(torch.int64)
    return words(keys, count, at) < threshold[:, None]
