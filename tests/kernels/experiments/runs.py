"""Programs of an experiment as tests run them: up to a measurement, interrupted, with parameters of the test's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kernels.arrays import F32
from kernels.cells import Cell, CellResult
from kernels.engine.contract import Engine
from kernels.experiment import Experiment
from kernels.formats import checkpoint
from kernels.formats.checkpoint import Checkpoint, Header
from kernels.programs.program import Program, State


def until(program: Program, measurements: int) -> State:
    """Advances until so many measurements of every cell are made; the state then, copied."""
    while measured(program) < measurements:
        program.advance(program.work)
    return {name: array.copy() for name, array in program.export().items()}


def measured(program: Program) -> int:
    """How many measurements of every cell are made: a digest of zeros is none yet."""
    return int(program.export()["digests"].any(-1).sum(1).min())


def curve(state: State, metric: str) -> F32:
    """A metric [cells, measurements] in a program's state."""
    return np.asarray(state["metric/" + metric], dtype=np.float32)


def from_checkpoint(state: State) -> State:
    """A state as it comes back from a checkpoint's bytes."""
    header = Header(checkpoint.FORMAT, "ab" * 16, "0.1.0", "c", "cpu", [1], {0: 1.0}, 0.0, 0.0)
    return checkpoint.decode(checkpoint.encode(Checkpoint(header, {0: state}))).states[0]


def interrupted(
    experiment: Experiment, cells: Sequence[Cell], engine: Engine, shares: Sequence[float], slices: float
) -> State:
    """The state at the end of a program that was stopped at each of `shares` of its work.

    It advances by a share `slices` of its work at a time, and by one step more where it stops, which is inside a
    segment then. A new program goes on from the checkpoint.
    """
    program = experiment.start(cells, engine)
    for share in shares:
        while program.done < share * program.work:
            program.advance(slices * program.work)
        program.advance(1.0)
        state, program = from_checkpoint(program.export()), experiment.start(cells, engine)
        program.restore(state)
    while program.done < program.work:
        program.advance(program.work)
    return program.export()


def same_bits(experiment: Experiment, result: CellResult, state: State, row: int) -> None:
    """AssertionError if a row of a program's state differs from a result in any measurement."""
    assert [bytes(digest) for digest in state["digests"][row]] == list(result.digests)
    for name in experiment.metrics:
        assert state["metric/" + name][row].tobytes() == result.metrics[name].tobytes(), name


def apart(experiment: Experiment, results: Sequence[CellResult], state: State) -> Iterator[tuple[str, F32]]:
    """Of each metric how far a program's state is from results of the same cells [cells, early measurements]."""
    for name in experiment.metrics:
        values = np.stack([result.metrics[name] for result in results])
        yield name, np.abs(curve(state, name) - values)[:, : experiment.early]


def with_parameters(experiment: Experiment, cells: Sequence[Cell], engine: Engine, value: float) -> dict[str, F32]:
    """Metric -> values [cells, 2] before training, and a segment after all parameters have become `value`."""
    program = experiment.start(cells, engine)
    state = until(program, 1)
    program.restore(state | {"params": np.full_like(state["params"], value)})
    state = until(program, 2)
    return {name: curve(state, name)[:, :2] for name in experiment.metrics}
