"""Validation: true results pass, and whatever was changed, cut, or invented does not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from kernels.errors import (
    CannotRead,
    Failure,
    Inconsistent,
    ResultMismatch,
    ResultUnreadable,
)
from kernels.experiments import compgen
from kernels.formats import result
from server_validator.checking.agreement import Said, difference
from server_validator.checking.check import Terms
from server_validator.errors import NotIssued, RecomputationDiffers
from tests.kernels import tiny
from tests.kernels.resultfile import Top, tree
from tests.server_validator.data import checked, issued
from tests.server_validator.forging import changed, curve, put, says_exact, says_near

UNIT = tiny.unit()
METRICS = compgen.METRICS
ALL = Terms(cells=99)  # as many as there are


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return issued(tmp_path)


@pytest.fixture(scope="module")
def exact_bytes() -> bytes:
    return result.encode(tiny.computed(UNIT, "c"))


@pytest.fixture(scope="module")
def near_bytes(exact_bytes: bytes, tiny_bytes: bytes) -> bytes:
    """The exact numbers, said to be torch's, with the digests that belong to those."""

    def change(top: Top) -> None:
        says_near(top)
        top["digests"] = tree(tiny_bytes)["digests"]

    return changed(exact_bytes, change)


def refusal(path: Path, data: Path, content: bytes) -> Failure:
    path.write_bytes(content)
    with pytest.raises(Failure) as caught:
        checked(path, data, ALL)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_true_result_is_valid_and_some_of_its_cells_were_recomputed(tiny_file: Path, data: Path) -> None:
    verdict = checked(tiny_file, data, ALL)
    assert verdict.answer.unit == UNIT
    assert sorted(cell[:9] for cell in verdict.recomputed) == ["seed 1000", "seed 1001"]
    assert len(checked(tiny_file, data, Terms(cells=1, anew=True)).recomputed) == 1
    assert len(checked(tiny_file, data, Terms(cells=99, anew=True)).recomputed) == 2


def test_which_cell_is_recomputed_cannot_be_known_before(tmp_path: Path, tiny_file: Path, data: Path) -> None:
    drawn = {checked(tiny_file, data, Terms(cells=1, anew=True)).recomputed[0][:9] for _ in range(14)}
    assert drawn == {"seed 1000", "seed 1001"}, "by chance once in 8000 runs"


def test_a_result_that_was_not_issued_is_refused(tmp_path: Path, tiny_file: Path) -> None:
    other = issued(tmp_path / "other", tiny.unit(5000))
    with pytest.raises(NotIssued) as caught:
        checked(tiny_file, other, ALL)
    assert caught.value.code == 22
    assert UNIT.digest.hex() in str(caught.value)


def test_a_result_of_the_same_seeds_on_another_grid_is_refused(tmp_path: Path, tiny_file: Path) -> None:
    with pytest.raises(NotIssued):
        checked(tiny_file, issued(tmp_path / "other", tiny.unit(depth=[2])), ALL)


def test_cut_off_or_flipped_results_are_refused(tmp_path: Path, tiny_bytes: bytes, data: Path) -> None:
    path = tmp_path / "r.msgpack"
    for length in range(0, len(tiny_bytes), 37):
        assert isinstance(refusal(path, data, tiny_bytes[:length]), ResultUnreadable)
    for at in range(0, len(tiny_bytes), 41):
        changed = bytearray(tiny_bytes)
        changed[at] ^= 0x10
        assert isinstance(refusal(path, data, bytes(changed)), ResultUnreadable)


def invented_loss(top: Top) -> None:
    put(top, 1, "train_loss", curve(top, 1, "train_loss") * 0.5)


def invented_accuracies(top: Top) -> None:
    put(top, 1, "ood_accuracy", np.arange(12) * 50 / 1000)


def invented_rank(top: Top) -> None:
    put(top, 1, "effective_rank", np.full(12, 12.5))


def one_early_count(top: Top) -> None:
    """Ten samples more, before training: no rounding explains that."""
    top["columns"]["train_accuracy"][1, 0] += 10


def the_other_cells_curves(top: Top) -> None:
    for column in top["columns"].values():
        column[1] = column[0]


def shifted_curves(top: Top) -> None:
    """Honestly trained for fewer epochs, the last value repeated."""
    for column in top["columns"].values():
        column[1, 6:] = column[1, 5]


INVENTED = [
    invented_loss, invented_accuracies, invented_rank, one_early_count, the_other_cells_curves, shifted_curves,
]  # fmt: skip


@pytest.mark.parametrize("change", INVENTED, ids=lambda change: change.__name__)
def test_numbers_invented_consistently_are_found_by_recomputing(
    tmp_path: Path, tiny_bytes: bytes, data: Path, change: Callable[[Top], None]
) -> None:
    failure = refusal(tmp_path / "r.msgpack", data, changed(tiny_bytes, change))
    assert isinstance(failure, RecomputationDiffers), failure
    assert failure.code == 25
    assert "cell 1001" in str(failure)


@pytest.mark.parametrize("name", [name for name in METRICS if name != "gap"])  # it follows from the accuracies
@pytest.mark.parametrize("at", [1, 2])
def test_differences_are_allowed_up_to_the_tolerance_and_no_further(
    tmp_path: Path, near_bytes: bytes, data: Path, name: str, at: int
) -> None:
    """Between hosts the torch engine rounds otherwise; measurement 1 is the last early one."""
    metric = METRICS[name]
    tolerance = metric.near[0 if at < 2 else 1]
    samples = {"train_accuracy": 2000, "id_accuracy": 1000, "ood_accuracy": 1000}.get(name)

    def moved(by: float) -> bytes:
        def change(top: Top) -> None:
            values = curve(top, 0, name)
            value = float(values[at])
            direction = 1 if value + 1.2 * by < metric.high else -1
            values[at] = value + direction * by if samples is None else _count(value + direction * by, samples)
            put(top, 0, name, values)

        return changed(near_bytes, change)

    path = tmp_path / "r.msgpack"
    path.write_bytes(moved(0.9 * tolerance))
    checked(path, data, ALL)
    failure = refusal(path, data, moved(1.1 * tolerance if samples is None else tolerance + 1.5 / samples))
    assert isinstance(failure, RecomputationDiffers)
    assert name in str(failure) or "gap" in str(failure)


def _count(value: float, samples: int) -> np.float32:
    return np.float32(round(value * samples) / samples)


def test_tolerances_are_far_below_what_the_claim_is_about() -> None:
    assert METRICS["gap"].near[1] <= 0.06
    assert METRICS["gap"].near[0] <= 0.005


def test_values_that_are_not_possible_are_refused_before_recomputing(
    tmp_path: Path, tiny_bytes: bytes, data: Path
) -> None:
    path = tmp_path / "r.msgpack"
    for cell in (0, 1):
        for name, value in (("train_loss", np.nan), ("train_loss", -1.0), ("id_accuracy", 1.001)):
            wrong = partial(put, cell=cell, metric=name, values=np.full(12, value))
            failure = refusal(path, data, changed(tiny_bytes, wrong))
            assert isinstance(failure, Inconsistent)
            assert f"cell {1000 + cell} " in str(failure)
            assert name in str(failure)
    other_seeds = changed(tiny_bytes, lambda top: top["header"]["seeds"].update(first=1001))
    assert isinstance(refusal(path, data, other_seeds), ResultMismatch)


def test_what_is_no_file_cannot_be_read_and_nothing_hangs(tmp_path: Path, data: Path) -> None:
    import os

    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "none", tmp_path / "loop", tmp_path / "fifo", Path("/dev/zero")):
        with pytest.raises(CannotRead):
            checked(path, data, ALL)


def trained_from_other_weights(top: Top) -> None:
    """Honest training of another network: its digest before training says so, in either class."""
    top["digests"][1, 0] ^= 1


def test_the_state_before_training_is_compared_bit_for_bit_in_class_torch_too(
    tmp_path: Path, tiny_bytes: bytes, data: Path
) -> None:
    failure = refusal(tmp_path / "r.msgpack", data, changed(tiny_bytes, trained_from_other_weights))
    assert isinstance(failure, RecomputationDiffers)


# --- exact results: compared by digest


def changed_digest(top: Top) -> None:
    top["digests"][1, 7] ^= 0x80


def loss_one_bit_off(top: Top) -> None:
    loss = curve(top, 1, "train_loss")
    loss[4] = np.nextafter(loss[4], np.float32(9))
    put(top, 1, "train_loss", loss)


def one_count_off(top: Top) -> None:
    top["columns"]["train_accuracy"][1, 9] += 1


def rank_off(top: Top) -> None:
    put(top, 1, "effective_rank", curve(top, 1, "effective_rank") * np.float32(1 + 3e-6))


def test_a_true_exact_result_is_valid(tmp_path: Path, data: Path, exact_bytes: bytes) -> None:
    path = tmp_path / "r.msgpack"
    path.write_bytes(exact_bytes)
    assert len(checked(path, data, ALL).recomputed) == 2


@pytest.mark.parametrize("change", [changed_digest, loss_one_bit_off, one_count_off, rank_off])
def test_the_least_change_of_an_exact_result_is_found(
    tmp_path: Path, data: Path, exact_bytes: bytes, change: Callable[[Top], None]
) -> None:
    failure = refusal(tmp_path / "r.msgpack", data, changed(exact_bytes, change))
    assert isinstance(failure, RecomputationDiffers)


def test_the_sign_of_a_zero_is_compared_as_well(exact_bytes: bytes) -> None:
    """Equal as a number, it would let one result be written in many ways."""
    decoded = result.decode(exact_bytes, "r")
    values = result.check(decoded, UNIT, "r")
    zero, negative = (
        Said(values | {"gap": np.full((2, 12), value, np.float32)}, decoded.digests, "exact") for value in (0.0, -0.0)
    )
    assert difference(compgen.EXPERIMENT, zero, negative) == (0, "gap")
    assert difference(compgen.EXPERIMENT, zero, zero) is None


def test_the_first_cell_that_differs_is_named_and_of_it_the_digest_first(exact_bytes: bytes) -> None:
    decoded = result.decode(exact_bytes, "r")
    said = Said(result.check(decoded, UNIT, "r"), decoded.digests, "exact")
    loss, digests = said.metrics["train_loss"].copy(), said.digests.copy()
    loss[1, 3] += 1
    only_loss = Said({**said.metrics, "train_loss": loss}, said.digests, "exact")
    assert difference(compgen.EXPERIMENT, said, only_loss) == (1, "train_loss")
    digests[1, 7] ^= 1
    both = Said(only_loss.metrics, digests, "exact")
    assert difference(compgen.EXPERIMENT, said, both) == (1, "the digest of its state")
    loss[0, 3] += 1
    assert difference(compgen.EXPERIMENT, said, both) == (0, "train_loss")
    assert difference(compgen.EXPERIMENT, said.of([1]), both.of([1])) == (0, "the digest of its state")


def test_linear_algebra_of_another_host_is_allowed_to_differ_a_little(
    tmp_path: Path, data: Path, exact_bytes: bytes
) -> None:
    def change(top: Top) -> None:
        rank = curve(top, 1, "effective_rank")
        put(top, 1, "effective_rank", np.nextafter(rank, np.float32(99)))

    path = tmp_path / "r.msgpack"
    path.write_bytes(changed(exact_bytes, change))
    checked(path, data, ALL)


def test_a_torch_result_that_says_exact_is_refused(tmp_path: Path, data: Path, tiny_bytes: bytes) -> None:
    failure = refusal(tmp_path / "r.msgpack", data, changed(tiny_bytes, says_exact))
    assert isinstance(failure, RecomputationDiffers)
    assert "digest" in str(failure)
