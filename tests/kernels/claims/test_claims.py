"""Findings: estimates, their intervals, verdicts, and which seeds count."""

from __future__ import annotations

import gc
import math
import random
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import claims
from kernels.arrays import F64
from kernels.claims import (
    DECIDING_SEEDS,
    Curve,
    Estimate,
    Position,
    Statistic,
    Table,
    averaged,
    best_rows,
    between,
    contrast,
    curve,
    difference,
    estimate,
    measured,
    on_grid,
    once,
    per_seed,
    points,
    verdict,
    within,
)


def table(rows: list[tuple[int, int, int, float]]) -> Table:
    """Rows of (seed, width, depth, final gap); earlier measurements hold something else."""
    seed, width, depth, gap = (np.array(column) for column in zip(*rows, strict=True))
    curves = np.stack([np.full(len(rows), 99.0), np.full(len(rows), -7.0), gap], axis=1).astype(np.float32)
    return Table(seed.astype(np.int64), {"width": width, "depth": depth}, {"gap": curves})


WHOLE = [
    (seed, width, depth, seed / 8 + width / 64 + depth / 16)
    for seed in (5, 3, 9) for width in (32, 64) for depth in (1, 2)
]  # fmt: skip
AXES = {"width": (32, 64), "depth": (1, 2)}


def test_final_is_the_last_measurement() -> None:
    assert table(WHOLE).final("gap").tolist() == [row[3] for row in WHOLE]


def gaps(rows: list[tuple[int, int, int, float]], **where: float) -> dict[int, float]:
    of = table(rows)
    found = per_seed(of, of.final("gap"), where)
    return dict(zip(found.seeds.tolist(), found.values.tolist(), strict=True))


def test_per_seed_averages_the_other_axes() -> None:
    found = gaps(WHOLE, width=64)
    assert found == {seed: pytest.approx(seed / 8 + 1 + 1.5 / 16) for seed in (3, 5, 9)}
    assert list(found) == [3, 5, 9]


def test_per_seed_under_several_conditions() -> None:
    assert gaps(WHOLE, width=64, depth=2) == {seed: seed / 8 + 1 + 2 / 16 for seed in (3, 5, 9)}
    assert gaps(WHOLE) == {seed: pytest.approx(seed / 8 + 0.75 + 1.5 / 16) for seed in (3, 5, 9)}


def test_per_seed_leaves_out_seeds_with_a_part_of_the_sweep() -> None:
    part = [row for row in WHOLE if row[:3] != (3, 64, 2)]
    assert set(gaps(part, width=64)) == {5, 9}
    assert set(gaps(part, width=32)) == {3, 5, 9}


def test_per_seed_of_a_value_nobody_has_is_empty() -> None:
    assert gaps(WHOLE, width=128) == {}


def test_difference_pairs_seeds() -> None:
    """Seed effects a hundred times the difference cancel; unpaired they would not."""
    rows = [(s, w, 1, 100.0 * s + {32: 0.0, 64: s + 1.0}[w]) for s in range(4) for w in (32, 64)]
    shuffled = [rows[i] for i in (5, 0, 7, 2, 1, 6, 3, 4)]
    found = difference("gap", "width", 32, 64)(table(shuffled))
    assert found.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_difference_leaves_out_seeds_that_lack_one_side() -> None:
    part = [row for row in WHOLE if row[:2] != (3, 64)]
    assert len(difference("gap", "width", 32, 64)(table(part))) == 2


def test_measured_is_a_metric_at_any_measurement() -> None:
    of = table(WHOLE)
    assert measured("gap")(of).tolist() == of.final("gap").tolist()
    assert set(measured("gap", 0)(of)) == {99.0}
    assert set(measured("gap", 1)(of)) == {-7.0}


def test_where_last_measurements_can_be_had_alone_no_curve_is_looked_at() -> None:
    of = table(WHOLE)
    alone = Table(of.seed, of.condition, {}, {"gap": of.metrics["gap"][:, -1]})
    for rows in (measured("gap"), measured("gap", -1)):
        assert rows(alone).tolist() == of.final("gap").tolist()
        assert rows(alone).dtype == np.float64
    drawn = Curve(title="", axis="width", metric="gap", label="")
    assert curve(alone, drawn) == curve(of, drawn)


def test_once_is_once_for_each_table_and_no_longer_than_it_is_there() -> None:
    asked: list[Table] = []

    @once
    def known(of: Table) -> F64:
        asked.append(of)
        return of.final("gap")

    one, other = table(WHOLE), table(WHOLE[1:])
    for of in (one, other, one, other):
        assert known(of).tolist() == of.final("gap").tolist()
    assert asked == [one, other]
    with pytest.raises(ValueError, match="read-only"):
        known(one)[0] = 1.0  # another claim reads it
    with pytest.raises(ValueError, match="read-only"):
        one.cells(AXES)[0] = 1
    value = weakref.ref(known(one))
    asked.clear()
    del one, of
    gc.collect()
    assert value() is None


def test_averaged_is_a_mean_per_seed_under_its_conditions() -> None:
    assert averaged(measured("gap"))(table(WHOLE)).tolist() == list(gaps(WHOLE).values())
    assert averaged(measured("gap"), {"width": 64})(table(WHOLE)).tolist() == list(gaps(WHOLE, width=64).values())
    part = [row for row in WHOLE if row[:3] != (3, 64, 2)]
    assert len(averaged(lambda of: -of.final("gap"), {"width": 64})(table(part))) == 2


def test_a_contrast_is_between_any_two_conditions_of_the_seeds_that_have_both() -> None:
    across = contrast(measured("gap"), {"width": 32, "depth": 2}, {"width": 64, "depth": 1})
    assert across(table(WHOLE)).tolist() == pytest.approx([0.5 - 1 / 16] * 3)
    assert len(across(table([row for row in WHOLE if row[:3] != (5, 64, 1)]))) == 2
    along = contrast(measured("gap"), {"width": 32}, {"width": 64})(table(WHOLE))
    assert along.tolist() == difference("gap", "width", 32, 64)(table(WHOLE)).tolist()


@given(drawn=st.randoms(use_true_random=False), lost=st.sets(st.integers(0, 11), max_size=4))
def test_on_a_grid_every_value_is_where_its_condition_is(drawn: random.Random, lost: set[int]) -> None:
    kept = [row for number, row in enumerate(WHOLE) if number not in lost]
    drawn.shuffle(kept)
    seeds = sorted(seed for seed in (3, 5, 9) if sum(row[0] == seed for row in kept) == 4)
    of = table(kept)
    want = [[[seed / 8 + width / 64 + depth / 16 for depth in (1, 2)] for width in (32, 64)] for seed in seeds]
    assert on_grid(of, of.final("gap"), AXES).tolist() == want
    whole = on_grid(of, of.metrics["gap"], AXES)
    assert whole.shape == (len(seeds), 2, 2, 3)
    assert whole[..., -1].tolist() == want
    swapped = on_grid(of, of.final("gap"), {"depth": (2, 1), "width": (32, 64)})
    assert swapped.shape == (len(seeds), 2, 2)
    assert np.array_equal(swapped[:, ::-1].swapaxes(1, 2), whole[..., -1])


def test_what_lies_outside_a_grid_is_left_out_and_a_grid_nobody_has_is_empty() -> None:
    of = table(WHOLE)
    assert on_grid(of, of.final("gap"), {"width": (64,), "depth": (1, 2)}).shape == (3, 1, 2)
    assert on_grid(of, of.final("gap"), {"width": (64, 128), "depth": (1, 2)}).shape == (0, 2, 2)


def test_names_are_places_on_a_grid_too() -> None:
    of = Table(np.array([1, 1]), {"order": np.array(["b", "a"], object)}, {})
    assert on_grid(of, np.array([5.0, 7.0]), {"order": ("a", "b")}).tolist() == [[7.0, 5.0]]


def test_the_best_of_a_sweep_is_chosen_by_its_score_for_every_seed_and_value() -> None:
    rows = [
        (seed, width, depth, seed + width + depth / 4) for seed in (1, 2) for width in (32, 64) for depth in (1, 2, 3)
    ]
    of = table(rows[::-1])
    best = {(1, 32): 2, (1, 64): 1, (2, 32): 3, (2, 64): 2}

    def score(of: Table) -> F64:
        conditions = zip(of.seed, of.condition["width"], of.condition["depth"], strict=True)
        return np.array([float(best[seed, width] != depth) for seed, width, depth in conditions])

    chosen = best_rows(score, "width", (32, 64), "depth")(of)
    assert of.final("gap")[chosen].tolist() == [[1 + 32 + 0.5, 1 + 64 + 0.25], [2 + 32 + 0.75, 2 + 64 + 0.5]]
    equal = best_rows(lambda of: np.zeros(len(of.seed)), "width", (64,), "depth")(of)
    assert of.final("gap")[equal].tolist() == [[1 + 64 + 0.25], [2 + 64 + 0.25]], "of equal ones the first"
    least = best_rows(measured("gap"), "width", (32, 64), "depth")
    assert len(least(table(rows[1:]))) == 1, "a seed with part of the sweep has no best"
    none = Table(
        of.seed[:0], {axis: values[:0] for axis, values in of.condition.items()}, {"gap": of.metrics["gap"][:0]}
    )
    assert least(none).shape == (0, 2)


def test_points_contrasts_and_margins_of_a_profile() -> None:
    def profile(of: Table) -> F64:
        return on_grid(of, of.final("gap"), AXES)[:, :, 0]

    of, rising = table(WHOLE), between(profile, (32, 64), 32, 64)
    asked: list[Table] = []

    def noted(of: Table) -> F64:
        asked.append(of)
        return profile(of)

    found = points(noted, (32, 64))
    assert list(found) == [32, 64]
    assert [statistic(of).tolist() for statistic in found.values()] == profile(of).T.tolist()
    assert len(asked) == 1, "the profile is found once for all its points"
    assert rising(of).tolist() == [0.5] * 3
    assert between(profile, (32, 64), 64, 32)(of).tolist() == [-0.5] * 3
    for margin, want in ((0.75, 0.25), (0.25, -0.25)):
        assert within(margin, rising)(of).tolist() == [want] * 3
        assert within(margin, lambda of: -rising(of))(of).tolist() == [want] * 3


def test_a_curve_over_names_has_an_estimate_for_each() -> None:
    names = np.array(["b", "a", "b", "a"], object)
    found = curve(
        Table(np.array([1, 1, 2, 2]), {"order": names}, {"gap": np.array([[1], [2], [3], [5]], np.float32)}),
        Curve(title="", axis="order", metric="gap", label="", published={"a": 1.0}),
    )
    assert {name: of.mean for name, of in found.items()} == {"a": 3.5, "b": 2.0}


def test_a_curve_of_points_has_the_statistic_of_each() -> None:
    points: dict[Position, Statistic] = {2: lambda cells: cells.final("gap"), 1: lambda cells: -cells.final("gap")}
    found = curve(table(WHOLE), Curve(title="", axis="layer", metric="compression", label="", points=points))
    mean = table(WHOLE).final("gap").mean()
    assert {at: of.mean for at, of in found.items()} == pytest.approx({2: mean, 1: -mean})
    assert [*found] == [2, 1], "in their order"


def test_a_curve_has_an_estimate_for_every_value_in_rising_order() -> None:
    found = curve(table(WHOLE[::-1]), Curve(title="", axis="width", metric="gap", label=""))
    assert list(found) == [32.0, 64.0]
    assert found[32.0] == estimate(np.array(list(gaps(WHOLE, width=32).values())))
    assert found[32.0].seeds == 3


def test_a_curve_can_leave_conditions_out() -> None:
    found = curve(
        table(WHOLE), Curve(title="", axis="width", metric="gap", label="", line="two layers", where={"depth": 2})
    )
    assert found[64.0] == estimate(np.array(list(gaps(WHOLE, width=64, depth=2).values())))
    assert found[64.0] != curve(table(WHOLE), Curve(title="", axis="width", metric="gap", label=""))[64.0]


@settings(max_examples=20)
@given(values=st.lists(st.floats(-1, 1), min_size=2, max_size=30))
def test_an_interval_holds_the_mean_and_lies_within_the_values(values: list[float]) -> None:
    found = estimate(np.array(values))
    assert found.seeds == len(values)
    assert found.mean == pytest.approx(np.mean(values), abs=1e-12)
    assert min(values) - 1e-12 <= found.low <= found.mean + 1e-12
    assert found.mean - 1e-12 <= found.high <= max(values) + 1e-12


def test_an_estimate_of_the_same_data_is_the_same() -> None:
    values = np.random.default_rng(1).normal(size=12)
    assert estimate(values) == estimate(values.copy())


def test_an_interval_is_that_of_the_bootstrap() -> None:
    """Against numpy's own generator: another resampling, the same quantiles."""
    draw = np.random.default_rng(2)
    values = draw.normal(0.3, 1.0, 20)
    means = values[draw.integers(0, 20, (100_000, 20))].mean(1)
    found = estimate(values)
    assert found.low == pytest.approx(np.quantile(means, 0.025), abs=0.02)
    assert found.high == pytest.approx(np.quantile(means, 0.975), abs=0.02)


def test_below_two_seeds_there_is_no_interval() -> None:
    none, one = estimate(np.array([])), estimate(np.array([0.5]))
    assert (none.seeds, one.seeds) == (0, 1)
    assert math.isnan(none.mean)
    assert one.mean == 0.5
    assert all(math.isnan(v) for v in (none.low, none.high, one.low, one.high))


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """A percentile interval over 16 seeds is a little short of its 95 %; far from it something is wrong."""
    samples = np.random.default_rng(3).normal(0.1, 1.0, (400, 16))
    found = [estimate(sample) for sample in samples]
    covered = np.mean([of.low <= 0.1 <= of.high for of in found])
    assert 0.88 <= covered <= 0.97
    below = np.mean([of.high < 0.1 for of in found])
    above = np.mean([of.low > 0.1 for of in found])
    assert 0.01 <= below <= 0.08
    assert 0.01 <= above <= 0.08


def test_a_claim_is_not_decided_by_noise_and_is_by_an_effect() -> None:
    draw = np.random.default_rng(4)
    noise = [verdict(estimate(draw.normal(0.0, 1.0, 18))) for _ in range(100)]
    assert noise.count("undecided") >= 85
    assert [verdict(estimate(draw.normal(2.0, 1.0, 18))) for _ in range(20)] == ["holds"] * 20
    assert [verdict(estimate(draw.normal(-2.0, 1.0, 18))) for _ in range(20)] == ["refuted"] * 20


@pytest.mark.parametrize("seeds", range(DECIDING_SEEDS))
def test_few_seeds_decide_nothing(seeds: int) -> None:
    assert verdict(estimate(np.linspace(5.0, 5.1, seeds))) == "undecided"
    assert verdict(estimate(np.linspace(-5.1, -5.0, seeds))) == "undecided"


def test_enough_seeds_decide() -> None:
    assert verdict(estimate(np.linspace(5.0, 5.1, DECIDING_SEEDS))) == "holds"
    assert verdict(estimate(np.linspace(-5.1, -5.0, DECIDING_SEEDS))) == "refuted"


@pytest.mark.parametrize(
    ("low", "high", "want"),
    [
        (1e-9, 2, "holds"), (0.0, 2, "undecided"), (-1, 1, "undecided"), (-1, 0.0, "undecided"), (-1, -1e-9, "refuted"),
        (math.nan, math.nan, "undecided"),
    ],
)  # fmt: skip
def test_the_whole_interval_must_be_on_one_side(low: float, high: float, want: str) -> None:
    assert verdict(Estimate((low + high) / 2, low, high, 20)) == want


def test_the_level_and_the_least_seeds_are_those_the_report_names() -> None:
    assert claims.LEVEL == 0.95
    assert DECIDING_SEEDS == 8
