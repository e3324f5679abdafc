"""Streams on torch are those of numpy, bit for bit; tests/kernels/test_philox.py tests what they are."""

from __future__ import annotations

import numpy as np
import torch

from kernels import philox
from kernels.engine.torch import philox as torch_philox
from kernels.philox import Purpose

SEEDS = np.array([0, 1, 123_456_789_012, philox.SEED_LIMIT - 1], dtype=np.uint64)
AT = (3, 2**32 - 1, 7)
COUNT = 100_003
CPU = torch.device("cpu")
KEYS = torch_philox.stream(SEEDS, Purpose.NOISE, CPU)


def test_words_are_those_of_numpy() -> None:
    for seed, row in zip(SEEDS, torch_philox.words(KEYS, COUNT, AT).numpy(), strict=True):
        np.testing.assert_array_equal(row, philox.words(int(seed), Purpose.NOISE, COUNT, AT))


def test_bernoulli_is_true_below_the_threshold() -> None:
    probability = torch.tensor([0.0, 0.25, 0.1, 0.999], dtype=torch.float32)
    got = torch_philox.bernoulli(KEYS, probability, COUNT, AT).numpy()
    for seed, p, row in zip(SEEDS, probability.numpy(), got, strict=True):
        words = philox.words(int(seed), Purpose.NOISE, COUNT, AT)
        np.testing.assert_array_equal(row, words < np.floor(np.float64(p) * 2.0**32))
        assert abs(row.mean() - p) < 0.005


def test_the_published_vector() -> None:
    counter = torch.tensor([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344])
    words = torch_philox.philox4x32(counter, torch.tensor([0xA4093822, 0x299F31D0]))
    assert [hex(word) for word in words.tolist()] == ["0xd16cfe09", "0x94fdcceb", "0x5001e420", "0x24126ea1"]
