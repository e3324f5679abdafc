"""Near results of honest hosts pass for ever, and a shift within tolerances is found within a stated number of them.

Honest differences are those between torch and the exact engine, in units of the tolerance, with tails heavier than
measured; simulated ones take the place of recomputation, and the real ledger adds them up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kernels.arrays import F64
from kernels.experiments import EXPERIMENTS
from kernels.formats import result
from server_validator.checking import centring, trust
from server_validator.checking.check import Terms
from server_validator.errors import NotCentred, RecomputationDiffers
from server_validator.ledger import Ledger, create, deviations, hosts, taken_back
from server_validator.ledger.deviations import Deviations
from tests.kernels import tiny
from tests.kernels.resultfile import Top
from tests.server_validator.data import checked, issued
from tests.server_validator.forging import changed, curve, put

EXPERIMENT = EXPERIMENTS["curriculum"]  # of all, the one whose honest differences are largest, of their tolerances
HONEST = 0.043  # the largest standard deviation of them that was measured
SHAPE = (trust.CELLS_OF_NEAR, EXPERIMENT.measurements)

Noise = Callable[[np.random.Generator], F64]
"""Differences [cells, measurements] of a result's drawn cells, in units of the tolerance."""

NOISES: dict[str, Noise] = {
    "as measured": lambda rng: rng.normal(0, HONEST, SHAPE),
    "much larger": lambda rng: np.clip(rng.normal(0, 0.5, SHAPE), -1, 1),
    "rare flips": lambda rng: rng.choice([-1.0, 0.0, 1.0], SHAPE, p=[0.01, 0.98, 0.01]),
    "one value for all measurements": lambda rng: np.repeat(rng.normal(0, 0.3, (SHAPE[0], 1)), SHAPE[1], 1),
    "of heavy tails": lambda rng: np.clip(0.05 * rng.standard_t(1.5, SHAPE), -1, 1),
    "off by what rounding may bring": lambda rng: rng.normal(0.9 * centring.ALLOWED, 0.1, SHAPE),
}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    create(tmp_path)
    with Ledger(tmp_path, in_memory=True) as opened:
        yield opened


def results_until_refused(ledger: Ledger, differences: Callable[[], F64], most: int) -> int | None:
    """How many results a host returns until one is refused for the differences of one metric; None: none of them."""
    for number in range(1, most + 1):
        drawn = differences()
        others = {name: Deviations(len(drawn), np.zeros(SHAPE[1]), np.zeros(SHAPE[1])) for name in EXPERIMENT.metrics}
        seen = others | {"train_loss": Deviations(len(drawn), drawn.sum(0), np.square(drawn).sum(0))}
        if centring.off_centre(EXPERIMENT, deviations.add(ledger, 1, "curriculum", 1, seen)):
            return number
    return None


@pytest.mark.parametrize("noise", NOISES)
def test_an_honest_host_passes_for_ever(ledger: Ledger, noise: str) -> None:
    rng = np.random.default_rng(1)
    assert results_until_refused(ledger, lambda: NOISES[noise](rng), 1000) is None


@pytest.mark.parametrize(("shift", "within"), [(1.0, 7), (-0.5, 7), (0.25, 8), (0.1, 12), (-0.05, 40)])
def test_a_shift_within_tolerances_is_found(ledger: Ledger, shift: float, within: int) -> None:
    rng = np.random.default_rng(2)
    found = results_until_refused(ledger, lambda: np.clip(NOISES["as measured"](rng) + shift, -1, 1), within)
    assert found is not None
    assert found > 4, "few cells prove nothing"


def test_a_shift_of_one_measurement_is_found_and_named(ledger: Ledger) -> None:
    rng = np.random.default_rng(3)

    def last() -> F64:
        differences = NOISES["as measured"](rng)
        differences[:, -1] += 0.3
        return differences

    assert results_until_refused(ledger, last, 9) is not None
    known = deviations.add(ledger, 1, "curriculum", 1, {"train_loss": Deviations(1, last()[0], last()[0] ** 2)})
    said = centring.off_centre(EXPERIMENT, dict.fromkeys(EXPERIMENT.metrics, known["train_loss"]))
    assert said is not None
    assert f"at epoch {EXPERIMENT.clock.ticks[-1]} by +0.3" in said


def test_a_shift_that_noise_is_to_hide_is_found_later(ledger: Ledger) -> None:
    """The most noise that tolerances leave room for."""
    rng = np.random.default_rng(4)
    found = results_until_refused(ledger, lambda: np.where(rng.random(SHAPE) < 0.625, 1.0, -1.0), 200)
    assert found is not None
    assert found > 30


def test_hosts_experiments_and_versions_are_added_up_by_themselves(ledger: Ledger) -> None:
    one = {"train_loss": Deviations(8, np.full(3, 4.0), np.full(3, 2.0))}
    for key in ((1, "a", 1), (2, "a", 1), (1, "b", 1), (1, "a", 2)):
        assert deviations.add(ledger, *key, one)["train_loss"].cells == 8
    total = deviations.add(ledger, 1, "a", 1, one)["train_loss"]
    assert (total.cells, total.sums.tolist(), total.squares.tolist()) == (16, [8.0] * 3, [4.0] * 3)


# --- with results of the real check


UNITS = [tiny.unit(1000 + 8 * number, 8) for number in range(7)]


def shifted(content: bytes, by: float) -> bytes:
    """All later losses of a near result moved by a share of the tolerance."""

    def change(top: Top) -> None:
        for cell in range(8):
            loss = curve(top, cell, "train_loss")
            loss[2:] += np.float32(by * 0.03)
            put(top, cell, "train_loss", loss)

    return changed(content, change)


def sent(data: Path, number: int, by: float, once_more: bool = False) -> None:
    unit = UNITS[number]
    path = data.parent / f"{unit.name}_0_r7_0"
    path.write_bytes(shifted(result.encode(tiny.computed(unit, "c", "torch")), by))
    checked(path, data, Terms(host=3, anew=once_more))


def test_a_host_whose_results_are_shifted_is_caught(tmp_path: Path) -> None:
    data = issued(tmp_path, *UNITS)
    for number in range(5):
        sent(data, number, 0.6)
    with pytest.raises(NotCentred, match=r"train_loss at epoch \d+ by \+0.60 of its tolerance") as caught:
        sent(data, 5, 0.6)
    assert caught.value.code == 38
    with Ledger(data) as ledger:
        assert hosts.proven(ledger, 3) == 0
        assert taken_back.listed(ledger) == [], "what was proven cell by cell stays"
    with pytest.raises(RecomputationDiffers):
        sent(data, 6, 1.5)


def test_cells_that_staff_look_at_once_more_do_not_count_again(tmp_path: Path) -> None:
    data = issued(tmp_path, *UNITS)
    for once_more in (False, *[True] * 12):
        sent(data, 0, 0.6, once_more)
