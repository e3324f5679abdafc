"""Invented cells of the experiment batchsize: all of its batch sizes, each at two rates, of which one is useless."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kernels.claims import Table
from kernels.metrics import NOISE_LIMIT

SIZES = tuple(2**k for k in range(12))
EPOCH = 2048
MEASURED = (*range(9), 10, 12, 14, 17, 20, 24, 29, 35, 42, 50, 60, 72, 86, 104, 128, 160, 200, 256, 320, 384)
EPOCHS = np.array(MEASURED, dtype=np.float64)


def table(samples: Callable[[int], float], seeds: int = 2, **other: Callable[[int], float]) -> Table:
    """Losses that fall from .7 in a straight line so that .3 is reached after samples(size); other curves constant."""
    rows = [(seed, size, rate) for seed in range(seeds) for size in SIZES for rate in (0.5, 4.0)]
    seed, size, rate = (np.array(column) for column in zip(*rows, strict=True))
    losses = [0.7 - 0.4 * EPOCHS * 2048 / samples(s) if r < 1 else np.full(len(EPOCHS), 10.0) for _, s, r in rows]
    metrics = {"test_loss": np.clip(losses, 0.1, 10.0).astype(np.float32)}
    metrics["train_loss"] = metrics["test_loss"]
    for name, of in other.items():
        values = [of(s) if r < 1 else NOISE_LIMIT for _, s, r in rows]
        metrics[name] = np.repeat(np.array(values, np.float32)[:, None], len(EPOCHS), axis=1)
    return Table(seed.astype(np.int64), {"batch": size, "learning_rate": rate}, metrics)


def hyperbola(least: float, critical: float) -> Callable[[int], float]:
    return lambda size: least * (1 + size / critical)


def without_a_cell(whole: Table) -> Table:
    """The same, but for one cell of seed 1."""
    kept = np.ones(len(whole.seed), dtype=bool)
    kept[np.flatnonzero(whole.seed == 1)[5]] = False
    return Table(
        whole.seed[kept],
        {axis: values[kept] for axis, values in whole.condition.items()},
        {name: values[kept] for name, values in whole.metrics.items()},
    )


def bent(before: float, after: float) -> Table:
    """Two lines with a bend at a loss of .33: before it samples have one critical size, after it another."""
    invented = table(hyperbola(20_000.0, 256.0))
    for row, (size, rate) in enumerate(zip(*invented.condition.values(), strict=True)):
        bend, slope = 20_000 * (1 + size / before), 20_000 * (1 + size / after)
        seen = 2048 * EPOCHS
        late = 0.33 - 0.08 * (seen - bend) / (slope * 4)
        curve = np.where(seen < bend, 0.7 - 0.37 * seen / bend, late)
        if rate < 1:
            invented.metrics["test_loss"][row] = np.maximum(curve, 0.1)
    return invented
