"""microscale: what its cells are trained on, when they are measured, and how laws are read off the table."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from kernels.arrays import F64
from kernels.cells import Cell, CellResult, Condition
from kernels.claims import Table, curve, estimate, power_law, verdict
from kernels.cost import cost
from kernels.experiment import compute
from kernels.experiments import microscale
from kernels.experiments.microscale import DEPTH, FRACTION, WIDTH
from kernels.formats.workunit import Seeds, WorkUnit
from kernels.metrics import LOSS_LIMIT
from kernels.programs import TrainingCourse
from kernels.programs.initial import he_normal
from kernels.tasks import mixture
from tests.kernels import tiny
from tests.kernels.experiments import runs

ROW = microscale.EXPERIMENT
CONDITION: Condition = {"width": 16, "depth": 2, "fraction": 0.05}
CELLS = [Cell(1000, CONDITION), Cell(1001, CONDITION)]


@pytest.fixture(scope="module")
def trained() -> list[CellResult]:
    return compute(ROW, CELLS, tiny.engine("c"))


def grid() -> list[Condition]:
    return WorkUnit(ROW, Seeds(1, 1)).conditions


def table(loss: F64, leave_out: tuple[int, int] | None = None) -> Table:
    """Rows, in disorder, of test losses [seeds, conditions, measurements]; one (seed, condition) may lack."""
    rows = [(s, c) for s in range(loss.shape[0]) for c in range(len(grid())) if (s, c) != leave_out]
    rows = [rows[at] for at in np.random.default_rng(5).permutation(len(rows))]
    seed, number = np.array(rows).T
    conditions = [grid()[c] for c in number]
    return Table(
        seed.astype(np.int64) + 70,
        {axis: np.array([at[axis] for at in conditions]) for axis in ROW.grid},
        {"test_loss": loss[seed, number].astype(np.float32)},
    )


def law(data: float, parameters: float, epochs: float = 0.0) -> F64:
    """Losses [conditions, measurements] that are exact power laws of samples, parameters and epochs."""
    size = np.array([microscale.samples(at) for at in grid()])[:, None]
    units = np.array([microscale.network(at).parameters for at in grid()])[:, None]
    after = np.maximum(np.array(microscale.MEASURED), 0.5)
    losses: F64 = 50.0 * size**data * units**parameters * after**epochs
    return losses


def test_the_row_is_the_published_experiment() -> None:
    assert ROW.grid == {
        "width": (8, 16, 32, 64, 128, 256, 512),
        "depth": (1, 2, 3),
        "fraction": (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0),
    }
    assert (microscale.TASK.inputs, microscale.TASK.classes, microscale.TASK.train) == (10, 5, 5000)
    assert microscale.MEASURED[-1] == 300
    assert {claim.finding.partition("-")[0] for claim in ROW.claims} == {"#29"}
    assert [dict(drawn.published) for drawn in ROW.curves if drawn.published] == [{"data": 0.967}]


def test_a_fraction_is_the_first_samples_of_the_seeds_training_set() -> None:
    whole = mixture.make(microscale.TASK, 1001)
    assert isinstance(ROW.course, TrainingCourse)
    for fraction, count in zip(FRACTION.values, (250, 500, 1000, 2000, 3000, 4000, 5000), strict=True):
        cells = [Cell(seed, {**CONDITION, "fraction": fraction}) for seed in (1000, 1001)]
        data = ROW.course.recipe(cells).sets
        assert data["train"].x.shape == (2, 10, count)
        assert np.array_equal(data["train"].x[1], whole["train"].x[:, :count])
        assert np.array_equal(data["train"].y[1], whole["train"].y[:, :count])
        assert np.array_equal(data["test"].x[1], whole["test"].x)


def test_networks_learn_what_they_are_shown(trained: list[CellResult]) -> None:
    for result in trained:
        assert result.metrics["train_accuracy"][0] < 0.5
        assert result.metrics["train_accuracy"][-1] > 0.98
        assert 0.7 < result.metrics["test_accuracy"][-1] < result.metrics["train_accuracy"][-1]
        assert result.metrics["test_loss"][-1] > 5 * result.metrics["train_loss"][-1]


def test_the_first_measurement_is_of_the_untrained_network(trained: list[CellResult]) -> None:
    """Computed here by hand, in float64."""
    network = microscale.network(CONDITION)
    row = he_normal(network, 1001).astype(np.float64)
    for name, count in (("train", 250), ("test", 5000)):
        data = mixture.make(microscale.TASK, 1001)[name]
        x, y = data.x[:, :count].astype(np.float64), data.y[:, :count]
        for number, layer in enumerate(network.layers):
            x = row[layer.weights].reshape(layer.outputs, layer.inputs) @ (np.maximum(x, 0) if number else x)
        loss = (np.log(np.exp(x).sum(0)) - (x * y).sum(0)).mean()
        assert trained[1].metrics[f"{name}_loss"][0] == pytest.approx(loss, rel=1e-5)
        right = (x.argmax(0) == y.argmax(0)).mean()
        assert trained[1].metrics[f"{name}_accuracy"][0] == pytest.approx(right, abs=1.5 / count)


def test_at_equal_steps_all_fractions_have_done_as_many() -> None:
    steps = [
        epoch * microscale.samples({"fraction": fraction}) / microscale.BATCH
        for fraction, epoch in zip(FRACTION.values, microscale.SCALING.equal_steps, strict=True)
    ]
    assert steps == [1200.0] * 7
    assert set(microscale.SCALING.equal_steps) <= set(microscale.MEASURED)


def test_cells_of_one_shape_have_equal_networks_and_as_many_samples() -> None:
    shapes = {ROW.course.shape(at): (microscale.network(at), microscale.samples(at)) for at in grid()}
    assert len(shapes) == len(set(shapes.values())) == 147


def test_a_whole_seed_needs_little_memory() -> None:
    whole = cost(WorkUnit(ROW, Seeds(1, 1)))
    assert whole.memory < 100e6
    assert whole.result < 150e3


def test_a_network_that_diverged_has_the_greatest_loss() -> None:
    values = runs.with_parameters(ROW, CELLS, tiny.engine("c"), np.nan)
    assert values["test_loss"][:, 1].tolist() == [LOSS_LIMIT] * 2


@pytest.mark.parametrize("name", ["train", "test"])
def test_a_loss_below_what_wrong_answers_cost_contradicts(trained: list[CellResult], name: str) -> None:
    true = trained[0].metrics
    loss = true[f"{name}_loss"].copy()
    loss[0] = 0.99 * math.log(2) * (1 - true[f"{name}_accuracy"][0])
    assert f"{name}_loss" in str(tiny.contradiction(ROW, {**true, f"{name}_loss": loss}, **CONDITION))


# --- laws in invented tables


def test_laws_are_those_of_the_grid() -> None:
    lawful = table(np.stack([law(-0.7, -0.3), 3 * law(-0.5, -0.1)]))
    for name, want in (("data", [-0.7, -0.5]), ("data, equal steps", [-0.7, -0.5]), ("parameters", [-0.3, -0.1])):
        assert microscale.SCALING.mean("exponent", name)(lawful) == pytest.approx(want, abs=1e-5)
        assert microscale.follows(name)(lawful) == pytest.approx([0.1, 0.1], abs=1e-5)


def test_seeds_that_lack_a_condition_are_left_out() -> None:
    lawful = table(np.stack([law(-0.7, -0.3), law(-0.5, -0.1), law(-0.9, -0.2)]), leave_out=(1, 146))
    assert microscale.SCALING.mean("exponent", "data")(lawful) == pytest.approx([-0.7, -0.9], abs=1e-5)
    for claim in ROW.claims:
        assert len(claim.statistic(lawful)) == 2


def test_without_a_whole_seed_there_is_nothing_to_say() -> None:
    lawful = table(law(-0.7, -0.3)[None], leave_out=(0, 3))
    for claim in ROW.claims:
        assert verdict(estimate(claim.statistic(lawful))) == "undecided"


def test_verdicts_follow_the_numbers() -> None:
    noise = np.exp(0.02 * np.random.default_rng(2).standard_normal((9, 147, ROW.measurements)))
    lawful = table(law(-0.7, -0.3, -0.5) * noise)
    assert [verdict(estimate(claim.statistic(lawful))) for claim in ROW.claims] == ["holds"] * 4
    size = np.array([microscale.samples(at) for at in grid()])[:, None]
    # Rises again: a parabola in the logarithm is no power law, and at equal steps more samples are worse.
    u_shaped = table((np.exp(np.log(size / 1000) ** 2) + 0 * law(0, 0)) * law(0.5, 0) * noise)
    verdicts = {claim.finding: verdict(estimate(claim.statistic(u_shaped))) for claim in ROW.claims}
    assert verdicts["#29-data"] == verdicts["#29-data-equal-steps"] == verdicts["#29-parameters"] == "refuted"


def test_curves_have_a_point_for_every_network() -> None:
    lawful = table(np.stack([law(-0.7, -0.3), law(-0.7, -0.3)]))
    by_parameters = [c for c in ROW.curves if c.axis == "parameters"]
    for depth, line in zip(DEPTH.values, by_parameters, strict=True):
        estimates = curve(lawful, line)
        x, y = np.array(list(estimates), np.float64), np.array([at.mean for at in estimates.values()])
        sizes = [microscale.network({"width": w, "depth": depth}).parameters for w in WIDTH.values]
        assert x.tolist() == sizes
        assert power_law(x, y).exponent == pytest.approx(-0.3, abs=1e-5)
    by_budget = next(c for c in ROW.curves if c.axis == "operations")
    least = [at.mean for at in curve(lawful, by_budget).values()]
    assert all(a >= b > 0 for a, b in itertools.pairwise(least))
