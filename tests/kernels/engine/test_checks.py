"""What is wrong with a call is refused at every engine's door, and nothing has changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kernels.arrays import F32
from kernels.engine.contract import Block, Data, Engine, Schedule
from kernels.engine.shapes import Network, Optimizer
from kernels.engine.vectors import VECTORS
from kernels.philox import SEED_LIMIT


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
    "seed too large": (
        lambda: replaced("block", seeds=np.full(3, SEED_LIMIT, np.uint64)),
        rf"seed.* not in 0\.\.{SEED_LIMIT - 1}",
    ),
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
def test_bad_input_is_refused_at_the_door(engine: Engine, name: str) -> None:
    build, message = BAD[name]
    block, data, schedule = build()
    before = block.params.tobytes()
    with pytest.raises(ValueError, match=message):
        engine.train(block, data, schedule, 4)
    assert (block.params.tobytes(), block.step) == (before, 0)


def test_more_steps_than_scheduled_are_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match=r"steps 0\.\.5 are not in the schedule's 0\.\.4"):
        engine.train(*VECTORS["everything"].build(4), 5)


def test_measurements_check_their_input(engine: Engine) -> None:
    block, data, _ = replaced("data", x=f32(2, 4, 24))
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


def test_a_softmax_of_one_output_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two outputs"):
        Network((5, 4, 1), loss="softmax")
    assert Network((5, 4, 1), loss="binary").parameters == 29


@pytest.mark.parametrize(("name", "value"), [("momentum", 1.0), ("beta1", -0.1), ("beta2", np.nan), ("epsilon", 0.0)])
def test_impossible_optimizers_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        Optimizer("adam", **{name: value})
