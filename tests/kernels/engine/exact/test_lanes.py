"""vec.h's maximum and minimum over all pairs of special numbers, by their bits, on this host's instruction sets."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import engine
import numpy as np
import pytest

from kernels.arrays import F32, U32
from kernels.engine.exact.library import SUFFIX, Pointer, address
from tests.kernels.engine.exact.work import AVAILABLE
from tests.kernels.engine.platforms.check import THIS

SPECIAL = np.array(
    [
        *(0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007FFFFF, 0x807FFFFF, 0x00800000, 0x80800000),
        *(0x3F800000, 0xBF800000, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC12345),
    ],
    np.uint32,
)
"""Zeros, the least and largest denormals and normals, ones, infinities, two quiet NaN, as bits."""
LEFT, RIGHT = (bits.ravel().view(np.float32) for bits in np.meshgrid(SPECIAL, SPECIAL))


@pytest.fixture(scope="module", params=AVAILABLE)
def lanes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    path = tmp_path_factory.mktemp("lanes") / f"lanes{SUFFIX}"
    machine = engine.VARIANTS[engine.TARGETS[THIS].processor][request.param]
    flags = [*engine.flags(THIS), *machine, f"-DVARIANT_{request.param.upper()}", f"-I{engine.ROOT / engine.FOLDER}"]
    source = Path(__file__).with_name("lanes.c")
    subprocess.run([*engine.zig(THIS), *flags, "-shared", str(source), "-o", str(path)], check=True)
    return ctypes.CDLL(str(path))


def of(lanes: ctypes.CDLL, function: str) -> U32:
    out = np.empty_like(LEFT)
    arguments = (LEFT.size, *(Pointer(address(array)) for array in (LEFT, RIGHT, out)))
    getattr(lanes, function)(*arguments)
    return out.view(np.uint32)


def chosen(first: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], a: F32, b: F32) -> U32:
    return np.where(first, a.view(np.uint32), b.view(np.uint32))


def test_the_second_where_both_are_zeros_or_one_is_nan(lanes: ctypes.CDLL) -> None:
    assert np.array_equal(of(lanes, "maximum"), chosen(LEFT > RIGHT, LEFT, RIGHT))
    assert np.array_equal(of(lanes, "minimum"), chosen(RIGHT > LEFT, LEFT, RIGHT))


def test_the_second_where_the_compiler_knows_the_first(lanes: ctypes.CDLL) -> None:
    zero = np.zeros_like(LEFT)
    assert np.array_equal(of(lanes, "rectified"), chosen(zero > RIGHT, zero, RIGHT))
    assert np.array_equal(of(lanes, "lowered"), chosen(zero < RIGHT, zero, RIGHT))
