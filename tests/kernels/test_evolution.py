"""The genetic algorithm against a plain version, and its invariants."""

from __future__ import annotations

import hashlib
import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import evolution
from kernels.evolution import Breeding
from kernels.philox import Purpose, words


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
