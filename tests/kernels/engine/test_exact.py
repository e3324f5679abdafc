"""The exact engine: the same bits whatever the instruction set, the block, the slicing, the thread or the process."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import philox
from kernels.arrays import F32
from kernels.engine.contract import Block, Data, EngineUnavailable, Schedule
from kernels.engine.exact import library as exact_library
from kernels.engine.exact.engine import ExactEngine
from kernels.engine.exact.library import ISAS
from kernels.engine.shapes import MOMENTS, Activation, Loss, Network, Optimizer
from kernels.engine.vectors import ADAM, MOMENTUM, VECTORS, Vector
from kernels.philox import Purpose
from tests.kernels.engine import exhaustive, golden
from tests.kernels.engine.edges import KINDS, POISONED, REGISTER_EDGES, at_the_edge, poisoned

HERE = exact_library.available()
STEPS = 2000
COVERING = ("everything", "dropout tanh", "ragged and empty minibatches", "adam sigmoid squared", "one output binary")
CANONICAL_NAN = 0x7FC00000


def engine_of(isa: str) -> ExactEngine:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AXIOM_ISA", isa)
        return ExactEngine()


def train(vector: Vector, steps: int, engine: ExactEngine | None = None, cells: int | None = None) -> Block:
    block, data, schedule = vector.build(steps, cells)
    (engine or ExactEngine()).train(block, data, schedule, steps)
    return block


@functools.cache
def built(name: str, steps: int) -> tuple[Block, Data, Schedule]:
    return VECTORS[name].build(steps)


def part(block: Block, data: Data, schedule: Schedule, cells: slice) -> tuple[Block, Data, Schedule]:
    """The same work for some of the cells, on copies."""

    def cut(array: Any) -> Any:
        return None if array is None else array[cells].copy()

    return (
        dataclasses.replace(
            block,
            seeds=cut(block.seeds),
            params=cut(block.params),
            moments=block.moments[:, cells].copy(),
            mask=cut(block.mask),
        ),
        dataclasses.replace(data, task=cut(data.task)),
        Schedule(
            schedule.first,
            schedule.sizes,
            *(cut(getattr(schedule, name)) for name in ("order", "rate", "l2", "decay", "dropout")),
        ),
    )


# --- instruction sets


@pytest.mark.parametrize("name", VECTORS)
def test_every_instruction_set_gives_the_same_bits(name: str) -> None:
    steps = 200 if name == "wide" else STEPS
    block, data, schedule = VECTORS[name].build(steps)
    found = {}
    for isa in HERE:
        trained = copy.deepcopy(block)
        engine_of(isa).train(trained, data, schedule, steps)
        found[isa] = trained.digests()
        assert np.isfinite(trained.params).all()
    assert all(digests == found["scalar"] for digests in found.values()), found.keys()


@pytest.mark.parametrize("isa", HERE)
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
    found = []
    for isa in HERE:
        block, data, schedule = vector.build(12)
        engine = engine_of(isa)
        engine.train(block, data, schedule, 12)
        scores = engine.evaluate(block, data)
        layers = [engine.activations(block, data, layer).tobytes() for layer in range(len(sizes) - 1)]
        gradient = engine.gradient(block, data)
        found.append((block.digests(), scores.loss.tobytes(), scores.correct.tolist(), layers, gradient.tobytes()))
        assert np.isfinite(gradient).all()
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize("name", ["sgd relu softmax", "momentum tanh binary", "adam sigmoid squared", "wide"])
def test_every_instruction_set_measures_the_same(name: str) -> None:
    block, data, _ = VECTORS[name].build(1)
    found = []
    for engine in map(engine_of, HERE):
        scores = engine.evaluate(block, data)
        layers = [engine.activations(block, data, k).tobytes() for k in range(len(block.network.layers))]
        found.append((scores.loss.tolist(), scores.correct.tolist(), layers, engine.gradient(block, data).tobytes()))
    assert all(one == found[0] for one in found)


def test_isa_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXIOM_ISA", "scalar")
    assert ExactEngine().isa == "scalar"
    monkeypatch.setenv("AXIOM_ISA", "")
    assert ExactEngine().isa == HERE[0]
    for missing in set(ISAS) - set(HERE):
        monkeypatch.setenv("AXIOM_ISA", missing)
        with pytest.raises(EngineUnavailable, match="this host has only"):
            ExactEngine()
    monkeypatch.setenv("AXIOM_ISA", "mmx")
    with pytest.raises(EngineUnavailable, match="not one of"):
        ExactEngine()


def test_a_host_without_fused_multiply_add_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact_library, "available", lambda: ())
    with pytest.raises(EngineUnavailable, match="fused multiply-add"):
        ExactEngine()


# --- blocks, slices, threads, processes


@pytest.mark.parametrize("name", COVERING)
def test_block_width_changes_nothing(name: str) -> None:
    cells, steps = 33, 40
    work = VECTORS[name].build(steps, cells)
    want = copy.deepcopy(work[0])
    ExactEngine().train(want, *work[1:], steps)
    for width in (1, 7, 32):
        found = []
        for start in range(0, cells, width):
            block, data, schedule = part(*work, slice(start, start + width))
            ExactEngine().train(block, data, schedule, steps)
            found += block.digests()
        assert found == want.digests(), width


def test_absent_and_zero_decays_dropout_and_masks_are_the_same() -> None:
    vector = Vector(Network((5, 16, 3), "tanh"), MOMENTUM)
    block, data, schedule = vector.build(50)
    zero = np.zeros_like(schedule.rate)
    full = copy.deepcopy(block)
    full.mask = np.ones_like(block.params)
    ExactEngine().train(block, data, schedule, 50)
    ExactEngine().train(
        full, data, dataclasses.replace(schedule, l2=zero, decay=zero, dropout=np.zeros(3, np.float32)), 50
    )
    assert full.digests() == block.digests()


@settings(max_examples=25, deadline=None)
@given(name=st.sampled_from(COVERING), cuts=st.lists(st.integers(0, 60), max_size=6))
def test_interrupted_at_any_step(name: str, cuts: list[int]) -> None:
    block, data, schedule = built(name, 60)
    want, got = copy.deepcopy(block), copy.deepcopy(block)
    ExactEngine().train(want, data, schedule, 60)
    for end in [*sorted(cuts), 60]:
        got = copy.deepcopy(got)  # as if it had been written to disk and read back
        ExactEngine().train(got, data, schedule, end - got.step)
    assert got.digests() == want.digests()


def test_two_threads_side_by_side() -> None:
    names = [n for n in VECTORS if n != "wide"]
    want = [train(VECTORS[n], 300).digests() for n in names]
    with ThreadPoolExecutor(2) as pool:
        assert [b.digests() for b in pool.map(lambda n: train(VECTORS[n], 300), names)] == want


def test_one_block_split_over_two_threads() -> None:
    work = VECTORS["everything"].build(100, 8)
    want = copy.deepcopy(work[0])
    ExactEngine().train(want, work[1], work[2], 100)
    halves = [part(*work, cells) for cells in (slice(0, 4), slice(4, 8))]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda half: ExactEngine().train(half[0], half[1], half[2], 100), halves))
    assert halves[0][0].digests() + halves[1][0].digests() == want.digests()


@pytest.mark.parametrize("isa", HERE)
def test_flush_to_zero_of_others_does_not_matter(isa: str) -> None:
    """Weights so small that products are denormal: flushing would change them."""
    vector = Vector(Network((5, 9, 3), "linear", "squared"), rate=0.02)
    block, data, schedule = vector.build(50)
    block.params *= np.float32(1e-36)
    data = dataclasses.replace(data, y=data.y * np.float32(1e-38))
    want, got = copy.deepcopy(block), copy.deepcopy(block)
    engine = engine_of(isa)
    engine.train(want, data, schedule, 50)
    tiny = np.abs(want.params[want.params != 0]).min()
    assert tiny < np.finfo(np.float32).tiny, "the vector must reach denormals, or the test says nothing"
    torch.set_flush_denormal(True)
    try:
        assert not torch.any(torch.tensor([1e-40]) * 1.0), "flushing must be on, or the test says nothing"
        engine.train(got, data, schedule, 50)
        assert not torch.any(torch.tensor([1e-40]) * 1.0), "the caller's mode must come back"
        gradients = engine.gradient(want, data)
    finally:
        torch.set_flush_denormal(False)
    assert got.digests() == want.digests()
    assert gradients.tobytes() == engine.gradient(want, data).tobytes()


# --- numbers at the edge


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("loss", "activation"), POISONED)
def test_special_numbers_are_the_same_everywhere(kind: str, loss: Loss, activation: Activation) -> None:
    found = []
    for isa in HERE:
        block, data, schedule = poisoned(kind, loss, activation)
        engine = engine_of(isa)
        before = engine.gradient(block, data).tobytes()
        engine.train(block, data, schedule, 30)
        scores = engine.evaluate(block, data)
        arrays = [block.params, block.moments, engine.gradient(block, data)]
        arrays += [engine.activations(block, data, layer) for layer in range(3)]
        for array in arrays:
            assert set(array[np.isnan(array)].view(np.uint32).tolist()) <= {CANONICAL_NAN}
        found.append((before, [a.tobytes() for a in arrays], scores.loss.tobytes(), scores.correct.tolist()))
    assert all(one == found[0] for one in found)


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


# --- functions


@pytest.mark.parametrize("function", exhaustive.REFERENCE)
def test_functions_are_within_two_ulp(function: str) -> None:
    """Every 199th float; exhaustive.py does all of them."""
    assert exhaustive.largest_error(function, 199) <= 2.0


SPECIAL = np.array(
    [0.0, np.inf, np.nan, 1e-45, 1e-38, 0.624, 0.625, 1.0, 9.01, 88.72283, 88.72284, 103.97, 104.0, 3.4e38], np.float32
)

SPECIAL = np.resize(np.concatenate([SPECIAL, -SPECIAL]), 32)


@pytest.mark.parametrize("isa", HERE)
@pytest.mark.parametrize("function", exhaustive.REFERENCE)
def test_functions_at_special_values(isa: str, function: str) -> None:
    with np.errstate(all="ignore"):
        want = exhaustive.REFERENCE[function](SPECIAL.astype(np.float64))
        assert exhaustive.ulps(exact_library.math(isa, function, SPECIAL), want) <= 2.0


@pytest.mark.parametrize("function", ["sigmoid", "log1p"])
def test_derived_functions(function: str) -> None:
    x = (
        np.linspace(0, 1, 160, dtype=np.float32)
        if function == "log1p"
        else np.linspace(-80, 80, 1600, dtype=np.float32)
    )
    wide = x.astype(np.float64)
    want = np.log1p(wide) if function == "log1p" else 1.0 / (1.0 + np.exp(-wide))
    found = [exact_library.math(isa, function, x) for isa in HERE]
    np.testing.assert_allclose(found[0], want, rtol=4e-7)
    assert all(f.tobytes() == found[0].tobytes() for f in found)


# --- randomness

KNOWN_ANSWERS = [  # Random123's known answers: counter, key, words
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


@pytest.mark.parametrize(("counter", "key", "want"), KNOWN_ANSWERS)
def test_philox_gives_the_published_words(counter: str, key: str, want: str) -> None:
    c, k, w = (np.array([int(word, 16) for word in text.split()], np.uint32) for text in (counter, key, want))
    assert exact_library.philox_block(c, k).tolist() == w.tolist()
    assert philox.philox4x32(c, k).tolist() == w.tolist()


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, philox.SEED_LIMIT - 1),
    purpose=st.sampled_from(Purpose),
    count=st.integers(0, 400),
    at=st.tuples(*[st.integers(0, 2**32 - 1)] * 3),
)
def test_the_same_streams_in_c_and_numpy(seed: int, purpose: Purpose, count: int, at: tuple[int, int, int]) -> None:
    for name in ("words", "uniform", "normal", "permutation"):
        want = getattr(philox, name)(seed, purpose, count, at)
        found = getattr(exact_library, name)(seed, purpose, count, at)
        assert found.dtype == want.dtype
        assert found.tobytes() == want.tobytes(), name
    for p in (0.0, 0.3, 1.0 - 2.0**-24):
        want = philox.words(seed, purpose, count, at) < np.floor(p * 2.0**32)
        assert exact_library.bernoulli(seed, purpose, p, count, at).tolist() == want.tolist()


def test_long_streams_are_the_same_in_c_and_numpy() -> None:
    for name in ("uniform", "normal", "permutation"):
        want = getattr(philox, name)(5, Purpose.NOISE, 1_000_003)
        assert getattr(exact_library, name)(5, Purpose.NOISE, 1_000_003).tobytes() == want.tobytes(), name


# --- the door


def replaced(what: str, **changes: Any) -> tuple[Block, Data, Schedule]:
    work: dict[str, Any] = dict(zip(("block", "data", "schedule"), VECTORS["everything"].build(4), strict=True))
    work[what] = dataclasses.replace(work[what], **changes)
    return work["block"], work["data"], work["schedule"]


def f32(*shape: int) -> F32:
    return np.zeros(shape, np.float32)


PARAMETERS = VECTORS["everything"].network.parameters
BAD: dict[str, tuple[Callable[[], tuple[Block, Data, Schedule]], str]] = {
    "params shape": (
        lambda: replaced("block", params=f32(3, 5)),
        rf"params .*\[3, {PARAMETERS}\], not float32 \[3, 5\]",
    ),
    "params dtype": (lambda: replaced("block", params=np.zeros((3, PARAMETERS))), r"params .* not float64"),
    "params strided": (
        lambda: replaced("block", params=np.asfortranarray(f32(3, PARAMETERS))),
        rf"params .* not strided float32 \[3, {PARAMETERS}\]",
    ),
    "moments shape": (lambda: replaced("block", moments=f32(1, 3, PARAMETERS)), r"moments .*\[2, 3, "),
    "mask shape": (lambda: replaced("block", mask=f32(3)), r"mask .* not float32 \[3\]"),
    "seed too large": (lambda: replaced("block", seeds=np.full(3, 2**48, np.uint64)), r"seeds \[3\]"),
    "x shape": (lambda: replaced("data", x=f32(2, 4, 24)), r"x .*\[2, 20, 24\], not float32 \[2, 4, 24\]"),
    "y shape": (lambda: replaced("data", y=f32(2, 5, 23)), r"y .*\[2, 5, 24\], not float32 \[2, 5, 23\]"),
    "task out of range": (lambda: replaced("data", task=np.full(3, 2)), r"task indices .* \[2, 20, 24\]"),
    "order out of range": (lambda: replaced("schedule", order=np.full((3, 32), 24, np.int32)), r"outside 0\.\.23"),
    "order shape": (lambda: replaced("schedule", order=np.zeros((3, 5), np.int32)), r"order .* not int32 \[3, 5\]"),
    "rate not finite": (lambda: replaced("schedule", rate=np.full((3, 4), np.nan, np.float32)), r"rate .* non-finite"),
    "rate shape": (lambda: replaced("schedule", rate=f32(3, 5)), r"rate .*\[3, 4\], not float32 \[3, 5\]"),
    "l2 infinite": (lambda: replaced("schedule", l2=np.full((3, 4), np.inf, np.float32)), r"l2 .* non-finite"),
    "dropout of one": (lambda: replaced("schedule", dropout=np.ones(3, np.float32)), r"dropout .* outside \[0, 1\)"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_at_the_door(name: str) -> None:
    build, message = BAD[name]
    block, data, schedule = build()
    before = block.params.tobytes()
    with pytest.raises(ValueError, match=message):
        ExactEngine().train(block, data, schedule, 4)
    assert (block.params.tobytes(), block.step) == (before, 0)


def test_more_steps_than_scheduled_are_refused() -> None:
    with pytest.raises(ValueError, match=r"steps 0\.\.5 are not in the schedule's 0\.\.4"):
        ExactEngine().train(*VECTORS["everything"].build(4), 5)


def test_measurements_check_their_input() -> None:
    block, data, _ = replaced("data", x=f32(2, 4, 24))
    engine = ExactEngine()
    for call in (engine.evaluate, engine.gradient, lambda b, d: engine.activations(b, d, 0)):
        with pytest.raises(ValueError, match=r"\[2, 4, 24\]"):
            call(block, data)
    block, data, _ = VECTORS["everything"].build(1)
    for layer in (-1, 3):
        with pytest.raises(ValueError, match=f"layer {layer}"):
            engine.activations(block, data, layer)


@pytest.mark.parametrize("sizes", [(5, 0, 3), (0, 5, 3), (5, 5, 0), (5, 3, 3), (5,), (5, *[4] * 9, 3), (5, 4096, 2)])
def test_impossible_networks_are_refused(sizes: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"width|sizes|inputs|hidden"):
        Network(sizes)


def test_no_memory_is_an_error_not_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact_library.load(), "axiom_train", lambda *_: 1)
    block, data, schedule = VECTORS["l2"].build(2)
    with pytest.raises(MemoryError, match="train"):
        ExactEngine().train(block, data, schedule, 2)
    assert block.step == 0


def test_widest_network() -> None:
    """The limits' corner, a step of one sample: sizes and strides hold."""
    network = Network((2048, 2048, 2048, 2048), "relu", "squared")
    params = philox.normal(1, Purpose.WEIGHTS, network.parameters).astype(np.float32)[None] * np.float32(0.02)
    x, y = (philox.normal(2, Purpose.NOISE, 2048, (i, 0, 0)).astype(np.float32).reshape(1, 2048, 1) for i in (0, 1))
    found = []
    for isa in HERE:
        block = Block(
            network,
            Optimizer(),
            np.ones(1, np.uint64),
            params.copy(),
            np.zeros((MOMENTS["sgd"], *params.shape), np.float32),
        )
        schedule = Schedule(0, np.ones(1, np.int32), None, np.full((1, 1), 1e-3, np.float32))
        engine_of(isa).train(block, Data(x, y, np.zeros(1, np.int64)), schedule, 1)
        found.append(block.digests())
    assert all(one == found[0] for one in found)
