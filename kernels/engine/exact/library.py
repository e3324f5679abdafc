"""The compiled library of the exact engine: where it lies, what its C structs look like, which instruction set runs.

Loaded with ctypes, so it depends on no version of Python, and its calls release the interpreter's lock.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kernels.engine.contract import EngineUnavailable
from kernels.limits import DEPTH

SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
ISAS = ("avx512", "avx2", "neon", "scalar")
"""Instruction sets, fastest first: dispatch.c's numbers."""

Pointer = ctypes.c_void_p


class CNetwork(ctypes.Structure):
    """`axiom_network` of exact.h."""

    _fields_ = (
        ("layers", ctypes.c_int32),
        ("sizes", ctypes.c_int32 * (DEPTH + 2)),
        ("activation", ctypes.c_int32),
        ("loss", ctypes.c_int32),
    )


class CBlock(ctypes.Structure):
    """`axiom_block` of exact.h."""

    _fields_ = (
        ("network", CNetwork),
        ("cells", ctypes.c_int64),
        ("parameters", ctypes.c_int64),
        ("params", Pointer),
        ("moments", Pointer),
        ("mask", Pointer),
        ("seeds", Pointer),
    )


class CData(ctypes.Structure):
    """`axiom_data` of exact.h."""

    _fields_ = (("samples", ctypes.c_int64), ("x", Pointer), ("y", Pointer), ("task", Pointer))


class CSchedule(ctypes.Structure):
    """`axiom_schedule` of exact.h."""

    _fields_ = (
        ("method", ctypes.c_int32),
        *((name, ctypes.c_double) for name in ("momentum", "beta1", "beta2", "epsilon")),
        *((name, ctypes.c_int64) for name in ("step", "offset", "count", "steps", "width")),
        *((name, Pointer) for name in ("sizes", "starts", "order", "rate", "l2", "decay", "dropout")),
    )


def address(array: NDArray[np.generic] | None) -> int | None:
    """Where an array's numbers begin; the caller keeps the array alive during the call."""
    return None if array is None else array.ctypes.data


@functools.cache
def load() -> ctypes.CDLL:
    """The library beside this file, or where the frozen program has it. EngineUnavailable if it was not built."""
    folder = Path(getattr(sys, "_MEIPASS", Path(__file__).parents[3]), "kernels", "engine", "exact")
    path = folder / f"_exact{SUFFIX}"
    try:
        library = ctypes.CDLL(str(path))
    except OSError as e:
        raise EngineUnavailable(f"the exact engine's library {path.name} cannot be loaded ({e})") from e
    for name, count in (("train", 3), ("evaluate", 4), ("gradient", 3)):
        getattr(library, f"axiom_{name}").argtypes = (ctypes.c_int, *[Pointer] * count)
    library.axiom_automata.argtypes = (ctypes.c_int, Pointer)
    library.axiom_activations.argtypes = (ctypes.c_int, Pointer, Pointer, ctypes.c_int32, Pointer)
    return library


def available() -> tuple[str, ...]:
    """The instruction sets this host can run, fastest first. Empty on an x86-64 without fused multiply-add."""
    usable = load().axiom_isas()
    return tuple(isa for bit, isa in enumerate(ISAS) if usable >> bit & 1)


def choose() -> str:
    """The instruction set to run: AXIOM_ISA if it is set, else the fastest. EngineUnavailable where there is none."""
    usable, wanted = available(), os.environ.get("AXIOM_ISA", "")
    if not usable:
        raise EngineUnavailable("the exact engine needs a processor with fused multiply-add (FMA); this one has none")
    if wanted and wanted not in ISAS:
        raise EngineUnavailable(f"AXIOM_ISA={wanted} is not one of {', '.join(ISAS)}")
    if wanted and wanted not in usable:
        raise EngineUnavailable(f"AXIOM_ISA={wanted} was asked for, but this host has only {', '.join(usable)}")
    return wanted or usable[0]


def call(function: str, *arguments: object) -> None:
    """One call of the library; MemoryError if it found no memory for its workspace."""
    run: Callable[..., int] = getattr(load(), f"axiom_{function}")
    if run(*arguments):
        raise MemoryError(f"no memory for the exact engine's {function}")
