"""Results that are not what was computed: changes of a result's structure, with the checksum made right again."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kernels.arrays import F32
from kernels.cells import Condition
from kernels.experiments import EXPERIMENTS
from tests.kernels.resultfile import Top, forged, tree


def changed(data: bytes, change: Callable[[Top], object]) -> bytes:
    """The result with a change, written without our own code, with a right checksum."""
    top = tree(data)
    change(top)
    return forged(top)


def says_near(top: Top) -> None:
    """The result of the exact engine, as if torch had computed it."""
    top["header"].update(engine="torch", agreement="near")


def says_exact(top: Top) -> None:
    """The result of torch, as if the exact engine had computed it."""
    top["header"].update(engine="c", agreement="exact")


def curve(top: Top, cell: int, metric: str) -> F32:
    """The values [measurements] of a metric that a result's structure has a column of."""
    of = samples(top, cell, metric)
    numbers = top["columns"][metric][cell]
    return np.array(numbers if of is None else numbers / of, np.float32)


def put(top: Top, cell: int, metric: str, values: ArrayLike) -> None:
    """Other values in their place; of a share of samples the nearest counts."""
    of = samples(top, cell, metric)
    told = np.asarray(values, np.float64)
    top["columns"][metric][cell] = told if of is None else np.rint(told * of)


def samples(top: Top, cell: int, metric: str) -> int | None:
    """Of how many samples a metric of a cell is a share; None if it is none."""
    header: dict[str, Any] = top["header"]
    of = EXPERIMENTS[header["experiment"]].metrics[metric].samples
    return of(_condition(header, cell)) if callable(of) else of


def _condition(header: dict[str, Any], cell: int) -> Condition:
    combinations = list(itertools.product(*header["axes"].values()))
    return dict(zip(header["axes"], combinations[cell // header["seeds"]["count"]], strict=True))
