"""Scaling laws in invented tables: exact laws have their exponents, fronts are those of loops, parts of seeds none."""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest

from kernels.arrays import F64
from kernels.cells import Condition
from kernels.claims import ScalingLaws, Table, power_law
from kernels.engine.shapes import Network

GRID = {"width": (4, 8, 16, 32), "depth": (1, 2), "amount": (100, 200, 400)}
MEASURED = (0, 1, 2, 4, 8)
CONDITIONS: list[Condition] = [dict(zip(GRID, values, strict=True)) for values in itertools.product(*GRID.values())]


def network(condition: Condition) -> Network:
    return Network((5, *(int(condition["width"]),) * int(condition["depth"]), 3))


def samples(condition: Condition) -> int:
    return int(condition["amount"])


LAWS = ScalingLaws(
    grid=GRID,
    sizes=lambda condition: network(condition).parameters,
    epoch_work=lambda condition: network(condition).training_flops(samples(condition)),
    samples=samples,
    measured=MEASURED,
    equal_steps=(8, 4, 2),
    metric="loss",
)


def table(loss: F64, leave_out: tuple[int, int] | None = None) -> Table:
    """Rows, in disorder, of losses [seeds, conditions, measurements]; one (seed, condition) may lack."""
    rows = [(s, c) for s in range(loss.shape[0]) for c in range(len(CONDITIONS)) if (s, c) != leave_out]
    rows = [rows[at] for at in np.random.default_rng(5).permutation(len(rows))]
    seed, number = np.array(rows).T
    return Table(
        seed.astype(np.int64) + 70,
        {axis: np.array([CONDITIONS[c][axis] for c in number]) for axis in GRID},
        {"loss": loss[seed, number].astype(np.float32)},
    )


def law(data: float, parameters: float, epochs: float = 0.0) -> F64:
    """Losses [conditions, measurements] that are exact power laws of samples, parameters and epochs."""
    size = np.array([samples(of) for of in CONDITIONS])[:, None]
    units = np.array([network(of).parameters for of in CONDITIONS])[:, None]
    losses: F64 = 50.0 * size**data * units**parameters * np.maximum(np.array(MEASURED), 0.5) ** epochs
    return losses


def test_what_is_known_of_networks_is_in_the_order_of_the_grid() -> None:
    for (w, width), (d, depth) in itertools.product(enumerate(GRID["width"]), enumerate(GRID["depth"])):
        of = network({"width": width, "depth": depth})
        assert LAWS.parameters[w, d] == of.parameters
        for a, amount in enumerate(GRID["amount"]):
            assert LAWS.operations[w, d, a].tolist() == [epoch * of.training_flops(amount) for epoch in MEASURED[1:]]


def test_exact_laws_are_found_with_their_exponents() -> None:
    of = table(np.stack([law(-0.7, -0.3), 3 * law(-0.5, -0.1)]))
    for name, want in (("data", [-0.7, -0.5]), ("data, equal steps", [-0.7, -0.5]), ("parameters", [-0.3, -0.1])):
        assert LAWS.mean("exponent", name)(of) == pytest.approx(want, abs=1e-5)
        assert LAWS.mean("r2", name)(of) == pytest.approx([1, 1], abs=1e-5)
    assert LAWS.by_width("data")(of) == pytest.approx(np.array([[-0.7] * 4, [-0.5] * 4]), abs=1e-5)


def test_laws_are_of_the_end_of_training_and_parameters_of_the_whole_training_set() -> None:
    loss = law(0.5, 0.4)
    loss[:, -1] = law(-0.7, 0.4)[:, -1]
    whole = np.array([of["amount"] == 400 for of in CONDITIONS])
    loss[whole, -1] *= law(0.0, -0.6)[whole, -1] / law(0.0, -0.6)[whole, -1].mean()
    of = table(loss[None])
    assert LAWS.mean("exponent", "parameters")(of) == pytest.approx([-0.2], abs=1e-5)
    loss[:, -1] = law(-0.7, 0.4)[:, -1]
    assert LAWS.mean("exponent", "data")(table(loss[None])) == pytest.approx([-0.7], abs=1e-5)


def test_what_is_only_longer_training_is_no_law_at_equal_steps() -> None:
    """Loss falls with epochs times samples, that is with steps."""
    of = table(law(-0.4, 0.0, -0.4)[None])
    assert LAWS.mean("exponent", "data")(of) == pytest.approx([-0.4], abs=1e-5)
    assert LAWS.mean("exponent", "data, equal steps")(of) == pytest.approx([0], abs=1e-5)


def test_the_front_is_of_all_networks_at_all_measurements() -> None:
    """By a loop over every condition and epoch."""
    loss = np.exp(np.random.default_rng(1).standard_normal((len(CONDITIONS), len(MEASURED))))
    points = sorted(
        (epoch * network(of).training_flops(samples(of)), float(np.float32(value)))
        for of, row in zip(CONDITIONS, loss, strict=True)
        for epoch, value in zip(MEASURED[1:], row[1:], strict=True)
    )
    front: list[tuple[float, float]] = []
    for point in points:
        if not front or point[1] < front[-1][1]:
            front.append(point)
    assert len(front) > 3
    of = table(np.stack([loss, loss[::-1]]))
    assert LAWS.fits(of, "compute").exponent[0] == pytest.approx(power_law(*np.array(front).T).exponent)
    budgets = [points[at][0] for at in (3, 40, -1)]
    least = LAWS.within(budgets)
    assert list(least) == budgets
    for budget in budgets:
        assert least[budget](of)[0] == min(e for c, e in points if c <= budget)


@pytest.mark.parametrize("at_a_time", [1, 2, 5])
def test_how_many_seeds_are_looked_at_at_once_changes_no_number(
    at_a_time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = np.exp(np.random.default_rng(2).standard_normal((5, len(CONDITIONS), len(MEASURED))))

    def numbers() -> F64:
        of = table(loss)
        return np.array([statistic(of) for statistic in (LAWS.mean("bend", "compute"), *LAWS.within([1e7]).values())])

    want = numbers()
    monkeypatch.setattr(sys.modules["kernels.claims.scaling"], "_SEEDS", at_a_time)
    assert numbers() == pytest.approx(want, rel=1e-9)


def test_points_are_the_final_losses_of_networks_by_their_parameters() -> None:
    of = table(np.stack([law(-0.7, -0.3), law(-0.5, -0.1)]))
    for number in range(len(GRID["depth"])):
        found = LAWS.by_parameters(number)
        assert list(found) == LAWS.parameters[:, number].tolist()
        x, y = np.array(list(found), np.float64), np.stack([statistic(of) for statistic in found.values()], axis=1)
        assert power_law(x, y).exponent == pytest.approx([-0.3, -0.1], abs=1e-5)


@pytest.mark.parametrize(("seeds", "lacking"), [(3, (1, 23)), (1, (0, 3))])
def test_a_seed_that_lacks_a_condition_is_left_out(seeds: int, lacking: tuple[int, int]) -> None:
    of = table(np.stack([law(-0.7, -0.3)] * seeds), leave_out=lacking)
    for name in LAWS.laws:
        for fitted in ("exponent", "r2", "bend"):
            assert LAWS.mean(fitted, name)(of).shape == (seeds - 1,)
    assert LAWS.by_width("data")(of).shape == (seeds - 1, 4)
    assert LAWS.within([1e9])[1e9](of).shape == (seeds - 1,)
    assert all(statistic(of).shape == (seeds - 1,) for statistic in LAWS.by_parameters(1).values())
