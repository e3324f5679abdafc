"""Runs that the tests of every experiment make: up to a measurement, with the other engine, interrupted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kernels.experiment import CellResult, Experiment, Program, State
from tests.kernels import tiny


def saved(program: Program) -> State:
    """A copy of the program's state, as a checkpoint keeps it."""
    return {name: array.copy() for name, array in program.export().items()}


def until(program: Program, measurements: int, slices: float = 1e18) -> State:
    """Advances by so much work at a time, to the end of a segment at most, until so many measurements are made."""
    while program.export()["progress"][1] < measurements:
        program.advance(slices)
    return saved(program)


def agree_early(row: Experiment, found: Sequence[CellResult], state: State) -> None:
    """AssertionError if a program's state is further from results of the same cells than early tolerances allow."""
    for (number, one), (name, metric) in ((cell, of) for cell in enumerate(found) for of in row.metrics.items()):
        apart = np.abs(state["metric/" + name][number] - one.metrics[name])[: row.early]
        assert len(apart) == row.early
        assert np.all(apart <= metric.early), f"{name} of cell {number} differs by {apart.max()}"


def torch_agrees_early(row: Experiment, found: Sequence[CellResult], slices: float = 1e18) -> None:
    """AssertionError if class torch's early measurements differ from these results of class exact."""
    program = row.start([one.cell for one in found], tiny.engine("torch"))
    agree_early(row, found, until(program, row.early, slices))


def same_bits(row: Experiment, one: CellResult, state: State, number: int, measurements: int) -> None:
    """AssertionError if cell `number` of a program's state differs from a result in its first measurements."""
    assert [bytes(digest) for digest in state["digests"][number, :measurements]] == list(one.digests[:measurements])
    for name in row.metrics:
        mine, theirs = state["metric/" + name][number, :measurements], one.metrics[name][:measurements]
        assert mine.tobytes() == theirs.tobytes(), name


def interrupted(row: Experiment, found: Sequence[CellResult], shares: Sequence[float], slices: float) -> None:
    """AssertionError if cells computed with interruptions differ from `found`, computed without.

    The program advances by a share `slices` of its work at a time; at each of `shares` of it a new one goes on from a
    copy of its state.
    """
    engine, cells = tiny.engine("exact"), [one.cell for one in found]
    program = row.start(cells, engine)
    for share in (*shares, 1.0):
        while program.done < share * program.work:
            program.advance(slices * program.work)
        state = saved(program)
        program = row.start(cells, engine)
        program.restore(state)
    for number, one in enumerate(found):
        same_bits(row, one, saved(program), number, row.measurements)
