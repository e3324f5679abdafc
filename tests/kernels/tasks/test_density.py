"""Density classification: starts, rules, what counts as right, and the rules that people wrote."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from kernels.engine.exact import automata
from kernels.engine.exact import library as exact_library
from kernels.engine.exact.automata import rules_of, tables_of
from kernels.tasks import density
from kernels.tasks.density import CELLS

ISA = exact_library.available()[0]


def right(rules: np.ndarray, starts: np.ndarray, steps: int = 320) -> np.ndarray:
    return density.right(rules, automata.run(ISA, rules, starts, steps).states, density.majority(starts))


def test_flat_starts_have_every_density_alike_and_as_many_of_either_majority() -> None:
    ones = automata.unpack(density.starts("flat", 5, 6400, (0, 0))).sum(1, dtype=np.int64)
    assert np.all(ones[:3200] <= 74)
    assert np.all(ones[3200:] >= 75)
    counts = np.histogram(ones, np.arange(0, 151, 15))[0]
    assert counts.min() > 540
    assert counts.max() < 740
    assert ones.min() == 0
    assert ones.max() == CELLS


def test_flat_starts_have_their_ones_anywhere() -> None:
    lattices = automata.unpack(density.starts("flat", 6, 6400, (3, 0)))
    assert np.all(np.abs(lattices.mean(0) - 0.5) < 0.03)


def test_binomial_starts_are_fair_coins() -> None:
    lattices = automata.unpack(density.starts("binomial", 5, 6400, (0, 0))).astype(np.int64)
    assert np.all(np.abs(lattices.mean(0) - 0.5) < 0.03)
    ones = lattices.sum(1)
    assert ones.mean() == pytest.approx(CELLS / 2, abs=0.4)
    assert ones.std() == pytest.approx(np.sqrt(CELLS) / 2, rel=0.05)
    assert abs(np.corrcoef(lattices[:, 0], lattices[:, 1])[0, 1]) < 0.06


@pytest.mark.parametrize("kind", ["flat", "binomial"])
def test_every_set_of_starts_is_another_one_and_always_the_same(kind: str) -> None:
    sets = [density.starts(kind, seed, 128, at) for seed, at in ((1, (0, 0)), (1, (1, 0)), (1, (0, 1)), (2, (0, 0)))]
    assert len({s.tobytes() for s in sets}) == 4
    assert {s.shape for s in sets} == {(CELLS, 2)}
    assert np.array_equal(sets[0], density.starts(kind, 1, 128, (0, 0)))


def test_starts_and_first_rules_are_the_same_bits_for_ever() -> None:
    """Golden: the experiment's golden file holds one condition only."""
    kept = {
        "flat": density.starts("flat", 7, 128, (3, 0)),
        "binomial": density.starts("binomial", 7, 128, (3, 0)),
        "rules": density.rules(7, 100),
    }
    found = {name: hashlib.blake2b(a.astype("<u8").tobytes(), digest_size=8).hexdigest() for name, a in kept.items()}
    assert found == {"flat": "6e5a45c85f7c5447", "binomial": "ca8f8509f3dbf00d", "rules": "92cd6fe2ab815f5e"}


def test_other_starts_are_refused() -> None:
    with pytest.raises(ValueError, match="flat or binomial"):
        density.starts("normal", 1, 64, (0, 0))


def test_first_rules_have_every_number_of_ones_alike() -> None:
    ones = tables_of(density.rules(3, 2000)).sum(1, dtype=np.int64)
    assert (ones.min(), ones.max()) == (0, 128)
    assert np.histogram(ones, 8, (0, 129))[0].min() > 190


def test_majorities_are_counted() -> None:
    starts = density.starts("flat", 9, 128, (0, 0))
    ones = automata.unpack(starts).sum(1, dtype=np.int64)
    (bits,) = automata.unpack(density.majority(starts)[None]).T
    assert np.array_equal(bits.astype(bool), ones > 74)


def test_the_gkl_rule_measures_what_is_published() -> None:
    """.816 on unbiased starts of 149 cells; 25,600 of them have a standard error of .0024."""
    starts = density.starts("binomial", 1, 25_600, (0, 0))
    gkl, majority, constant = right(density.reference_rules(), starts) / 25_600
    assert gkl == pytest.approx(0.816, abs=0.008)
    assert majority < 0.001
    assert constant == automata.unpack(density.majority(starts)[None]).mean()
    assert constant == pytest.approx(0.5, abs=0.01)


def test_the_reference_rules_do_what_they_are_defined_to_do() -> None:
    gkl, majority, constant = tables_of(density.reference_rules())
    for number in range(128):
        left3, left2, left, own, right1, right2, right3 = (number >> bit & 1 for bit in range(6, -1, -1))
        voters = (own, right1, right3) if own else (own, left, left3)
        assert gkl[number] == (sum(voters) >= 2)
        assert majority[number] == (left3 + left2 + left + own + right1 + right2 + right3 >= 4)
        assert constant[number] == 1


def test_only_the_right_state_that_stays_counts() -> None:
    """Always one, always zero, and a rule that inverts: right at the last step by chance, but it goes on."""
    rules = rules_of(np.stack([np.ones(128), np.zeros(128), 1 - density_identity()]).astype(np.uint8))
    starts = automata.pack(np.repeat([[0], [1]], [40, 24], axis=0).repeat(CELLS, axis=1))
    for steps in (4, 5):
        assert right(rules, starts, steps).tolist() == [24, 40, 0]
    assert right(rules_of(density_identity()[None]), starts).tolist() == [64]


def density_identity() -> np.ndarray:
    """The table of the rule that changes nothing."""
    return np.arange(128, dtype=np.uint8) >> 3 & 1


def test_symmetric_rules_treat_inverted_mirrored_lattices_alike() -> None:
    tables = density.symmetric(tables_of(density.rules(4, 20)))
    lattices = automata.unpack(density.starts("binomial", 4, 64, (0, 0)))
    other = automata.pack(1 - lattices[:, ::-1])
    ends = automata.run(ISA, rules_of(tables), automata.pack(lattices), 11).states
    twins = automata.run(ISA, rules_of(tables), other, 11).states
    assert np.array_equal(twins, ~ends[:, ::-1])
    assert np.all(tables.sum(1) == 64)
    assert np.array_equal(density.symmetric(tables), tables)
    assert len({row.tobytes() for row in tables}) > 15


def test_gkl_and_majority_are_symmetric_and_always_one_is_not() -> None:
    tables = tables_of(density.reference_rules())
    same = [np.array_equal(a, b) for a, b in zip(density.symmetric(tables), tables, strict=True)]
    assert same == [True, True, False]
