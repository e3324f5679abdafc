"""The exact library's own functions and streams, called by themselves: what trainings are made of."""

from __future__ import annotations

import ctypes
import functools

import numpy as np
from numpy.typing import NDArray

from kernels import philox
from kernels.arrays import F32, F64, I32, U32
from kernels.engine.exact import library
from kernels.engine.exact.library import ISAS, Pointer, address
from kernels.philox import Purpose

FUNCTIONS = ("exp", "log", "tanh", "sigmoid", "log1p")
"""Those of mathf.h, in the order of their numbers in dispatch.c."""
At = tuple[int, int, int]


class _CStream(ctypes.Structure):
    """`stream` of philox.h."""

    _fields_ = (("key", ctypes.c_uint32 * 2), ("at", ctypes.c_uint32 * 3))


@functools.cache
def load() -> ctypes.CDLL:
    """The library, told the arguments of these functions too."""
    exact = library.load()
    exact.axiom_math.argtypes = (ctypes.c_int, ctypes.c_int32, ctypes.c_int64, Pointer, Pointer)
    exact.axiom_math.restype = None
    for name in ("words", "uniform", "normal", "permutation"):
        getattr(exact, f"axiom_{name}").argtypes = (Pointer, ctypes.c_int64, Pointer)
    exact.axiom_block.argtypes = (Pointer, Pointer, Pointer)
    exact.axiom_bernoulli.argtypes = (Pointer, ctypes.c_double, ctypes.c_int64, Pointer)
    return exact


def math(isa: str, function: str, x: F32) -> F32:
    """exp, log, tanh, sigmoid or log1p of mathf.h over an array whose size is a multiple of 16."""
    if x.size % 16 or x.dtype != np.float32 or not x.flags.c_contiguous:
        raise ValueError(f"x must be contiguous float32 of a multiple of 16 numbers, not {x.dtype} {list(x.shape)}")
    out = np.empty_like(x)
    number = FUNCTIONS.index(function)
    load().axiom_math(ISAS.index(isa), number, x.size, address(x), address(out))
    return out


def _stream(seed: int, purpose: Purpose, at: At) -> ctypes.c_void_p:
    key = philox.key(seed, purpose).tolist()
    return ctypes.cast(ctypes.pointer(_CStream((ctypes.c_uint32 * 2)(*key), (ctypes.c_uint32 * 3)(*at))), Pointer)


def philox_block(counter: U32, key: U32) -> U32:
    """The words [4] of one counter [4] under a key [2]."""
    if counter.shape != (4,) or key.shape != (2,) or counter.dtype != np.uint32 or key.dtype != np.uint32:
        raise ValueError(f"counter and key must be uint32 [4] and [2], not {list(counter.shape)} and {list(key.shape)}")
    out = np.empty(4, dtype=np.uint32)
    load().axiom_block(address(np.ascontiguousarray(counter)), address(np.ascontiguousarray(key)), address(out))
    return out


def words(seed: int, purpose: Purpose, count: int, at: At = (0, 0, 0)) -> U32:
    """`kernels.philox.words`, by the library."""
    out = np.empty(count, dtype=np.uint32)
    load().axiom_words(_stream(seed, purpose, at), count, address(out))
    return out


def uniform(seed: int, purpose: Purpose, count: int, at: At = (0, 0, 0)) -> F32:
    """`kernels.philox.uniform`, by the library."""
    out = np.empty(count, dtype=np.float32)
    load().axiom_uniform(_stream(seed, purpose, at), count, address(out))
    return out


def normal(seed: int, purpose: Purpose, count: int, at: At = (0, 0, 0)) -> F64:
    """`kernels.philox.normal`, by the library."""
    out = np.empty(count, dtype=np.float64)
    load().axiom_normal(_stream(seed, purpose, at), count, address(out))
    return out


def permutation(seed: int, purpose: Purpose, count: int, at: At = (0, 0, 0)) -> I32:
    """`kernels.philox.permutation`, by the library."""
    out = np.empty(count, dtype=np.int32)
    if load().axiom_permutation(_stream(seed, purpose, at), count, address(out)):
        raise MemoryError("no memory for the exact library's permutation")
    return out


def bernoulli(seed: int, purpose: Purpose, p: float, count: int, at: At = (0, 0, 0)) -> NDArray[np.bool_]:
    """True with probability p in [0, 1): where a word is below floor(p 2^32); what dropout drops."""
    if not 0.0 <= p < 1.0:
        raise ValueError(f"probability {p} is not in [0, 1)")
    out = np.empty(count, dtype=np.bool_)
    load().axiom_bernoulli(_stream(seed, purpose, at), p, count, address(out))
    return out
