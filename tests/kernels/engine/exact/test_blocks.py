"""The exact engine gives the same bits whatever the block, the slicing, the thread, and the mode of its caller."""

from __future__ import annotations

import copy
import dataclasses
import functools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.engine.contract import Block
from kernels.engine.exact import library
from kernels.engine.exact.engine import ExactEngine
from kernels.engine.shapes import Network
from kernels.engine.vectors import MOMENTUM, VECTORS, Vector
from tests.kernels.engine.exact.work import AVAILABLE, Work, engine_of, part

COVERING = ("everything", "dropout tanh", "ragged and empty minibatches", "adam sigmoid squared", "one output binary")


def trained(name: str) -> Block:
    block, data, schedule = VECTORS[name].build(300)
    ExactEngine().train(block, data, schedule, 300)
    return block


@functools.cache
def built(name: str, steps: int) -> Work:
    return VECTORS[name].build(steps)


@pytest.mark.parametrize("name", COVERING)
def test_block_width_changes_nothing(name: str) -> None:
    cells, steps = 33, 40
    work = VECTORS[name].build(steps, cells)
    want = copy.deepcopy(work[0])
    ExactEngine().train(want, *work[1:], steps)
    for width in (1, 7, 32):
        digests = []
        for start in range(0, cells, width):
            block, data, schedule = part(*work, slice(start, start + width))
            ExactEngine().train(block, data, schedule, steps)
            digests += block.digests()
        assert digests == want.digests(), width


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
    names = [name for name in VECTORS if name != "wide"]
    want = [trained(name).digests() for name in names]
    with ThreadPoolExecutor(2) as pool:
        assert [block.digests() for block in pool.map(trained, names)] == want


def test_one_block_split_over_two_threads() -> None:
    work = VECTORS["everything"].build(100, 8)
    want = copy.deepcopy(work[0])
    ExactEngine().train(want, work[1], work[2], 100)
    halves = [part(*work, cells) for cells in (slice(0, 4), slice(4, 8))]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda half: ExactEngine().train(half[0], half[1], half[2], 100), halves))
    assert halves[0][0].digests() + halves[1][0].digests() == want.digests()


@pytest.mark.parametrize("isa", AVAILABLE)
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


def test_no_memory_is_an_error_not_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library.load(), "axiom_train", lambda *_: 1)
    block, data, schedule = VECTORS["l2"].build(2)
    with pytest.raises(MemoryError, match="train"):
        ExactEngine().train(block, data, schedule, 2)
    assert block.step == 0
