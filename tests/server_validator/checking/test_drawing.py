"""An invented cell is found as often as the drawing promises: shares of thousands of checks of forged results.

The daemon's own command runs, but for the computing of cells, which is remembered, and the database.
"""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kernels.formats import result
from server_validator.boinc import database
from server_validator.checking import drawing, recomputation, trust
from server_validator.ledger import Ledger
from tests.kernels import tiny
from tests.server_validator.checking.attacks import invented
from tests.server_validator.data import Run, issued
from tests.server_validator.forging import changed
from tests.server_validator.truth import remembered

N = 8  # cells of the work unit
UNIT = tiny.unit(count=N)
TRUSTED, OTHERS = 1, 4  # cells that are drawn
ONCE_IN = 1e6  # runs of this module a right program fails
CHECKS = 40  # shares that are compared in a run, at most
TIMES = 150  # checks of one forged result


@pytest.fixture(scope="module")
def honest() -> bytes:
    return result.encode(tiny.computed(UNIT, "c"))


class Judge:
    """The daemon's check of forged results."""

    def __init__(
        self, folder: Path, honest: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder, self.honest, self.monkeypatch, self.capsys = folder, honest, monkeypatch, capsys
        self.data = issued(folder, UNIT)

    def caught(self, drawn: int, cells: tuple[int, ...], times: int) -> int:
        """How many of so many checks refuse a result with those cells invented."""
        record = trust.TRUSTED if drawn == TRUSTED else 0
        self.monkeypatch.setattr(database, "consecutive_valid", lambda *_: record)
        path = self.folder / f"{UNIT.name}_0_r77_0"
        path.write_bytes(changed(self.honest, lambda top: invented(top, *cells)))
        command = ("--data", self.data, "validate", "--project", self.folder, path)
        codes = []
        for _ in range(times):
            random.seed(0)  # a drawing that anybody could repeat would be the same each time
            np.random.seed(0)  # noqa: NPY002
            with Ledger(self.data) as ledger, ledger.writing() as db:
                db.execute("DELETE FROM verdicts")  # each check is the first of its file
            codes.append(Run(self.capsys, *command).code)
        assert set(codes) <= {0, 25}
        return codes.count(25)


@pytest.fixture
def judged(tmp_path: Path, honest: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Judge:
    assert (trust.CELLS_OF_A_TRUSTED_HOST, trust.CELLS_OF_OTHERS) == (TRUSTED, OTHERS)
    monkeypatch.setattr(recomputation, "compute", remembered)
    return Judge(tmp_path, honest, monkeypatch, capsys)


def promised(drawn: int, invented: int) -> float:
    """The probability that one of so many drawn cells is one of so many invented ones."""
    return 1 - math.comb(N - invented, drawn) / math.comb(N, drawn)


def tail(caught: int, times: int, probability: float) -> float:
    """The probability, by the binomial distribution, of a count at least as far on its side."""
    if probability == 1:
        return float(caught == times)

    def exactly(count: int) -> float:
        ways = math.lgamma(times + 1) - math.lgamma(count + 1) - math.lgamma(times - count + 1)
        return math.exp(ways + count * math.log(probability) + (times - count) * math.log1p(-probability))

    return min(sum(map(exactly, range(caught + 1))), sum(map(exactly, range(caught, times + 1))))


def as_promised(judged: Judge, drawn: int, sets: list[tuple[int, ...]], times: int) -> None:
    """AssertionError if a share is one that a right drawing has less than once in a million runs.

    Of each set of invented cells by itself, since a cheat could choose cells that are drawn less, and of all together.
    """
    probability = promised(drawn, len(sets[0]))
    in_all = 0
    for cells in sets:
        caught = judged.caught(drawn, cells, times)
        likely(str(cells), caught, times, probability)  # at once: a biased drawing shows in the first sets already
        in_all += caught
    likely("in turn", in_all, times * len(sets), probability)


def likely(cells: str, caught: int, checks: int, probability: float) -> None:
    assert tail(caught, checks, probability) > 0.5 / ONCE_IN / CHECKS, (
        f"{caught} of {checks} results with cells {cells} invented were found, promised is {probability:.4f}"
    )


ONE: list[tuple[int, ...]] = [(cell,) for cell in range(N)]
HALVES: list[tuple[int, ...]] = [(0, 1, 2, 3), (4, 5, 6, 7), (0, 2, 4, 6), (1, 2, 5, 7)]
ALL = [tuple(range(N))]


@pytest.mark.parametrize("drawn", [TRUSTED, OTHERS])
@pytest.mark.parametrize("sets", [ONE, HALVES, ALL], ids=["one cell", "half the cells", "all cells"])
def test_invented_cells_are_found_as_often_as_promised(judged: Judge, drawn: int, sets: list[tuple[int, ...]]) -> None:
    as_promised(judged, drawn, sets, TIMES)


def test_a_true_result_is_always_valid(judged: Judge) -> None:
    for drawn in (TRUSTED, OTHERS):
        assert judged.caught(drawn, (), 100) == 0


# Each draws from a generator of its own, seeded by the test: a bias that is noticed once is noticed in every run.
BIASED: dict[str, Callable[[random.Random, int, int], list[int]]] = {
    "the first": lambda rng, cells, count: list(range(count)),
    "the last": lambda rng, cells, count: list(range(cells - count, cells)),
    "never the last": lambda rng, cells, count: rng.sample(range(cells - 1), count),
    "one of the first more often": lambda rng, cells, count: (
        rng.sample(range(cells), count) if rng.random() < 0.6 else list(range(count))
    ),
    "one less": lambda rng, cells, count: rng.sample(range(cells), count)[1:],
    "one more": lambda rng, cells, count: rng.sample(range(cells), count + 1),
    "a known seed": lambda rng, cells, count: random.Random(0).sample(range(cells), count),
    "the common generator": lambda rng, cells, count: random.sample(range(cells), count),
    "numpy's common generator": lambda rng, cells, count: np.random.permutation(cells)[:count].tolist(),  # noqa: NPY002
}


@pytest.mark.parametrize("drawn", [TRUSTED, OTHERS])
@pytest.mark.parametrize("bias", BIASED)
def test_a_biased_drawing_would_be_noticed(
    judged: Judge, monkeypatch: pytest.MonkeyPatch, bias: str, drawn: int
) -> None:
    """Else the shares above would prove nothing."""
    monkeypatch.setattr(drawing, "draw", functools.partial(BIASED[bias], random.Random(1)))
    with pytest.raises(AssertionError, match="promised is"):
        as_promised(judged, drawn, ONE, 2 * TIMES)


def test_the_tails_are_those_of_the_binomial_distribution() -> None:
    assert tail(0, 10, 0.5) == pytest.approx(2**-10)
    assert tail(10, 10, 0.5) == pytest.approx(2**-10)
    assert tail(9, 10, 0.5) == pytest.approx(11 * 2**-10)
    assert (tail(5, 5, 1.0), tail(4, 5, 1.0)) == (1.0, 0.0)
    assert promised(1, 1) == pytest.approx(1 / 8)
    assert promised(4, 1) == pytest.approx(1 / 2)
    assert promised(4, 4) == pytest.approx(69 / 70)
    assert promised(1, 8) == promised(4, 8) == 1
