"""Bit-parallel automata against a plain loop over cells, on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.engine.exact import automata, library
from kernels.engine.exact.automata import rules_of, tables_of

ISA = pytest.mark.parametrize("isa", library.available())


def plainly(table: np.ndarray, lattice: list[int], steps: int) -> list[int]:
    """One lattice, one cell after the other, by the definition."""
    for _ in range(steps):
        cells = len(lattice)
        numbers = [
            int("".join(str(lattice[(cell + k) % cells]) for k in (-3, -2, -1, 0, 1, 2, 3)), 2) for cell in range(cells)
        ]
        lattice = [int(table[number]) for number in numbers]
    return lattice


def in_numpy(table: np.ndarray, states: np.ndarray, steps: int) -> np.ndarray:
    """The plain bit-parallel version: a tree of 127 choices on uint64 [cells, words]."""
    for _ in range(steps):
        level = [np.full_like(states, 2**64 - 1 if bit else 0) for bit in table]
        for k in (3, 2, 1, 0, -1, -2, -3):
            neighbour = np.roll(states, -k, axis=0)
            level = [lo ^ (neighbour & (lo ^ hi)) for lo, hi in zip(level[::2], level[1::2], strict=True)]
        (states,) = level
    return states


def drawn(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, shape, dtype=np.uint8)


@ISA
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), cells=st.integers(7, 40), lattices=st.integers(1, 130), steps=st.integers(0, 6))
def test_states_are_those_of_a_loop_over_cells(isa: str, seed: int, cells: int, lattices: int, steps: int) -> None:
    table, states = drawn(seed, 128), drawn(seed + 1, lattices, cells)
    found = automata.run(isa, rules_of(table)[None], automata.pack(states), steps).states[0]
    for number in (0, lattices // 2, lattices - 1):
        assert automata.unpack(found)[number].tolist() == plainly(table, states[number].tolist(), steps)


@ISA
@pytest.mark.parametrize("words", [1, 2, 3, 8, 11, 17])
def test_many_rules_and_words_are_those_of_the_plain_version(isa: str, words: int) -> None:
    """Widths below, at and above a group of words, with a part of a vector and of a stretch left over."""
    tables, starts = drawn(words, 5, 128), automata.pack(drawn(words + 1, 64 * words, 149))
    tables[1] = np.arange(128).astype(np.uint8) >> 3 & 1  # nothing ever changes
    found = automata.run(isa, rules_of(tables), starts, 40)
    for table, states in zip(tables, found.states, strict=True):
        assert np.array_equal(states, in_numpy(table, starts, 40))
    assert found.computed[1] == 149 * words, "one step shows that everything has settled"
    assert found.computed[0] == 149 * words * 40


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), shift=st.integers(1, 148))
def test_a_turned_ring_stays_turned(seed: int, shift: int) -> None:
    rule, states = rules_of(drawn(seed, 1, 128)), automata.pack(drawn(seed + 1, 64, 149))
    isa = library.available()[0]
    turned = automata.run(isa, rule, np.roll(states, shift, axis=0), 9).states[0]
    assert np.array_equal(turned, np.roll(automata.run(isa, rule, states, 9).states[0], shift, axis=0))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_inverse_rule_does_the_inverse(seed: int) -> None:
    """f'(n) = 1 - f(127 - n) on inverted lattices: where zeros and ones are exchanged, everything is."""
    table, states = drawn(seed, 128), automata.pack(drawn(seed + 1, 64, 30))
    rules = rules_of(np.stack([table, 1 - table[::-1]]))
    isa = library.available()[0]
    straight = automata.run(isa, rules[:1], states, 9).states[0]
    assert np.array_equal(automata.run(isa, rules[1:], ~states, 9).states[0], ~straight)


def test_settling_early_changes_no_state() -> None:
    """A rule that settles after a while, stopped by hand at every step around it."""
    isa, erode = library.available()[0], np.array([n in (0b1111111, 0b0111111, 0b1111110) for n in range(128)])
    states = np.ones((64, 20), dtype=np.uint8)
    states[:, 3] = 0
    previous = -1
    for steps in range(12):
        found = automata.run(isa, rules_of(erode)[None], automata.pack(states), steps)
        assert np.array_equal(found.states[0], in_numpy(erode, automata.pack(states), steps))
        assert found.computed[0] >= previous
        previous = int(found.computed[0])
    assert found.computed[0] < 20 * 11


def test_lattices_and_rules_are_packed_as_said() -> None:
    states = drawn(1, 70, 9)
    words = automata.pack(states)
    assert words.shape == (9, 2)
    assert int(words[4, 1]) >> 5 & 1 == states[69, 4]
    assert int(words[4, 1]) >> 6 == 0
    assert np.array_equal(automata.unpack(words)[:70], states)
    tables = drawn(2, 3, 128)
    assert [int(low) | int(high) << 64 for low, high in rules_of(tables)] == [
        sum(int(bit) << n for n, bit in enumerate(table)) for table in tables
    ]
    assert np.array_equal(tables_of(rules_of(tables)), tables)


@pytest.mark.parametrize(
    ("rules", "starts", "steps", "wrong"),
    [
        (np.zeros((1, 3), np.uint64), np.zeros((9, 1), np.uint64), 1, "rules must be"),
        (np.zeros((1, 2), np.int64), np.zeros((9, 1), np.uint64), 1, "rules must be"),
        (np.zeros((1, 2), np.uint64), np.zeros((6, 1), np.uint64), 1, "starts must be"),
        (np.zeros((1, 2), np.uint64), np.zeros((9, 0), np.uint64), 1, "starts must be"),
        (np.zeros((1, 2), np.uint64), np.zeros((9, 1), np.uint64), -1, "negative"),
    ],
)
def test_other_shapes_are_refused(rules: np.ndarray, starts: np.ndarray, steps: int, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        automata.run(library.available()[0], rules, starts, steps)
