"""exp, log and tanh of the exact engine over every float, against numpy's float64: the largest error in ulp.

    python -m tests.kernels.engine.exhaustive [stride]

A stride above 1 takes every so many floats; the tests do that. Every instruction set of this host must give the same
bits.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kernels.engine.exact import library
from tests.kernels.engine.exact import functions

REFERENCE = {"exp": np.exp, "log": np.log, "tanh": np.tanh}
_CHUNK = 2**22
_END = 2**32


def floats(stride: int) -> Iterator[NDArray[np.float32]]:
    """All float32 in order of their bits, every `stride`-th, in arrays whose sizes are multiples of 16."""
    for start in range(0, _END, _CHUNK * stride):
        bits = np.arange(start, min(start + _CHUNK * stride, _END), stride, dtype=np.uint32)
        yield np.resize(bits, -(-bits.size // 16) * 16).view(np.float32)


def ulps(found: NDArray[np.float32], want: NDArray[np.float64]) -> float:
    """The largest error in units of the last place of the exact value; infinity if a special value is missed."""
    rounded = want.astype(np.float32)  # overflows to infinity where it should
    special = ~np.isfinite(rounded) | ~np.isfinite(found)
    # Between the largest float and infinity an error of one ulp may fall on either side.
    near = np.isfinite(want) & (np.abs(want) < 2.0**128 * (1 + 2.0**-23))
    wrong = special & ~((found == rounded) | (np.isnan(found) & np.isnan(rounded)) | near)
    if wrong.any() or np.any((np.signbit(found) != np.signbit(rounded)) & ~np.isnan(found)):
        return np.inf
    finite = ~special
    if not finite.any():
        return 0.0
    _, exponent = np.frexp(want[finite])
    unit = np.ldexp(1.0, np.maximum(exponent - 24, -149))
    return float((np.abs(found[finite].astype(np.float64) - want[finite]) / unit).max())


def largest_error(function: str, stride: int = 1) -> float:
    """The largest error of a function over all floats, in ulp. AssertionError if instruction sets differ."""
    worst = 0.0
    with np.errstate(all="ignore"):
        for x in floats(stride):
            values = [functions.math(isa, function, x) for isa in library.available()]
            for other in values[1:]:
                assert np.array_equal(values[0].view(np.uint32), other.view(np.uint32)), f"{function} near {x[0]!r}"
            worst = max(worst, ulps(values[0], REFERENCE[function](x.astype(np.float64))))
    return worst


if __name__ == "__main__":
    for name in REFERENCE:
        print(f"{name}: {largest_error(name, int(sys.argv[1]) if len(sys.argv) > 1 else 1):.3f} ulp", flush=True)
