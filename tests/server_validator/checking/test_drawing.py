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

from kernels.arrays import F64
from kernels.experiments import EXPERIMENTS
from kernels.formats import result
from kernels.formats.workunit import Seeds, WorkUnit
from server_validator.checking import drawing, recomputation, trust
from server_validator.ledger import Ledger
from tests.kernels import tiny
from tests.server_validator.checking.attacks import invented
from tests.server_validator.data import Run, issued
from tests.server_validator.forging import changed
from tests.server_validator.truth import remembered

UNIT = tiny.unit(count=4, width=[32, 64])
WORK = drawing.work(UNIT)
N = 8  # cells of the work unit, the last four of which are twice the work of the first
DRAWN = 4  # of a result that is looked at by itself
ONCE_IN = 1e6  # runs of this module a right program fails
CHECKS = 40  # shares that are compared in a run, at most
TIMES = 50  # checks of one forged result
OFTEN = 2000  # drawings alone


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

    def caught(self, cells: tuple[int, ...], times: int) -> int:
        """How many of so many checks refuse a result with those cells invented."""
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
    assert trust.CELLS == DRAWN
    monkeypatch.setattr(recomputation, "compute", remembered)
    return Judge(tmp_path, honest, monkeypatch, capsys)


def escapes(work: tuple[float, ...], cells: tuple[int, ...], drawn: int) -> float:
    """The probability that none of these cells is among so many, drawn one by one by the work of those left."""
    if drawn == 0 or len(work) == len(cells):
        return float(drawn == 0)
    others = [cell for cell in range(len(work)) if cell not in cells]
    return sum(work[at] / sum(work) * escapes(*without(work, cells, at), drawn - 1) for at in others)


def without(work: tuple[float, ...], cells: tuple[int, ...], at: int) -> tuple[tuple[float, ...], tuple[int, ...]]:
    return work[:at] + work[at + 1 :], tuple(cell - (cell > at) for cell in cells)


@functools.cache
def promised(cells: tuple[int, ...]) -> float:
    """The probability that one of the invented cells is drawn."""
    return 1 - escapes(tuple(WORK.tolist()), cells, min(DRAWN, N))


def tail(caught: int, times: int, probability: float) -> float:
    """The probability, by the binomial distribution, of a count at least as far on its side."""
    if probability == 1:
        return float(caught == times)

    def exactly(count: int) -> float:
        ways = math.lgamma(times + 1) - math.lgamma(count + 1) - math.lgamma(times - count + 1)
        return math.exp(ways + count * math.log(probability) + (times - count) * math.log1p(-probability))

    return min(sum(map(exactly, range(caught + 1))), sum(map(exactly, range(caught, times + 1))))


Caught = Callable[[tuple[int, ...], int], int]
"""(cells that are invented, times) -> how often one of them is drawn."""


def drawn(cells: tuple[int, ...], times: int) -> int:
    """By the drawing alone."""
    return sum(bool(set(drawing.draw(WORK, DRAWN)) & set(cells)) for _ in range(times))


def as_promised(caught: Caught, sets: list[tuple[int, ...]], times: int) -> None:
    """AssertionError if a share is one that a right drawing has less than once in a million runs.

    Of each set of invented cells by itself, since a cheat could choose cells that are drawn less.
    """
    for cells in sets:
        likely(str(cells), caught(cells, times), times, promised(cells))


def likely(cells: str, caught: int, checks: int, probability: float) -> None:
    assert tail(caught, checks, probability) > 0.5 / ONCE_IN / CHECKS, (
        f"{caught} of {checks} results with cells {cells} invented were found, promised is {probability:.4f}"
    )


ONE: list[tuple[int, ...]] = [(cell,) for cell in range(N)]
HALVES: list[tuple[int, ...]] = [(0, 1, 2, 3), (4, 5, 6, 7), (0, 2, 4, 6), (1, 2, 5, 7)]
ALL = [tuple(range(N))]


def test_the_daemons_command_finds_invented_cells_as_often_as_promised(judged: Judge) -> None:
    as_promised(judged.caught, [*ONE[::3], *HALVES[:2], *ALL], TIMES)


@pytest.mark.parametrize("sets", [ONE, HALVES, ALL], ids=["one cell", "half the cells", "all cells"])
def test_invented_cells_are_drawn_as_often_as_promised(sets: list[tuple[int, ...]]) -> None:
    as_promised(drawn, sets, OFTEN)


def test_a_true_result_is_always_valid(judged: Judge) -> None:
    assert judged.caught((), TIMES) == 0


def uniform(rng: random.Random, work: F64, count: int) -> list[int]:
    return rng.sample(range(len(work)), min(count, len(work)))


# Each draws from a generator of its own, seeded by the test: a bias that is noticed once is noticed in every run.
BIASED: dict[str, Callable[[random.Random, F64, int], list[int]]] = {
    "uniform": uniform,
    "the dearest": lambda rng, work, count: np.argsort(-work, kind="stable")[:count].tolist(),
    "the last": lambda rng, work, count: list(range(N - count, N)),
    "never the last": lambda rng, work, count: drawing_of(rng, work[:-1], count),
    "by the square of the work": lambda rng, work, count: drawing_of(rng, work**2, count),
    "one less": lambda rng, work, count: drawing_of(rng, work, count - 1),
    "one more": lambda rng, work, count: drawing_of(rng, work, count + 1),
    "with putting back": lambda rng, work, count: rng.choices(range(N), work.tolist(), k=count),
    "a known seed": lambda rng, work, count: drawing_of(random.Random(0), work, count),
    "the common generator": lambda rng, work, count: random.sample(range(N), count),
    "numpy's common generator": lambda rng, work, count: np.random.permutation(N)[:count].tolist(),  # noqa: NPY002
}


def drawing_of(rng: random.Random, work: F64, count: int) -> list[int]:
    """As the right drawing does it, in the plainest way."""
    left = list(range(len(work)))
    for _ in range(count):
        (cell,) = rng.choices(left, work[left].tolist())
        left.remove(cell)
        yielded = [cell for cell in range(len(work)) if cell not in left]
    return yielded


def test_the_plain_drawing_would_not_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "draw", functools.partial(drawing_of, random.Random(1)))
    as_promised(drawn, [*ONE, *HALVES], OFTEN)


@pytest.mark.parametrize("bias", BIASED)
def test_a_biased_drawing_would_be_noticed(monkeypatch: pytest.MonkeyPatch, bias: str) -> None:
    """Else the shares above would prove nothing."""
    biased = functools.partial(BIASED[bias], random.Random(1))

    def begun_anew(work: F64, count: int) -> list[int]:
        random.seed(0)  # a drawing that anybody could repeat would be the same each time
        np.random.seed(0)  # noqa: NPY002
        return biased(work, count)

    monkeypatch.setattr(drawing, "draw", begun_anew)
    with pytest.raises(AssertionError, match="promised is"):
        as_promised(drawn, [*ONE, *HALVES], OFTEN)


def test_the_tails_are_those_of_the_binomial_distribution() -> None:
    assert tail(0, 10, 0.5) == pytest.approx(2**-10)
    assert tail(10, 10, 0.5) == pytest.approx(2**-10)
    assert tail(9, 10, 0.5) == pytest.approx(11 * 2**-10)
    assert (tail(5, 5, 1.0), tail(4, 5, 1.0)) == (1.0, 0.0)


def test_what_is_promised_is_counted_rightly() -> None:
    equal = (1.0,) * 8
    assert escapes(equal, (3,), 1) == pytest.approx(7 / 8)
    assert escapes(equal, (3,), 4) == pytest.approx(1 / 2)
    assert escapes(equal, (0, 1, 2, 7), 4) == pytest.approx(1 / 70)
    assert escapes(equal, tuple(range(8)), 1) == 0
    assert escapes((3.0, 1.0), (1,), 1) == pytest.approx(3 / 4)
    assert escapes((3.0, 1.0, 1.0), (2,), 2) == pytest.approx(3 / 5 * 1 / 2 + 1 / 5 * 3 / 4)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_forged_cells_escape_no_more_often_than_if_cells_were_put_back(share: float, count: int) -> None:
    """The bound of docs/attacks.md, for cells of very different work."""
    work = tuple(float(2**cell) for cell in range(7))
    total = sum(work)
    for cells in [(0, 1, 2), (6,), (3, 5), (0, 6)]:
        forged = sum(work[cell] for cell in cells) / total
        assert escapes(work, cells, count) <= (1 - forged) ** count + 1e-12


def test_cells_of_a_work_unit_come_with_the_work_of_their_conditions() -> None:
    for name, experiment in EXPERIMENTS.items():
        unit = WorkUnit(experiment, Seeds(5, 3))
        works = [experiment.course.work(cell.condition) for cell in unit.cells]
        assert drawing.work(unit).tolist() == works, name


def test_of_few_cells_all_are_drawn_once_and_in_an_order_of_chance() -> None:
    work = np.array([1.0, 2.0, 3.0])
    orders = {tuple(drawing.draw(work, count)) for count in (3, 4, 99) for _ in range(60)}
    assert {tuple(sorted(order)) for order in orders} == {(0, 1, 2)}
    assert len(orders) > 3


def test_cells_are_drawn_of_results_by_the_work_of_each() -> None:
    drawn = [drawing.among([1.0, 0.0, 3.0], 2) for _ in range(2000)]
    assert all(counts.total() == 2 and 1 not in counts for counts in drawn)
    likely("of the first result", sum(counts[0] for counts in drawn), 4000, 0.25)


def test_sixty_five_thousand_cells_are_drawn_from_by_their_work() -> None:
    work = np.ones(65536)
    work[::2] = 3.0
    dear = sum(cell % 2 == 0 for _ in range(100) for cell in drawing.draw(work, 4))
    likely("that are dear", dear, 400, 0.75)
