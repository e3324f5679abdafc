"""Results that are not what was computed: changes of a result's structure, with the checksum made right again."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kernels.arrays import F32
from tests.kernels import tiny

Top = dict[str, Any]
"""A result file as the independent msgpack library reads it."""


def changed(data: bytes, change: Callable[[Top], object]) -> bytes:
    """The result with a change, written by the independent msgpack library, with a right checksum."""
    top = copy.deepcopy(tiny.tree(data))
    change(top)
    return tiny.forged(top)


def says_near(top: Top) -> None:
    """The result of the exact engine, as if torch had computed it."""
    top.update(engine="torch", agreement="near")


def says_exact(top: Top) -> None:
    """The result of torch, as if the exact engine had computed it."""
    top.update(engine="c", agreement="exact")


def curve(top: Top, cell: int, metric: str) -> F32:
    """A copy of a curve [measurements] in a result's structure."""
    return np.frombuffer(top["cells"][cell]["metrics"][metric]["data"], "<f4").copy()


def put(top: Top, cell: int, metric: str, values: ArrayLike) -> None:
    """Another curve in its place."""
    top["cells"][cell]["metrics"][metric]["data"] = np.asarray(values, "<f4").tobytes()
