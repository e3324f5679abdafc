"""Every engine against the plain reference, and against itself resumed."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from kernels.engine.contract import Engine
from kernels.engine.vectors import VECTORS, Vector
from tests.kernels.engine import reference

STEPS = 7


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())
def test_training_agrees_with_float64_autograd(engine: Engine, vector: Vector) -> None:
    block, data, schedule = vector.build(STEPS)
    want = reference.train(block, data, schedule, STEPS)
    before = block.params.copy()
    engine.train(block, data, schedule, STEPS)
    moved = np.abs(block.params - before).max()
    assert block.step == STEPS
    assert moved > 1e-3, "the vector must move the weights, or the comparison says nothing"
    np.testing.assert_allclose(block.params, want, rtol=0, atol=2e-5 * max(1.0, np.abs(want).max()))


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())
def test_training_in_pieces_gives_the_same_bits(engine: Engine, vector: Vector) -> None:
    once, data, schedule = vector.build(STEPS)
    pieces = copy.deepcopy(once)
    engine.train(once, data, schedule, STEPS)
    for steps in (1, 0, 2, 4):
        engine.train(pieces, data, schedule, steps)
    assert pieces.digests() == once.digests()


@pytest.mark.parametrize("name", ["sgd relu softmax", "momentum tanh binary", "adam sigmoid squared", "wide"])
def test_measurements_agree_with_the_reference(engine: Engine, name: str) -> None:
    block, data, _ = VECTORS[name].build(1)
    network = block.network
    scores, grads = engine.evaluate(block, data), engine.gradient(block, data)
    layers = [engine.activations(block, data, k) for k in range(len(network.layers))]
    for cell in range(block.cells):
        p = torch.from_numpy(block.params[cell].astype(np.float64))
        x, y = (torch.from_numpy(a[data.task[cell]].astype(np.float64)) for a in (data.x, data.y))
        outputs = reference.forward(network, p, x)
        for got, want in zip(layers, outputs, strict=True):
            np.testing.assert_allclose(got[cell], want, rtol=0, atol=1e-5)
        np.testing.assert_allclose(scores.loss[cell], reference.losses(network, outputs[-1], y).mean(), rtol=1e-5)
        np.testing.assert_allclose(grads[cell], reference.gradient(network, p, x, y), rtol=0, atol=1e-5)
        o = outputs[-1].numpy()
        if network.loss == "softmax":
            assert scores.correct[cell] == (o.argmax(0) == y.numpy().argmax(0)).sum()
        elif network.loss == "binary":
            assert scores.correct[cell] == ((o > 0) == (y.numpy() > 0.5)).all(0).sum()
        else:
            assert scores.correct[cell] == 0
