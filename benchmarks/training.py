"""Training speed on one core: our engines beside other ways to train 32 small networks, interleaved in one run.

Networks 32 -> W -> W -> 10, ReLU, softmax cross-entropy, minibatches of 128, SGD with momentum. Every contender trains
all networks on the same minibatches; what is printed is the median over rounds of networks x steps per second, and its
shares of the core's own large-matrix float32 peak and of its limit of fused multiply-adds, both measured in the same
rounds. JAX takes part where it is installed.

Run: python benchmarks/training.py [--widths 32 64 128 256] [--rounds 7]
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
CORES = os.sched_getaffinity(0)
os.sched_setaffinity(0, {min(CORES)})  # one core for everybody, whatever threads they start

import numpy as np
import torch

from kernels.engine.exact_engine import ExactEngine
from kernels.engine.seam import F32, Block, Data, Engine, Network, Optimizer, Schedule
from kernels.engine.torch_engine import TorchEngine
from kernels.philox import Purpose, integers, normal, permutation
from kernels.training import he_normal

NETWORKS, INPUTS, CLASSES, BATCH, STEPS = 32, 32, 10, 128, 16
EPOCHS = 256  # in one call of our engines, shared by its networks: they return to Python every 0.1 s, not every epoch
RATE, MOMENTUM = 0.01, 0.9
Burst = Callable[[], int]  # trains; how many networks x steps


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
        mine = np.ascontiguousarray(order[start : start + len(cells)])
        rate = np.full((len(cells), STEPS * epochs), RATE, np.float32)
        work.append((state, data, Schedule(0, np.full(STEPS * epochs, BATCH, np.int32), mine, rate)))

    return work


def ours(engine: Engine, width: int, networks: int = NETWORKS, block: int = NETWORKS) -> Burst:
    """One of our engines, `block` networks at a time."""
    work = training(width, networks, block)

    def burst() -> int:
        for state, data, schedule in work:
            state.step = 0
            engine.train(state, data, schedule, schedule.steps)
        return networks * work[0][2].steps

    return burst


def check(width: int) -> None:
    """Stop unless both engines train the networks to the same parameters: what is wrong is not worth timing."""
    (mine, data, schedule), (other, _, _) = training(width, NETWORKS, NETWORKS) + training(width, NETWORKS, NETWORKS)
    ExactEngine().train(mine, data, schedule, STEPS)
    TorchEngine().train(other, data, schedule, STEPS)
    apart = float(np.abs(mine.params - other.params).max())
    if not apart < 1e-5:
        raise SystemExit(f"width {width}: the engines' parameters lie {apart:.1e} apart after {STEPS} steps")


def torch_loop(width: int) -> Burst:
    """nn.Module, autograd and torch.optim, one network at a time."""
    x, _, labels = samples()
    xs, ys = torch.from_numpy(x.T.copy()).split(BATCH), torch.from_numpy(labels).split(BATCH)
    relu, linear = torch.nn.ReLU, torch.nn.Linear
    models = [
        torch.nn.Sequential(linear(INPUTS, width), relu(), linear(width, width), relu(), linear(width, CLASSES))
        for _ in range(NETWORKS)
    ]
    optimizers = [torch.optim.SGD(m.parameters(), RATE, MOMENTUM) for m in models]

    def burst() -> int:
        for model, optimizer in zip(models, optimizers, strict=True):
            for bx, by in zip(xs, ys, strict=True):
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(bx), by).backward()
                optimizer.step()
        return NETWORKS * STEPS

    return burst


def torch_vmap(width: int) -> Burst:
    """torch.func.vmap over networks of grad of the loss."""
    x, _, labels = samples()
    xs, ys = torch.from_numpy(x.T.copy()).split(BATCH), torch.from_numpy(labels).split(BATCH)
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

    def burst() -> int:
        for bx, by in zip(xs, ys, strict=True):
            for name, g in gradient(params, bx, by).items():
                velocity[name].mul_(MOMENTUM).add_(g)
                params[name].sub_(velocity[name], alpha=RATE)
        return NETWORKS * STEPS

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


def numpy_networks(width: int, batched: bool) -> Burst:
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

    def burst() -> int:
        for state in states:
            for bx, by in zip(xs, ys, strict=True):
                numpy_step(*state, bx, by)
        return NETWORKS * STEPS

    return burst


def jax_scan(width: int) -> Burst:
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

    def burst() -> int:
        state[0] = jax.block_until_ready(train(*state[0]))
        return NETWORKS * STEPS

    return burst


def large_matrix_peak() -> float:
    """FLOP/s of a product of large float32 matrices on this core, the better of torch's and numpy's library."""
    n = 1024
    a = np.ones((n, n), np.float32)
    ta = torch.from_numpy(a)
    best = 0.0
    for product in (lambda: a @ a, lambda: ta @ ta):
        start = time.perf_counter()
        product()
        best = max(best, 2 * n**3 / (time.perf_counter() - start))
    return best


def fused_limit() -> Callable[[], float]:
    """FLOP/s of fused multiply-adds on registers alone: what no product can pass. Compiled here for this processor."""
    folder = Path(tempfile.mkdtemp())
    source, library = folder / "fused.c", folder / "fused.so"
    source.write_text(
        """
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
    )
    subprocess.run(["cc", "-O3", "-march=native", "-ffp-contract=fast", "-shared", "-o", library, source], check=True)
    fused = ctypes.CDLL(str(library)).fused
    fused.argtypes = [ctypes.c_long]
    rounds = 200_000

    def measure() -> float:
        start = time.perf_counter()
        fused(rounds)
        return 2 * 16 * 12 * rounds / (time.perf_counter() - start)

    return measure


def contenders(width: int, exact: ExactEngine) -> dict[str, Burst]:
    """Everybody who takes part."""
    batched = TorchEngine()
    block = max(1, min(NETWORKS, 1024 // width))
    found = {
        f"exact ({exact.isa}), 32 networks": ours(exact, width),
        "exact, one network": ours(exact, width, 1),
        f"torch engine, blocks of {block}": ours(batched, width, block=block),
        "torch loop, one network at a time": torch_loop(width),
        "torch.func.vmap(grad)": torch_vmap(width),
        "numpy loop, one network at a time": numpy_networks(width, False),
        "numpy batched": numpy_networks(width, True),
    }
    try:
        found["JAX jit(vmap(scan))"] = jax_scan(width)
    except ImportError:
        print("JAX is not installed and takes no part")
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--widths", type=int, nargs="+", default=[32, 64, 128, 256])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    measure_limit = fused_limit()
    for width in options.widths:
        check(width)
        takes_part = contenders(width, ExactEngine())
        speeds: dict[str, list[float]] = {name: [] for name in takes_part}
        peaks, limits = [], []
        for burst in takes_part.values():
            burst()  # compile, allocate, warm up
        for _ in range(options.rounds):
            peaks.append(large_matrix_peak())
            limits.append(measure_limit())
            for name, burst in takes_part.items():
                start, done = time.perf_counter(), 0
                while time.perf_counter() - start < 0.15:
                    done += burst()
                speeds[name].append(done / (time.perf_counter() - start))
        flops = Network((INPUTS, width, width, CLASSES)).training_flops(BATCH)
        peak, limit = median(peaks), median(limits)
        loop = median(speeds["torch loop, one network at a time"])
        print(f"\nwidth {width}: {flops / 1e6:.2f} MFLOP per network and step; this core:")
        print(f"  large matrices {peak / 1e9:.0f} GFLOP/s, fused multiply-adds on registers {limit / 1e9:.0f} GFLOP/s")
        print(f"  {'':36} {'steps/s':>14}  {'% peak':>6}  {'% fused':>7}  {'x torch loop':>12}")
        for name, values in speeds.items():
            rate = median(values)
            print(
                f"  {name:36} {rate:14.0f}  {100 * rate * flops / peak:6.1f}  {100 * rate * flops / limit:7.1f}"
                f"  {rate / loop:12.2f}"
            )
    two_threads(options.widths, options.rounds)


def two_threads(widths: Sequence[int], rounds: int) -> None:
    """What a second thread brings, on two cores: blocks side by side, as `axiom-worker run --threads 2` does it."""
    os.sched_setaffinity(0, CORES)
    print(f"\nexact engine, two threads on {len(CORES)} cores against one:")
    for width in widths:
        bursts = [ours(ExactEngine(), width) for _ in range(2)]
        ratios = []
        with ThreadPoolExecutor(2) as pool:
            for _ in range(rounds):
                rates = []
                for together in (bursts[:1], bursts):
                    start, done = time.perf_counter(), 0
                    while time.perf_counter() - start < 0.15:
                        done += sum(pool.map(lambda burst: burst(), together))
                    rates.append(done / (time.perf_counter() - start))
                ratios.append(rates[1] / rates[0])
        print(f"  width {width:4} x {median(ratios):.2f}")


if __name__ == "__main__":
    main()
