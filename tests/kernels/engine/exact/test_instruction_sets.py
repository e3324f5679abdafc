"""The exact engine gives the same bits by every instruction set: those of the golden file."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

from kernels import philox
from kernels.engine.contract import Block, Data, EngineUnavailable, Schedule
from kernels.engine.exact import library
from kernels.engine.exact.engine import ExactEngine
from kernels.engine.exact.library import ISAS
from kernels.engine.shapes import MOMENTS, Network, Optimizer
from kernels.engine.vectors import VECTORS
from kernels.philox import Purpose
from tests.kernels.engine import golden
from tests.kernels.engine.edges import REGISTER_EDGES, at_the_edge
from tests.kernels.engine.exact.work import AVAILABLE, agree, engine_of

STEPS = 2000


@pytest.mark.parametrize("name", VECTORS)
def test_every_instruction_set_gives_the_same_bits(name: str) -> None:
    steps = 200 if name == "wide" else STEPS
    block, data, schedule = VECTORS[name].build(steps)
    digests = {}
    for isa in AVAILABLE:
        trained = copy.deepcopy(block)
        engine_of(isa).train(trained, data, schedule, steps)
        digests[isa] = trained.digests()
        assert np.isfinite(trained.params).all()
    assert all(trained == digests["scalar"] for trained in digests.values()), digests.keys()


@pytest.mark.parametrize("isa", AVAILABLE)
@pytest.mark.parametrize("name", VECTORS)
def test_golden_digests(name: str, isa: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXIOM_ISA", isa)
    want = json.loads(golden.FILE.read_text())
    assert want["steps"] == golden.STEPS
    assert golden.digests(name) == want["digests"][name]


@pytest.mark.parametrize(("sizes", "minibatch", "samples"), REGISTER_EDGES)
def test_every_edge_of_the_register_blocks(sizes: tuple[int, ...], minibatch: int, samples: int) -> None:
    """Widths and minibatches on both sides of registers, panels and chunks of samples; measurements too."""
    vector = at_the_edge(sizes, minibatch, samples)
    outcomes = []
    for isa in AVAILABLE:
        block, data, schedule = vector.build(12)
        engine = engine_of(isa)
        engine.train(block, data, schedule, 12)
        scores = engine.evaluate(block, data)
        layers = [engine.activations(block, data, layer).tobytes() for layer in range(len(sizes) - 1)]
        gradient = engine.gradient(block, data)
        outcomes.append((block.digests(), scores.loss.tobytes(), scores.correct.tolist(), layers, gradient.tobytes()))
        assert np.isfinite(gradient).all()
    assert agree(outcomes)


@pytest.mark.parametrize("name", ["sgd relu softmax", "momentum tanh binary", "adam sigmoid squared", "wide"])
def test_every_instruction_set_measures_the_same(name: str) -> None:
    block, data, _ = VECTORS[name].build(1)
    outcomes = []
    for engine in map(engine_of, AVAILABLE):
        scores = engine.evaluate(block, data)
        layers = [engine.activations(block, data, k).tobytes() for k in range(len(block.network.layers))]
        outcomes.append((scores.loss.tolist(), scores.correct.tolist(), layers, engine.gradient(block, data).tobytes()))
    assert agree(outcomes)


def test_isa_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXIOM_ISA", "scalar")
    assert ExactEngine().isa == "scalar"
    monkeypatch.setenv("AXIOM_ISA", "")
    assert ExactEngine().isa == AVAILABLE[0]
    for missing in set(ISAS) - set(AVAILABLE):
        monkeypatch.setenv("AXIOM_ISA", missing)
        with pytest.raises(EngineUnavailable, match="this host has only"):
            ExactEngine()
    monkeypatch.setenv("AXIOM_ISA", "mmx")
    with pytest.raises(EngineUnavailable, match="not one of"):
        ExactEngine()


def test_a_host_without_fused_multiply_add_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "available", lambda: ())
    with pytest.raises(EngineUnavailable, match="fused multiply-add"):
        ExactEngine()


def test_widest_network() -> None:
    """The limits' corner, a step of one sample: sizes and strides hold."""
    network = Network((2048, 2048, 2048, 2048), "relu", "squared")
    params = philox.normal(1, Purpose.WEIGHTS, network.parameters).astype(np.float32)[None] * np.float32(0.02)
    x, y = (philox.normal(2, Purpose.NOISE, 2048, (i, 0, 0)).astype(np.float32).reshape(1, 2048, 1) for i in (0, 1))
    outcomes = []
    for isa in AVAILABLE:
        block = Block(
            network,
            Optimizer(),
            np.ones(1, np.uint64),
            params.copy(),
            np.zeros((MOMENTS["sgd"], *params.shape), np.float32),
        )
        schedule = Schedule(0, np.ones(1, np.int32), None, np.full((1, 1), 1e-3, np.float32))
        engine_of(isa).train(block, Data(x, y, np.zeros(1, np.int64)), schedule, 1)
        outcomes.append(block.digests())
    assert agree(outcomes)
