"""The exact engine on numbers at the edge of what floats hold, and on steps that do nothing."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.engine.exact.engine import ExactEngine
from kernels.engine.shapes import Activation, Loss, Network, Optimizer
from kernels.engine.vectors import ADAM, MOMENTUM, Vector
from tests.kernels.engine.edges import KINDS, POISONED, poisoned
from tests.kernels.engine.exact.work import AVAILABLE, agree, engine_of, part

CANONICAL_NAN = 0x7FC00000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("loss", "activation"), POISONED)
def test_special_numbers_are_the_same_everywhere(kind: str, loss: Loss, activation: Activation) -> None:
    outcomes = []
    for isa in AVAILABLE:
        block, data, schedule = poisoned(kind, loss, activation)
        engine = engine_of(isa)
        before = engine.gradient(block, data).tobytes()
        engine.train(block, data, schedule, 30)
        scores = engine.evaluate(block, data)
        arrays = [block.params, block.moments, engine.gradient(block, data)]
        arrays += [engine.activations(block, data, layer) for layer in range(3)]
        for array in arrays:
            assert set(array[np.isnan(array)].view(np.uint32).tolist()) <= {CANONICAL_NAN}
        outcomes.append((before, [a.tobytes() for a in arrays], scores.loss.tobytes(), scores.correct.tolist()))
    assert agree(outcomes)


@pytest.mark.parametrize("isa", AVAILABLE)
@pytest.mark.parametrize("activation", ["relu", "tanh", "linear"])
def test_activations_keep_the_sign_of_zero(isa: str, activation: Activation) -> None:
    block, data, _ = poisoned("negative zero sums", activation=activation)
    for layer in range(3):
        bits = engine_of(isa).activations(block, data, layer).view(np.uint32)
        assert set(bits.ravel().tolist()) == {0x80000000}


def test_a_cell_that_diverges_leaves_its_neighbour_alone() -> None:
    block, data, schedule = poisoned("nan")
    alone = part(block, data, schedule, slice(1, 2))
    ExactEngine().train(block, data, schedule, 30)
    ExactEngine().train(*alone, 30)
    assert np.isnan(block.params[0]).any()
    assert block.digests()[1:] == alone[0].digests()


def test_pruned_parameters_stay_zero_even_under_infinity() -> None:
    block, data, schedule = poisoned("inf")
    block.mask = np.ones_like(block.params)
    block.mask[:, ::3] = 0.0
    ExactEngine().train(block, data, schedule, 3)
    assert not block.params[:, ::3].view(np.uint32).any(), "positive zeros"


@pytest.mark.parametrize("optimizer", [Optimizer(), MOMENTUM, ADAM], ids=["sgd", "momentum", "adam"])
def test_only_empty_minibatches(optimizer: Optimizer) -> None:
    vector = Vector(Network((5, 9, 3)), optimizer, sizes=(0,), decay=True)
    block, data, schedule = vector.build(4)
    start = block.params.copy()
    ExactEngine().train(block, data, schedule, 4)
    assert not block.moments.view(np.uint32).any(), "a gradient of +0 leaves moments of +0"
    for layer in block.network.layers:
        assert np.array_equal(block.params[:, layer.biases], start[:, layer.biases])
        assert np.all(np.abs(block.params[:, layer.weights]) < np.abs(start[:, layer.weights]))


def test_no_steps_change_nothing() -> None:
    block, data, schedule = poisoned("nan")
    before = block.params.tobytes()
    ExactEngine().train(block, data, schedule, 0)
    assert block.params.tobytes() == before
