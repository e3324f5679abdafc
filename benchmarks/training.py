"""Training speed on one core: our engines beside other ways to train 32 small networks, interleaved in one run.

Networks 32 -> W -> W -> 10, ReLU, softmax cross-entropy, minibatches of 128, SGD with momentum. Every contender trains
all networks on the same minibatches, and takes turns with two yardsticks: products of large matrices, and fused
multiply-adds on registers. Then the exact engine alone, with one thread and with two on two cores. JAX takes part where
it is installed (`pip install jax==0.10.2`).

Run: python -m benchmarks.training [--widths 32 64 128 256] [--rounds 9]
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import itertools
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from benchmarks import host, record, tables
from benchmarks.record import Measurement
from benchmarks.timing import take_turns
from kernels.arrays import F32
from kernels.engine.contract import Block, Data, Engine, Schedule
from kernels.engine.exact.engine import ExactEngine
from kernels.engine.shapes import Network, Optimizer
from kernels.engine.torch.engine import TorchEngine
from kernels.philox import Purpose, integers, normal, permutation
from kernels.programs.initial import he_normal

NETWORKS, INPUTS, CLASSES, BATCH, STEPS = 32, 32, 10, 128, 16
EPOCHS = 256  # in one call of our engines, shared by its networks: they return to Python every 0.1 s, not every epoch
RATE, MOMENTUM = 0.01, 0.9
LEAST = 0.15  # seconds of each contender in each round


class Contender(NamedTuple):
    """Something that trains, or a yardstick."""

    burst: Callable[[], object]
    operations: int  # floating-point operations in a burst


def step_operations(width: int) -> int:
    """Floating-point operations of one step of all networks."""
    return NETWORKS * Network((INPUTS, width, width, CLASSES)).training_flops(BATCH)


def samples() -> tuple[F32, F32, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    """Inputs [INPUTS, n], one-hot classes [CLASSES, n] and classes [n] of STEPS minibatches."""
    n = BATCH * STEPS
    labels = integers(1, Purpose.LABELS, n, CLASSES)
    x = normal(1, Purpose.NOISE, INPUTS * n).reshape(INPUTS, n).astype(np.float32)
    return x, np.ascontiguousarray(np.eye(CLASSES, dtype=np.float32)[:, labels]), labels


Work = list[tuple[Block, Data, Schedule]]


def training(width: int, networks: int, block: int) -> Work:
    """The networks at their beginning, in blocks, each network with its own order of samples."""
    network = Network((INPUTS, width, width, CLASSES))
    x, y, _ = samples()
    epochs = EPOCHS // networks
    order = np.stack(
        [
            np.concatenate([permutation(c, Purpose.ORDER, BATCH * STEPS, (e, 0, 0)) for e in range(epochs)])
            for c in range(networks)
        ]
    )
    work: Work = []
    for start in range(0, networks, block):
        cells = range(start, min(start + block, networks))
        params = np.stack([he_normal(network, c) for c in cells])
        state = Block(
            network, Optimizer("momentum", MOMENTUM), np.array(cells, np.uint64), params, np.zeros_like(params)[None]
        )
        data = Data(x[None], y[None], np.zeros(len(cells), np.int64))
        own_order = np.ascontiguousarray(order[start : start + len(cells)])
        rate = np.full((len(cells), STEPS * epochs), RATE, np.float32)
        work.append((state, data, Schedule(0, np.full(STEPS * epochs, BATCH, np.int32), own_order, rate)))
    return work


def ours(engine: Engine, width: int, networks: int = NETWORKS, block: int = NETWORKS) -> Contender:
    """One of our engines, `block` networks at a time."""
    work = training(width, networks, block)

    def burst() -> None:
        for state, data, schedule in work:
            state.step = 0
            engine.train(state, data, schedule, schedule.steps)

    return Contender(burst, step_operations(width) * work[0][2].steps * networks // NETWORKS)


def check(width: int) -> None:
    """Stop unless both engines train the networks to the same parameters: what is wrong is not worth timing.

    Rounding may turn a unit on or off in a network or two, which then lies further apart than the others.
    """
    ((exact, data, schedule),) = training(width, NETWORKS, NETWORKS)
    ((torch_block, _, _),) = training(width, NETWORKS, NETWORKS)
    ExactEngine().train(exact, data, schedule, STEPS)
    TorchEngine().train(torch_block, data, schedule, STEPS)
    apart = np.abs(exact.params - torch_block.params).max(axis=1)  # [NETWORKS]
    usual, largest = float(np.median(apart)), float(apart.max())
    if not (usual < 1e-6 and largest < 1e-3):
        raise SystemExit(
            f"width {width}: the engines' parameters lie {usual:.1e} apart after {STEPS} steps, at most {largest:.1e}"
        )


def torch_loop(width: int) -> Callable[[], None]:
    """nn.Module, autograd and torch.optim, one network at a time."""
    x, _, labels = samples()
    xs, ys = torch.split(torch.from_numpy(x.T.copy()), BATCH), torch.split(torch.from_numpy(labels), BATCH)
    relu, linear = torch.nn.ReLU, torch.nn.Linear
    models = [
        torch.nn.Sequential(linear(INPUTS, width), relu(), linear(width, width), relu(), linear(width, CLASSES))
        for _ in range(NETWORKS)
    ]
    optimizers = [torch.optim.SGD(m.parameters(), RATE, MOMENTUM) for m in models]

    def burst() -> None:
        for model, optimizer in zip(models, optimizers, strict=True):
            for bx, by in zip(xs, ys, strict=True):
                optimizer.zero_grad()
                torch.autograd.backward(torch.nn.functional.cross_entropy(model(bx), by))
                optimizer.step()

    return burst


def torch_vmap(width: int) -> Callable[[], None]:
    """torch.func.vmap over networks of grad of the loss."""
    x, _, labels = samples()
    xs, ys = torch.split(torch.from_numpy(x.T.copy()), BATCH), torch.split(torch.from_numpy(labels), BATCH)
    sizes = (INPUTS, width, width, CLASSES)
    params = {}
    for k, (i, o) in enumerate(itertools.pairwise(sizes)):
        params[f"w{k}"] = torch.randn(NETWORKS, o, i) * (2 / i) ** 0.5
        params[f"b{k}"] = torch.zeros(NETWORKS, o)
    velocity = {name: torch.zeros_like(p) for name, p in params.items()}

    def loss(p: dict[str, torch.Tensor], bx: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
        for k in range(3):
            bx = torch.nn.functional.linear(bx, p[f"w{k}"], p[f"b{k}"])
            bx = torch.relu(bx) if k < 2 else bx
        return torch.nn.functional.cross_entropy(bx, by)

    gradient = torch.func.vmap(torch.func.grad(loss), in_dims=(0, None, None))

    def burst() -> None:
        for bx, by in zip(xs, ys, strict=True):
            for name, g in gradient(params, bx, by).items():
                velocity[name].mul_(MOMENTUM).add_(g)
                params[name].sub_(velocity[name], alpha=RATE)

    return burst


def numpy_step(w: list[F32], b: list[F32], vw: list[F32], vb: list[F32], bx: F32, by: F32) -> None:
    """One step in numpy, samples first; arrays may carry a leading axis of networks."""
    a = [bx]
    for k in range(3):
        z = a[-1] @ w[k] + b[k]
        a.append(np.maximum(z, 0) if k < 2 else z)
    e = np.exp(a[-1] - a[-1].max(-1, keepdims=True))
    delta = (e / e.sum(-1, keepdims=True) - by) / np.float32(BATCH)
    for k in (2, 1, 0):
        gw, gb = a[k].swapaxes(-1, -2) @ delta, delta.sum(-2, keepdims=True)
        if k:
            delta = (delta @ w[k].swapaxes(-1, -2)) * (a[k] > 0)
        vw[k] *= np.float32(MOMENTUM)
        vw[k] += gw
        w[k] -= np.float32(RATE) * vw[k]
        vb[k] *= np.float32(MOMENTUM)
        vb[k] += gb
        b[k] -= np.float32(RATE) * vb[k]


def numpy_networks(width: int, batched: bool) -> Callable[[], None]:
    """numpy: one network at a time (what the project's predecessor ran), or all in stacked products."""
    x, y, _ = samples()
    xs = [np.ascontiguousarray(x[:, s : s + BATCH].T) for s in range(0, BATCH * STEPS, BATCH)]
    ys = [np.ascontiguousarray(y[:, s : s + BATCH].T) for s in range(0, BATCH * STEPS, BATCH)]
    sizes = (INPUTS, width, width, CLASSES)
    shape: tuple[int, ...] = (NETWORKS,) if batched else ()
    states = []
    for c in range(1 if batched else NETWORKS):
        pairs = list(itertools.pairwise(sizes))
        w = [
            (normal(c, Purpose.WEIGHTS, int(np.prod((*shape, i, o)))).reshape(*shape, i, o) * (2 / i) ** 0.5).astype(
                "f4"
            )
            for i, o in pairs
        ]
        b = [np.zeros((*shape, 1, o), np.float32) for _, o in pairs]
        states.append((w, b, [np.zeros_like(m) for m in w], [np.zeros_like(m) for m in b]))

    def burst() -> None:
        for state in states:
            for bx, by in zip(xs, ys, strict=True):
                numpy_step(*state, bx, by)

    return burst


def jax_scan(width: int) -> Callable[[], None]:
    """JAX: jit of vmap over networks of a scan over steps."""
    import jax
    import jax.numpy as jnp

    x, _, labels = samples()
    xs, ys = jnp.array(x.T.reshape(STEPS, BATCH, INPUTS)), jnp.array(labels.reshape(STEPS, BATCH))
    sizes = (INPUTS, width, width, CLASSES)
    params = [
        (jnp.array(normal(k, Purpose.WEIGHTS, NETWORKS * i * o).reshape(NETWORKS, i, o) * (2 / i) ** 0.5, jnp.float32),
         jnp.zeros((NETWORKS, o), jnp.float32))
        for k, (i, o) in enumerate(itertools.pairwise(sizes))
    ]  # fmt: skip
    velocity = jax.tree.map(jnp.zeros_like, params)

    def loss(p, bx, by):  # type: ignore[no-untyped-def]
        for k, (w, b) in enumerate(p):
            bx = bx @ w + b
            bx = jax.nn.relu(bx) if k < 2 else bx
        return -jnp.take_along_axis(jax.nn.log_softmax(bx), by[:, None], 1).mean()

    def step(state, batch):  # type: ignore[no-untyped-def]
        p, v = state
        g = jax.grad(loss)(p, *batch)
        v = jax.tree.map(lambda a, b: MOMENTUM * a + b, v, g)
        return (jax.tree.map(lambda a, b: a - RATE * b, p, v), v), None

    train = jax.jit(jax.vmap(lambda p, v: jax.lax.scan(step, (p, v), (xs, ys))[0]))
    state = [(params, velocity)]

    def burst() -> None:
        state[0] = jax.block_until_ready(train(*state[0]))

    return burst


def large_matrices() -> dict[str, Contender]:
    """Products of large float32 matrices by numpy's library and by torch's."""
    n = 1024
    ones = np.ones((n, n), np.float32)
    torch_ones = torch.from_numpy(ones)
    return {
        "large matrices, numpy": Contender(lambda: ones @ ones, 2 * n**3),
        "large matrices, torch": Contender(lambda: torch_ones @ torch_ones, 2 * n**3),
    }


FUSED = """
typedef float lanes __attribute__((vector_size(64)));
float fused(long rounds) {
    lanes a[12], x = {0}, y = {0};
    for (int i = 0; i < 16; i++) { x[i] = 0.999f; y[i] = 0.001f; }
    for (int k = 0; k < 12; k++) a[k] = y;
    for (long r = 0; r < rounds; r++)
        for (int k = 0; k < 12; k++) a[k] = a[k] * x + y;
    float sum = 0;
    for (int k = 0; k < 12; k++) sum += a[k][0];
    return sum;
}
"""


def fused_multiply_adds(rounds: int = 200_000) -> Contender:
    """Fused multiply-adds on registers alone: what no product can pass. Compiled here for this processor."""
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "fused.c"), Path(folder, "fused.so")
        source.write_text(FUSED)
        subprocess.run(
            ["cc", "-O3", "-march=native", "-ffp-contract=fast", "-shared", "-o", library, source], check=True
        )
        fused = ctypes.CDLL(str(library)).fused
    fused.argtypes, fused.restype = [ctypes.c_long], ctypes.c_float
    return Contender(partial(fused, rounds), 2 * 16 * 12 * rounds)


def contenders(width: int) -> dict[str, Contender]:
    """Everything that takes turns at a width, by its name."""
    exact, block = ExactEngine(), max(1, min(NETWORKS, 1024 // width))
    libraries = {
        "torch loop": torch_loop(width),
        "torch.func.vmap": torch_vmap(width),
        "numpy loop": numpy_networks(width, False),
        "numpy batched": numpy_networks(width, True),
    }
    try:
        libraries["JAX"] = jax_scan(width)
    except ImportError:
        print("JAX is not installed and takes no part")
    return {
        "fused multiply-adds": fused_multiply_adds(),
        **large_matrices(),
        "exact": ours(exact, width),
        "exact, one network": ours(exact, width, networks=1),
        "torch engine": ours(TorchEngine(), width, block=block),
        **{name: Contender(burst, step_operations(width) * STEPS) for name, burst in libraries.items()},
    }


def side_by_side(width: int, threads: int, pool: ThreadPoolExecutor) -> Contender:
    """The exact engine on as many blocks as threads, as `axiom-worker run --threads` computes them."""
    blocks = [ours(ExactEngine(), width) for _ in range(threads)]
    return Contender(
        lambda: list(pool.map(lambda block: block.burst(), blocks)), sum(block.operations for block in blocks)
    )


def measure(works: dict[str, Contender], rounds: int, width: int, threads: Sequence[int]) -> list[Measurement]:
    """A measurement of each contender; `threads` has the number that each one uses."""
    turns = take_turns({name: contender.burst for name, contender in works.items()}, rounds, LEAST)
    return [
        Measurement(
            {"width": width, "contender": name, "threads": count},
            "s",
            turns[name].seconds,
            works[name].operations * turns[name].calls,
        )
        for name, count in zip(works, threads, strict=True)
    ]


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """One core for everybody, whatever threads they start."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def run(widths: Sequence[int], rounds: int) -> list[Measurement]:
    """All measurements: everything on one core, then the exact engine with one and two threads on all cores."""
    torch.set_num_threads(1)
    measurements = []
    with one_core():
        for width in widths:
            check(width)
            works = contenders(width)
            measurements += measure(works, rounds, width, [1] * len(works))
    with ThreadPoolExecutor(2) as pool:
        for width in widths:
            works = {f"side by side, {threads}": side_by_side(width, threads, pool) for threads in (1, 2)}
            measurements += measure(works, rounds, width, [1, 2])
    return measurements


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--widths", type=int, nargs="+", default=[32, 64, 128, 256])
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    begun = host.now()
    result = record.finish("training", begun, run(options.widths, options.rounds))
    print(tables.summary(result), tables.speed(result), tables.speed_alone(result), sep="\n\n")


if __name__ == "__main__":
    main()
