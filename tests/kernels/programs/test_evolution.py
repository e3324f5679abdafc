"""The genetic algorithm against a plain version, its invariants, and the program that runs it."""

from __future__ import annotations

import hashlib
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.cells import Cell
from kernels.metrics import Metric
from kernels.philox import Purpose, words
from kernels.programs import evolution
from kernels.programs.evolution import Bits, Breeding, Evolution, Setting
from kernels.programs.program import State


def population(seed: int, size: int, places: int = 128) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2, (size, places), dtype=np.uint8), rng.integers(0, 9, size)


def plainly(of: Breeding, bits: np.ndarray, fitness: np.ndarray, seed: int, generation: int) -> np.ndarray:
    """One child after the other, from the stream's words."""
    size, places = bits.shape
    order = sorted(range(size), key=lambda i: (-fitness[i], i))
    rows = [bits[i].copy() for i in order[: of.elite]]
    children = size - of.elite

    def stream(kind: int, count: int, limit: int) -> list[int]:
        return [int(w) * limit >> 32 for w in words(seed, Purpose.EVOLUTION, count, (generation, kind, 0))]

    rivals = iter(stream(1, children * 2 * of.tournament, size))
    cuts = iter(stream(2, children, places - 1))
    changes = iter(stream(3, children * of.mutations, places))
    for _ in range(children):
        parents = []
        for _ in range(2):
            best = next(rivals)
            for rival in itertools.islice(rivals, of.tournament - 1):
                best = rival if fitness[rival] > fitness[best] else best
            parents.append(bits[best])
        cut = 1 + next(cuts)
        child = np.concatenate([parents[0][:cut], parents[1][cut:]])
        for place in set(itertools.islice(changes, of.mutations)):
            child[place] ^= 1
        rows.append(child)
    return np.stack(rows)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    size=st.integers(4, 30),
    elite=st.integers(0, 3),
    tournament=st.integers(1, 5),
    mutations=st.integers(0, 4),
)
def test_a_generation_is_what_the_definition_says(
    seed: int, size: int, elite: int, tournament: int, mutations: int
) -> None:
    bits, fitness = population(seed, size)
    of = Breeding(elite, tournament, mutations)
    assert np.array_equal(evolution.next_generation(of, bits, fitness, seed, 3), plainly(of, bits, fitness, seed, 3))


def test_fitter_parents_have_more_children_with_larger_tournaments() -> None:
    """Every table is constant and of its own value in one bit plane: whose bits the children have tells the parents."""
    fitness = np.arange(100)
    bits = np.repeat((np.arange(100) >= 90)[:, None], 128, axis=1).astype(np.uint8)
    shares = [evolution.next_generation(Breeding(0, k, 0), bits, fitness, 1, 1).mean() for k in (1, 2, 4)]
    for share, k in zip(shares, (1, 2, 4), strict=True):
        assert abs(share - (1 - 0.9**k)) < 0.1
    assert shares[0] < shares[1] < shares[2]


def test_a_generation_is_the_same_bits_for_ever() -> None:
    drawn = words(1, Purpose.LATTICES, 12_900)
    bits, fitness = (drawn[:12_800] & 1).astype(np.uint8).reshape(100, 128), (drawn[12_800:] % 9).astype(np.int64)
    found = evolution.next_generation(Breeding(20, 2, 2), bits, fitness, 1, 1)
    assert hashlib.blake2b(found.tobytes(), digest_size=8).hexdigest() == "2658e33bc4d4a44e"


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.integers(1, 12))
def test_pair_distances_are_those_of_all_pairs(seed: int, size: int) -> None:
    bits, _ = population(seed, size, 20)
    assert evolution.pair_distances(bits) == sum(int((a != b).sum()) for a, b in itertools.combinations(bits, 2))


SETTING = Setting(
    generations=4,
    measured=(0, 1, 4),
    breeding=Breeding(2, 2, 1),
    first=lambda seed: population(seed, 6, 64)[0],
    kept=lambda tables: tables | (np.arange(64) < 3).astype(np.uint8),  # the first three places are ones
    fitness=lambda seed, generation, tables: tables.sum(1, dtype=np.int64),
    measure=lambda seed, generation, tables, fitness: {"best": fitness.max() / 64, "generation": generation},
    generation_work=10.0,
    measure_work=3.0,
)
METRICS = {name: Metric(meaning=name, high=1e6, near=(0.0, 0.0)) for name in ("best", "generation")}
CELLS = [Cell(7, {}), Cell(8, {})]


def one_run(seed: int) -> list[Bits]:
    """The tables of every generation, plainly."""
    found = [SETTING.admitted(SETTING.first(seed))]
    for generation in range(1, 5):
        before = found[-1]
        bred = evolution.next_generation(SETTING.breeding, before, before.sum(1, dtype=np.int64), seed, generation)
        found.append(SETTING.admitted(bred))
    return found


def finished(program: Evolution) -> State:
    while program.done < program.work:
        program.advance(program.work)
    return program.export()


def test_a_program_runs_cell_after_cell_and_measures_what_lives() -> None:
    state = finished(Evolution(CELLS, SETTING, METRICS))
    for number, cell in enumerate(CELLS):
        lived = one_run(cell.seed)
        assert state["metric/generation"][number].tolist() == [0, 1, 4]
        assert state["metric/best"][number].tolist() == [lived[g].sum(1).max() / 64 for g in (0, 1, 4)]
        for at, generation in enumerate((0, 1, 4)):
            assert lived[generation][:, :3].all()
            words = sum(lived[generation].astype(object).T[place] << place for place in range(64))
            exact = generation.to_bytes(8, "little") + b"".join(int(word).to_bytes(8, "little") for word in words)
            digest = hashlib.blake2b(exact, digest_size=16).digest()
            assert bytes(state["digests"][number, at]) == digest, "of the generation and its tables, first place lowest"


def test_a_program_goes_on_from_any_generation_and_counts_its_work() -> None:
    want, program, done = finished(Evolution(CELLS, SETTING, METRICS)), Evolution(CELLS, SETTING, METRICS), []
    while program.done < program.work:
        program.advance(1.0)
        done.append(program.done)
        state = {name: array.copy() for name, array in program.export().items()}
        program = Evolution(CELLS, SETTING, METRICS)
        program.restore(state)
    assert done == [13, 26, 36, 46, 59, 72, 85, 95, 105, 118]
    assert program.work == 2 * SETTING.work == 118
    for name, array in program.export().items():
        if name != "tables":
            assert array.tobytes() == want[name].tobytes(), name
    with pytest.raises(ValueError, match="does not belong"):
        Evolution(CELLS[:1], SETTING, METRICS).restore(want)
