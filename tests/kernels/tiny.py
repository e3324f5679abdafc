"""Work units that compute in a fraction of a second, and results made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgpack

from kernels import plan, result, workunit
from kernels.engine.seam import F32, Engine, EngineClass
from kernels.experiment import Experiment, Value, compute
from kernels.experiments import EXPERIMENTS
from kernels.result import Device, Result, Timings
from kernels.workunit import Seeds, WorkUnit

GRID: dict[str, list[int | float | str]] = {"width": [32], "depth": [1], "learning_rate": [0.05]}
DEVICE = Device("cpu", "Test processor (TM) @ 1 GHz", "linux-x86_64", 1)
TIMINGS = Timings(1.5, 1.25)


def unit(first: int = 1000, count: int = 2, **grid: list[int | float | str]) -> WorkUnit:
    """One small network per seed, unless axes of the grid say otherwise."""
    return WorkUnit(workunit.FORMAT, "compgen", 1, Seeds(first, count), GRID | grid)


def engine(kind: EngineClass = "torch") -> Engine:
    """An engine on the CPU; torch with one thread, as the worker uses it."""
    if kind == "exact":
        from kernels.engine.exact_engine import ExactEngine

        return ExactEngine()
    import torch

    from kernels.engine.torch_engine import TorchEngine

    torch.set_num_threads(1)
    return TorchEngine()


def computed(of: WorkUnit, kind: EngineClass = "torch") -> Result:
    """The work unit's true result on this machine; of class exact, on any."""
    experiment = EXPERIMENTS[of.experiment]
    blocks = plan.blocks(experiment, workunit.cells(of), 1 << 20)
    cells = [found for block in blocks for found in compute(experiment, block, engine(kind))]
    return result.build(of, cells, "0.1.0", kind, DEVICE, TIMINGS)


def contradiction(of: Experiment, curves: Mapping[str, F32], **condition: Value) -> str | None:
    """What is wrong with one cell's curves [measurements], of the grid's first condition but for what is named."""
    whole = {axis: condition.get(axis, values[0]) for axis, values in of.grid.items()}
    return of.contradiction({name: curve[None] for name, curve in curves.items()}, [whole])


def seal(body: bytes) -> bytes:
    """A file's bytes before the checksum, and the right checksum."""
    return body + hashlib.blake2b(body, digest_size=16).digest()


def resealed(data: bytes) -> bytes:
    """The bytes of a changed file with its checksum made right again."""
    return seal(data[:-16])


def tree(data: bytes) -> dict[str, Any]:
    """A result file as the independent msgpack library reads it."""
    found: dict[str, Any] = msgpack.unpackb(data)
    return found


def forged(fields: Any) -> bytes:
    """The bytes of a structure, written by the independent msgpack library, with a right checksum at the end."""
    return resealed(msgpack.packb(fields))
