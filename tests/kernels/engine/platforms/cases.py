"""What vectors.c is given, and the digests it must print: the cases, the vector file, the golden file."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from kernels.engine.contract import Block, Data, Schedule
from kernels.engine.exact.engine import ExactEngine
from kernels.engine.shapes import Activation, Loss, Method
from kernels.engine.vectors import VECTORS
from kernels.limits import DEPTH
from kernels.philox import Purpose
from tests.kernels.engine import golden
from tests.kernels.engine.edges import KINDS, POISONED, REGISTER_EDGES, at_the_edge, poisoned
from tests.kernels.engine.exact import functions

FILE = Path(__file__).with_name("golden.json")
VERSION = 2
SWEEP = 4096
HAS_MASK, HAS_ORDER, HAS_L2, HAS_DECAY, HAS_DROPOUT = 1, 2, 4, 8, 16

Work = tuple[Block, Data, Schedule]
Digests = dict[str, dict[str, str]]
"""Case -> what was computed -> digest."""


@dataclass(frozen=True)
class Case:
    """One training program of the vector file."""

    name: str
    work: Work
    pieces: int  # calls that its training is split into


@dataclass(frozen=True)
class Suite:
    """What one vector file holds. `stride` is that of the sweep over all floats; `numbers` are drawn per stream."""

    programs: dict[str, int]  # name -> steps
    stride: int
    numbers: int

    def cases(self) -> Iterator[Case]:
        """The training programs, the edges of the register blocks, and numbers at the edge of what floats hold."""
        for name, steps in self.programs.items():
            yield Case(f"{name}, {steps} steps", VECTORS[name].build(steps), 7)
        for sizes, minibatch, samples in REGISTER_EDGES:
            yield Case(f"edge {'-'.join(map(str, sizes))}", at_the_edge(sizes, minibatch, samples).build(12), 1)
        for kind in KINDS:
            for loss, activation in POISONED:
                yield Case(f"{kind}, {activation}, {loss}", poisoned(kind, loss, activation), 2)


FULL = Suite({name: 300 if name == "wide" else 4000 for name in VECTORS}, 1009, 1_000_003)
"""Thousands of steps of everything: what `check.py` runs. Primes, so that nothing falls into step with the format."""

SHORT = Suite(
    dict.fromkeys(
        ("everything", "dropout tanh", "ragged and empty minibatches", "adam sigmoid squared", "one output binary"),
        golden.STEPS,
    ),
    100_003,
    10_007,
)
"""A feature each, for a test of seconds under emulation. Its training digests are golden.json's own."""

SUITES = {"full": FULL, "short": SHORT}


def vector_file(suite: Suite) -> bytes:
    """The file that vectors.c describes."""
    cases = [_case(case) for case in suite.cases()]
    return b"AXIOMVEC" + struct.pack("<4q", VERSION, len(cases), suite.stride, suite.numbers) + b"".join(cases)


def _case(case: Case) -> bytes:
    b, d, s = case.work
    n, o, name = b.network, b.optimizer, case.name.encode()
    sizes = [*n.sizes, *[0] * (DEPTH + 2 - len(n.sizes))]
    optional = (
        (b.mask, HAS_MASK),
        (s.order, HAS_ORDER),
        (s.l2, HAS_L2),
        (s.decay, HAS_DECAY),
        (s.dropout, HAS_DROPOUT),
    )
    whole = [len(name), len(n.layers), *sizes]
    whole += [get_args(Activation).index(n.activation), get_args(Loss).index(n.loss), get_args(Method).index(o.method)]
    whole += [b.cells, d.x.shape[2], len(d.x), len(b.moments), s.steps, int(s.starts[-1]), case.pieces]
    whole.append(sum(flag for array, flag in optional if array is not None))
    arrays: list[NDArray[Any] | None] = [b.params, b.moments, b.mask, b.seeds, d.x, d.y, d.task]
    arrays += [s.sizes, s.starts, s.order, s.rate, s.l2, s.decay, s.dropout]
    numbers = struct.pack(f"<{len(whole)}q4d", *whole, o.momentum, o.beta1, o.beta2, o.epsilon)
    return b"".join([numbers, _padded(name), *(_padded(_bytes(a)) for a in arrays if a is not None)])


def _bytes(array: np.ndarray) -> bytes:
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)


def _digest(parts: Iterable[np.ndarray]) -> str:
    h = hashlib.blake2b(digest_size=16)
    for part in parts:
        h.update(_bytes(part))
    return h.hexdigest()


def digests(suite: Suite) -> Digests:
    """What the Python package computes, each case's training in one call, by the instruction set in force."""
    found: Digests = {}
    engine = ExactEngine()
    for case in suite.cases():
        block, data, schedule = case.work
        start = _measured(engine, block, data)
        engine.train(block, data, schedule, schedule.steps)
        end = _measured(engine, block, data)
        found[case.name] = {"train": " ".join(digest.hex() for digest in block.digests())}
        found[case.name] |= {what: _digest([*start[what], *end[what]]) for what in start}
    for function in functions.FUNCTIONS:
        sweep = (functions.math(engine.isa, function, x) for x in _floats(suite.stride))
        found[function] = {"sweep": _digest(sweep)}
    seed, purpose, at = 5 + 2**40, Purpose(3), (1, 2, 3)  # vectors.c names the same stream
    for name in ("words", "uniform", "normal", "permutation"):
        found[name] = {"stream": _digest([getattr(functions, name)(seed, purpose, suite.numbers, at)])}
    found["bernoulli"] = {"stream": _digest([functions.bernoulli(seed, purpose, 0.3, suite.numbers, at)])}
    return found


def _measured(engine: ExactEngine, block: Block, data: Data) -> dict[str, list[np.ndarray]]:
    scores = engine.evaluate(block, data)
    return {
        "evaluate": [scores.loss, scores.correct],
        "activations": [engine.activations(block, data, layer) for layer in range(len(block.network.layers))],
        "gradient": [engine.gradient(block, data)],
    }


def _floats(stride: int) -> Iterator[np.ndarray]:
    for first in range(0, 2**32, stride * SWEEP):
        bits = np.arange(first, first + stride * SWEEP, stride, dtype=np.uint64)
        yield np.where(bits < 2**32, bits, 0).astype(np.uint32).view(np.float32)


def read_golden(suite: str) -> Digests:
    """The digests that every platform must print."""
    found: Digests = json.loads(FILE.read_text())[suite]
    return found


def write_golden() -> None:
    """Renews the golden file, from this host's fastest instruction set; the others must then agree."""
    FILE.write_text(json.dumps({name: digests(suite) for name, suite in SUITES.items()}, indent=1) + "\n")
