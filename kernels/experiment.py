"""What an experiment is: a grid of conditions, metrics with units and bounds, a program per block, and claims."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kernels.engine.seam import F32, Engine
from kernels.findings import Claim, Curve

Value = int | float | str
Condition = dict[str, Value]
"""One value per axis of the grid, in the grid's order."""


@dataclass(frozen=True)
class Cell:
    """One network trained under one condition with one seed."""

    seed: int
    condition: Condition


@dataclass(frozen=True)
class Metric:
    """A recorded curve: what it is, in which unit, what values it can take, and how replicas of it compare.

    `exact` metrics are counts and sums of the engine, equal wherever the weights are; the others pass through linear
    algebra and agree within 1e-6, relative. Results of the torch engine, whose weights are not equal, agree within
    `early` at the experiment's first measurements and within `late` at the others; benchmarks/tolerances.py measures.
    """

    meaning: str
    unit: str
    low: float
    high: float
    early: float
    late: float
    exact: bool = True


@dataclass(frozen=True)
class CellResult:
    """What one cell's computation gives: a curve per metric [measurements], a digest of its state at each."""

    cell: Cell
    metrics: Mapping[str, F32]
    digests: Sequence[bytes]


State = dict[str, NDArray[np.generic]]


class Program(Protocol):
    """A block of cells being computed: resumable anywhere, in units of work that are floating-point operations."""

    cells: Sequence[Cell]
    work: float

    @property
    def done(self) -> float:
        """Operations of finished steps; equals `work` at the end."""

    def advance(self, work: float) -> None:
        """Do about `work` more operations, in whole steps, at least one."""

    def export(self) -> State:
        """Everything needed to go on from here, as arrays that `restore` takes.

        Always among them: "metric/<name>" float32 [cells, measurements, ...] in the experiment's order of metrics, and
        "digests" uint8 [cells, measurements, 16]; once all work is done, nothing else matters.
        """

    def restore(self, state: State) -> None:
        """Go on from an exported state; ValueError if it does not fit these cells."""


@dataclass(frozen=True)
class Footprint:
    """Bytes that computing takes in memory: of each cell of a block, and of what all cells of one seed share there."""

    cell: float
    seed: float

    def plus(self, cell: float) -> Footprint:
        """With so many bytes more of each cell."""
        return Footprint(self.cell + cell, self.seed)


@dataclass(frozen=True)
class Experiment:
    """One row of the registry."""

    name: str
    title: str
    version: int  # raised whenever any cell's result changes
    grid: Mapping[str, tuple[Value, ...]]
    metrics: Mapping[str, Metric]
    measurements: int  # of each cell
    early: int  # how many of them count as early: rounding differences have not grown yet
    shape: Callable[[Condition], Hashable]  # cells of equal shape may share a block
    width: Callable[[Condition, int], int]  # (condition, cache bytes) -> cells of a block that fit the cache
    work: Callable[[Condition], float]  # floating-point operations of one cell
    memory: Callable[[Condition], Footprint]
    start: Callable[[Sequence[Cell], Engine], Program]
    # (metrics [cells, measurements], the cells' conditions) -> what metrics that follow from others get wrong
    contradiction: Callable[[Mapping[str, F32], Sequence[Condition]], str | None]
    curves: tuple[Curve, ...]
    claims: tuple[Claim, ...]


def compute(experiment: Experiment, cells: Sequence[Cell], engine: Engine) -> list[CellResult]:
    """Compute cells of one shape from beginning to end."""
    program = experiment.start(cells, engine)
    while program.done < program.work:
        program.advance(program.work - program.done)
    return results(experiment, cells, program.export())


def take_over(mine: State, saved: State) -> None:
    """Copy saved arrays into a program's own of the same names; ValueError where one does not belong there."""
    for name, array in saved.items():
        if name not in mine or mine[name].dtype != array.dtype or mine[name].shape != array.shape:
            raise ValueError(f"saved array {name} {array.dtype} {list(array.shape)} does not belong to this block")
        if mine[name] is not array:
            mine[name][...] = array


def outcome(state: State) -> State:
    """What `results` needs of the state that a finished program exported: arrays with a row per cell."""
    return {name: array for name, array in state.items() if name == "digests" or name.startswith("metric/")}


def results(experiment: Experiment, cells: Sequence[Cell], state: State) -> list[CellResult]:
    """The results of cells from the state that their finished program exported."""
    curves = {name: np.asarray(state["metric/" + name], dtype=np.float32) for name in experiment.metrics}
    return [
        CellResult(
            cell,
            {name: curve[number] for name, curve in curves.items()},
            [bytes(digest) for digest in np.asarray(state["digests"], dtype=np.uint8)[number]],
        )
        for number, cell in enumerate(cells)
    ]
