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

from kernels import philox
from kernels.arrays import F32, F64, U32
from kernels.engine.contract import EngineUnavailable
from kernels.limits import DEPTH
from kernels.philox import Purpose

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


class _CStream(ctypes.Structure):
    """`stream` of philox.h."""

    _fields_ = (("key", ctypes.c_uint32 * 2), ("at", ctypes.c_uint32 * 3))


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
    library.axiom_math.argtypes = (ctypes.c_int, ctypes.c_int32, ctypes.c_int64, Pointer, Pointer)
    library.axiom_math.restype = None
    for name in ("words", "uniform", "normal", "permutation"):
        getattr(library, f"axiom_{name}").argtypes = (Pointer, ctypes.c_int64, Pointer)
    library.axiom_block.argtypes = (Pointer, Pointer, Pointer)
    library.axiom_bernoulli.argtypes = (Pointer, ctypes.c_double, ctypes.c_int64, Pointer)
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


def math(isa: str, function: str, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """exp, log, tanh, sigmoid or log1p of mathf.h over an array whose size is a multiple of 16: for the tests."""
    if x.size % 16 or x.dtype != np.float32 or not x.flags.c_contiguous:
        raise ValueError(f"x must be contiguous float32 of a multiple of 16 numbers, not {x.dtype} {list(x.shape)}")
    out = np.empty_like(x)
    number = ("exp", "log", "tanh", "sigmoid", "log1p").index(function)
    load().axiom_math(ISAS.index(isa), number, x.size, address(x), address(out))
    return out


def _stream(seed: int, purpose: Purpose, at: tuple[int, int, int]) -> ctypes.c_void_p:
    key = philox.key(seed, purpose).tolist()
    return ctypes.cast(ctypes.pointer(_CStream((ctypes.c_uint32 * 2)(*key), (ctypes.c_uint32 * 3)(*at))), Pointer)


def philox_block(counter: U32, key: U32) -> U32:
    """The words [4] of one counter [4] under a key [2]."""
    if counter.shape != (4,) or key.shape != (2,) or counter.dtype != np.uint32 or key.dtype != np.uint32:
        raise ValueError(f"counter and key must be uint32 [4] and [2], not {list(counter.shape)} and {list(key.shape)}")
    out = np.empty(4, dtype=np.uint32)
    load().axiom_block(address(np.ascontiguousarray(counter)), address(np.ascontiguousarray(key)), address(out))
    return out


def words(seed: int, purpose: Purpose, count: int, at: tuple[int, int, int] = (0, 0, 0)) -> U32:
    """`kernels.philox.words`, by the library."""
    out = np.empty(count, dtype=np.uint32)
    load().axiom_words(_stream(seed, purpose, at), count, address(out))
    return out


def uniform(seed: int, purpose: Purpose, count: int, at: tuple[int, int, int] = (0, 0, 0)) -> F32:
    """`kernels.philox.uniform`, by the library."""
    out = np.empty(count, dtype=np.float32)
    load().axiom_uniform(_stream(seed, purpose, at), count, address(out))
    return out


def normal(seed: int, purpose: Purpose, count: int, at: tuple[int, int, int] = (0, 0, 0)) -> F64:
    """`kernels.philox.normal`, by the library."""
    out = np.empty(count, dtype=np.float64)
    load().axiom_normal(_stream(seed, purpose, at), count, address(out))
    return out


def permutation(seed: int, purpose: Purpose, count: int, at: tuple[int, int, int] = (0, 0, 0)) -> NDArray[np.int32]:
    """`kernels.philox.permutation`, by the library."""
    out = np.empty(count, dtype=np.int32)
    call("permutation", _stream(seed, purpose, at), count, address(out))
    return out


def bernoulli(
    seed: int, purpose: Purpose, p: float, count: int, at: tuple[int, int, int] = (0, 0, 0)
) -> NDArray[np.bool_]:
    """True with probability p in [0, 1): where a word is below floor(p 2^32); what dropout drops."""
    if not 0.0 <= p < 1.0:
        raise ValueError(f"probability {p} is not in [0, 1)")
    out = np.empty(count, dtype=np.bool_)
    load().axiom_bernoulli(_stream(seed, purpose, at), p, count, address(out))
    return out
