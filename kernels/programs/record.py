"""The record of a block: the curves and digests of its cells, filled in as measurements are made.

In a program's state its arrays are "metric/<name>" float32 [cells, measurements], in the experiment's order of metrics,
and "digests" uint8 [cells, measurements, 16].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kernels.arrays import F32
from kernels.cells import Cell, CellResult
from kernels.metrics import Metric
from kernels.programs.program import State

DIGEST_BYTES = 16


class Record:
    """What has been measured of a block's cells."""

    def __init__(self, cells: Sequence[Cell], metrics: Mapping[str, Metric], measurements: int) -> None:
        self._conditions = [cell.condition for cell in cells]
        self._metrics = metrics
        self._curves = {name: np.zeros((len(cells), measurements), dtype=np.float32) for name in metrics}
        self._digests = np.zeros((len(cells), measurements, DIGEST_BYTES), dtype=np.uint8)

    def enter(
        self, number: int, values: Mapping[str, ArrayLike], digests: Sequence[bytes], rows: slice = slice(None)
    ) -> None:
        """Enter a measurement of some cells: metric -> values [cells], and a digest per cell.

        Metrics that follow from others by a formula are computed here.
        """
        now: dict[str, F32] = {name: curve[rows, number : number + 1] for name, curve in self._curves.items()}
        for name, metric in self._metrics.items():
            if not metric.formula:
                now[name][:, 0] = values[name]
        for name, metric in self._metrics.items():
            if metric.formula:
                now[name][...] = metric.formula.compute(now, self._conditions[rows])
        for row, digest in zip(self._digests[rows, number], digests, strict=True):
            row[:] = np.frombuffer(digest, dtype=np.uint8)

    def state(self) -> State:
        """The record's arrays in a program's state."""
        return {"metric/" + name: curve for name, curve in self._curves.items()} | {"digests": self._digests}


def outcome(state: State) -> State:
    """The record in the state that a finished program exported: all that is still needed of it."""
    return {name: array for name, array in state.items() if name == "digests" or name.startswith("metric/")}


def joined(metrics: Iterable[str], states: Iterable[State]) -> tuple[dict[str, F32], NDArray[np.uint8]]:
    """Every metric [cells, measurements] and digests [cells, measurements, 16] of several blocks, one after the other.

    From the states that their finished programs exported.
    """
    blocks = list(states)
    curves = {
        name: np.concatenate([np.asarray(state["metric/" + name], np.float32) for state in blocks]) for name in metrics
    }
    return curves, np.concatenate([np.asarray(state["digests"], dtype=np.uint8) for state in blocks])


def results(metrics: Iterable[str], cells: Sequence[Cell], state: State) -> list[CellResult]:
    """The results of cells from the state that their finished program exported, metrics in this order.

    A state that a checkpoint held has its arrays in another order.
    """
    curves = {name: np.asarray(state["metric/" + name], dtype=np.float32) for name in metrics}
    return [
        CellResult(
            cell,
            {name: curve[number] for name, curve in curves.items()},
            [bytes(digest) for digest in np.asarray(state["digests"], dtype=np.uint8)[number]],
        )
        for number, cell in enumerate(cells)
    ]
