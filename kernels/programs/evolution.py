"""A genetic algorithm on tables of bits: the best live on, the others are children of tournament winners.

And the program of experiments that run it instead of training networks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import I64
from kernels.cells import Cell, Condition
from kernels.engine.contract import Engine
from kernels.metrics import Clock, Metric
from kernels.philox import Purpose, integers
from kernels.programs.program import Footprint, State, take_over
from kernels.programs.record import DIGEST_BYTES, Record

Bits = NDArray[np.uint8]


@dataclass(frozen=True)
class Breeding:
    """How a generation is made from the one before; its size stays."""

    elite: int  # that are copied unchanged
    tournament: int  # drawn for each parent; the fittest of them is it
    mutations: int  # places of a child that are drawn; one drawn twice changes once


def ranked(fitness: I64) -> I64:
    """Indices from the fittest down; of equals the first one first."""
    return np.argsort(-fitness, kind="stable")


def next_generation(of: Breeding, bits: Bits, fitness: I64, seed: int, generation: int) -> Bits:
    """The tables [population, places] after a generation of tables with a fitness [population].

    First the elite, fittest first; then children by one-point crossover: the first parent's bits before a place drawn
    from 1 .. places - 1, the second parent's from there on.
    """
    population, places = bits.shape
    children = population - of.elite

    def drawn(kind: int, limit: int, *shape: int) -> I64:
        count = int(np.prod(shape))
        return integers(seed, Purpose.EVOLUTION, count, limit, (generation, kind, 0)).reshape(shape)

    rivals = drawn(1, population, children, 2, of.tournament)
    winners = fitness[rivals].argmax(-1)[..., None]  # of equals the one drawn first
    parents = np.take_along_axis(rivals, winners, -1)[..., 0]
    before = np.arange(places) < 1 + drawn(2, places - 1, children)[:, None]
    bred = np.where(before, bits[parents[:, 0]], bits[parents[:, 1]])
    changed = np.zeros_like(bred)
    np.put_along_axis(changed, drawn(3, places, children, of.mutations), 1, -1)
    return np.concatenate([bits[ranked(fitness)[: of.elite]], bred ^ changed])


def pair_distances(bits: Bits) -> int:
    """Sum of the Hamming distances of all pairs of tables [population, places]."""
    ones = bits.sum(0, dtype=np.int64)
    return int((ones * (len(bits) - ones)).sum())


@dataclass(frozen=True)
class Setting:
    """What evolves in the runs of a block, and what is measured of it: what a `Recipe` is to training."""

    generations: int
    measured: tuple[int, ...]  # generations that are measured, rising
    breeding: Breeding
    first: Callable[[int], Bits]  # seed -> tables [population, places] of generation 0
    kept: Callable[[Bits], Bits] | None  # tables -> tables of the kind that may live; all may if None
    fitness: Callable[[int, int, Bits], I64]  # (seed, generation, tables) -> [population]
    measure: Callable[[int, int, Bits, I64], Mapping[str, float]]  # (..., fitness) -> metric -> value
    generation_work: float  # floating-point operations of a generation
    measure_work: float  # of a measurement

    @property
    def work(self) -> float:
        """Floating-point operations of one run."""
        return (self.generations + 1) * self.generation_work + len(self.measured) * self.measure_work

    def admitted(self, tables: Bits) -> Bits:
        """The tables as they may live."""
        return tables if self.kept is None else self.kept(tables)


class Evolution:
    """`kernels.programs.program.Program` for runs of the genetic algorithm, one after the other; a cell is one run."""

    def __init__(self, cells: Sequence[Cell], setting: Setting, metrics: Mapping[str, Metric]) -> None:
        self.cells = cells
        self._setting = setting
        self._record = Record(cells, metrics, len(setting.measured))
        self._begin(0)
        self.work = len(cells) * setting.work

    def _begin(self, run: int) -> None:
        self._run, self._generation = run, 0  # the next to be evaluated
        if run < len(self.cells):
            self._tables = self._setting.admitted(self._setting.first(self.cells[run].seed))

    @property
    def done(self) -> float:
        """Operations of finished generations; see `Program`."""
        of = self._setting
        measured = sum(generation < self._generation for generation in of.measured)
        return self._run * of.work + self._generation * of.generation_work + measured * of.measure_work

    def advance(self, work: float) -> None:
        """Evaluate, measure and breed generations; see `Program`."""
        aim = self.done + work
        self._step()
        while self._run < len(self.cells) and self.done < aim:
            self._step()

    def _step(self) -> None:
        of, seed, generation = self._setting, self.cells[self._run].seed, self._generation
        fitness = of.fitness(seed, generation, self._tables)
        if generation in of.measured:
            self._measure(of.measured.index(generation), fitness)
        if generation == of.generations:
            self._begin(self._run + 1)
            return
        bred = next_generation(of.breeding, self._tables, fitness, seed, generation + 1)
        self._tables, self._generation = of.admitted(bred), generation + 1

    def _measure(self, number: int, fitness: I64) -> None:
        seed, generation = self.cells[self._run].seed, self._generation
        values = self._setting.measure(seed, generation, self._tables, fitness)
        packed = np.packbits(self._tables, axis=-1, bitorder="little")
        exact = generation.to_bytes(8, "little") + packed.tobytes()
        digest = hashlib.blake2b(exact, digest_size=DIGEST_BYTES).digest()
        self._record.enter(number, values, [digest], slice(self._run, self._run + 1))

    def export(self) -> State:
        """See `Program`."""
        progress = np.array([self._run, self._generation], dtype=np.int64)
        return self._record.state() | {"progress": progress, "tables": self._tables}

    def restore(self, state: State) -> None:
        """See `Program`."""
        take_over(self.export(), state)
        self._run, self._generation = (int(v) for v in state["progress"])


@dataclass(frozen=True, kw_only=True)
class EvolutionCourse:
    """`kernels.programs.program.Course` of experiments whose cells are runs of the genetic algorithm."""

    setting: Callable[[Condition], Setting]
    measured: tuple[int, ...]  # generations that are measured, as every setting has them
    run_memory: float  # bytes that a run takes

    @property
    def clock(self) -> Clock:
        """Generations."""
        return Clock("generation", self.measured)

    def shape(self, condition: Condition) -> Hashable:
        """A block's runs are all of one condition."""
        return tuple(condition.values())

    def width(self, condition: Condition, cache: int) -> int:
        """One: runs share nothing, so wider blocks would save nothing."""
        return 1

    def work(self, condition: Condition) -> float:
        """Floating-point operations of one run."""
        return self.setting(condition).work

    def memory(self, condition: Condition) -> Footprint:
        """What a run takes, all of it its own."""
        return Footprint(self.run_memory, 0.0)

    def start(self, cells: Sequence[Cell], engine: Engine, metrics: Mapping[str, Metric]) -> Evolution:
        """The program of a block of runs; automata need no engine."""
        return Evolution(cells, self.setting(cells[0].condition), metrics)
