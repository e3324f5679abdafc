"""microscale: what its cells are trained on, when they are measured, and how laws are read off the table."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from kernels import workunit
from kernels.cost import cost
from kernels.engine.seam import F32, F64
from kernels.experiment import Cell, CellResult, Condition, compute
from kernels.experiments import EXPERIMENTS, microscale
from kernels.findings import Table, curve, estimate, verdict
from kernels.measures import exponent, power_law
from kernels.tasks import mixture
from kernels.training import he_normal
from kernels.workunit import Seeds, WorkUnit
from tests.kernels import tiny
from tests.kernels.experiments import runs

ROW = microscale.EXPERIMENT
CONDITION: Condition = {"width": 16, "depth": 2, "fraction": 0.05}
CELLS = [Cell(1000, CONDITION), Cell(1001, CONDITION)]


@pytest.fixture(scope="module")
def found() -> list[CellResult]:
    return compute(ROW, CELLS, tiny.engine("exact"))


def curves(of: CellResult) -> dict[str, F32]:
    return {name: values.copy() for name, values in of.metrics.items()}


def grid() -> list[Condition]:
    return workunit.conditions(WorkUnit(workunit.FORMAT, "microscale", ROW.version, Seeds(1, 1)))


def table(loss: F64, leave_out: tuple[int, int] | None = None) -> Table:
    """Rows, in disorder, of test losses [seeds, conditions, measurements]; one (seed, condition) may lack."""
    rows = [(s, c) for s in range(loss.shape[0]) for c in range(len(grid())) if (s, c) != leave_out]
    rows = [rows[at] for at in np.random.default_rng(5).permutation(len(rows))]
    seed, number = np.array(rows).T
    conditions = [grid()[c] for c in number]
    return Table(
        seed.astype(np.int64) + 70,
        {axis: np.array([of[axis] for of in conditions]) for axis in ROW.grid},
        {"test_loss": loss[seed, number].astype(np.float32)},
    )


def law(data: float, parameters: float, epochs: float = 0.0) -> F64:
    """Losses [conditions, measurements] that are exact power laws of samples, parameters and epochs."""
    size = np.array([microscale.samples(of) for of in grid()])[:, None]
    units = np.array([microscale.network(of).parameters for of in grid()])[:, None]
    after = np.maximum(np.array(microscale.MEASURED), 0.5)
    return 50.0 * size**data * units**parameters * after**epochs


def test_the_row_is_the_published_experiment() -> None:
    assert EXPERIMENTS["microscale"] is ROW
    assert ROW.grid == {
        "width": (8, 16, 32, 64, 128, 256, 512),
        "depth": (1, 2, 3),
        "fraction": (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0),
    }
    assert (microscale.TASK.inputs, microscale.TASK.classes, microscale.TASK.train) == (10, 5, 5000)
    assert microscale.MEASURED[-1] == 300
    assert {claim.finding.partition("-")[0] for claim in ROW.claims} == {"#29"}
    assert [dict(of.published) for of in ROW.curves if of.published] == [{"data": 0.967}]


def test_a_fraction_is_the_first_samples_of_the_seeds_training_set() -> None:
    whole = mixture.make(microscale.TASK, 1001)
    for fraction, count in zip(microscale.FRACTIONS, (250, 500, 1000, 2000, 3000, 4000, 5000), strict=True):
        data = microscale.sets([Cell(seed, {**CONDITION, "fraction": fraction}) for seed in (1000, 1001)])
        assert data["train"].x.shape == (2, 10, count)
        assert np.array_equal(data["train"].x[1], whole["train"].x[:, :count])
        assert np.array_equal(data["train"].y[1], whole["train"].y[:, :count])
        assert np.array_equal(data["test"].x[1], whole["test"].x)


def test_networks_learn_what_they_are_shown(found: list[CellResult]) -> None:
    for cell in found:
        assert cell.metrics["train_accuracy"][0] < 0.5
        assert cell.metrics["train_accuracy"][-1] > 0.98
        assert 0.7 < cell.metrics["test_accuracy"][-1] < cell.metrics["train_accuracy"][-1]
        assert cell.metrics["test_loss"][-1] > 5 * cell.metrics["train_loss"][-1]
        for name, metric in ROW.metrics.items():
            assert np.all((cell.metrics[name] >= metric.low) & (cell.metrics[name] <= metric.high))


def test_the_first_measurement_is_of_the_untrained_network(found: list[CellResult]) -> None:
    """Computed here by hand, in float64."""
    network = microscale.network(CONDITION)
    row = he_normal(network, 1001).astype(np.float64)
    for name, count in (("train", 250), ("test", 5000)):
        data = mixture.make(microscale.TASK, 1001)[name]
        x, y = data.x[:, :count].astype(np.float64), data.y[:, :count]
        for number, layer in enumerate(network.layers):
            x = row[layer.weights].reshape(layer.outputs, layer.inputs) @ (np.maximum(x, 0) if number else x)
        loss = (np.log(np.exp(x).sum(0)) - (x * y).sum(0)).mean()
        assert found[1].metrics[f"{name}_loss"][0] == pytest.approx(loss, rel=1e-5)
        right = (x.argmax(0) == y.argmax(0)).mean()
        assert found[1].metrics[f"{name}_accuracy"][0] == pytest.approx(right, abs=1.5 / count)


def test_at_equal_steps_all_fractions_have_done_as_many() -> None:
    steps = [
        epoch * microscale.samples({"fraction": fraction}) / microscale.BATCH
        for fraction, epoch in zip(microscale.FRACTIONS, microscale.SCALING.equal_steps, strict=True)
    ]
    assert steps == [1200.0] * 7
    assert set(microscale.SCALING.equal_steps) <= set(microscale.MEASURED)


def test_both_engines_agree_at_the_early_measurements(found: list[CellResult]) -> None:
    runs.torch_agrees_early(ROW, found, slices=0.001 * sum(ROW.work(cell.condition) for cell in CELLS))


def test_resuming_in_the_middle_gives_the_same_bits(found: list[CellResult]) -> None:
    runs.interrupted(ROW, found, shares=[0.4], slices=0.013)


def test_cells_of_one_shape_have_equal_networks_and_as_many_samples() -> None:
    shapes = {ROW.shape(of): (microscale.network(of), microscale.samples(of)) for of in grid()}
    assert len(shapes) == len(set(shapes.values())) == 147


def test_work_is_what_the_program_counts() -> None:
    for condition in (CONDITION, {"width": 64, "depth": 3, "fraction": 0.6}):
        assert microscale.start([Cell(1, condition)], tiny.engine()).work == ROW.work(condition)


def test_a_whole_seed_needs_little_memory() -> None:
    whole = cost(WorkUnit(workunit.FORMAT, "microscale", ROW.version, Seeds(1, 1)))
    assert whole.memory < 100e6
    assert whole.result < 150e3


def test_true_numbers_do_not_contradict_themselves(found: list[CellResult]) -> None:
    for cell in found:
        assert tiny.contradiction(ROW, cell.metrics, **cell.cell.condition) is None


def test_a_network_that_diverged_does_not_contradict_itself() -> None:
    program = microscale.start(CELLS, tiny.engine("exact"))
    state = program.export()
    state["params"][...] = np.nan
    program.restore(state)
    program.advance(1.0)
    for cell in range(len(CELLS)):
        measured = {name: program.export()["metric/" + name][cell].astype(np.float32) for name in ROW.metrics}
        assert measured["test_loss"][0] == 1e6
        # What is not measured yet, zeros, would contradict itself.
        assert (
            tiny.contradiction(ROW, {name: values[:1] for name, values in measured.items()}, **CELLS[cell].condition)
            is None
        )


@pytest.mark.parametrize("at", [0, 6, 12])
@pytest.mark.parametrize("name", ["train_accuracy", "test_accuracy"])
def test_an_accuracy_that_is_no_count_contradicts(found: list[CellResult], name: str, at: int) -> None:
    wrong = curves(found[0])
    wrong[name][at] = np.nextafter(wrong[name][at], np.float32(0))
    assert name in str(tiny.contradiction(ROW, wrong, **found[0].cell.condition))


@pytest.mark.parametrize("name", ["train", "test"])
def test_a_loss_below_what_wrong_answers_cost_contradicts(found: list[CellResult], name: str) -> None:
    wrong = curves(found[0])
    wrong[f"{name}_loss"][0] = 0.99 * math.log(2) * (1 - wrong[f"{name}_accuracy"][0])
    assert f"{name}_loss" in str(tiny.contradiction(ROW, wrong, **found[0].cell.condition))


# --- laws in invented tables


def test_laws_are_those_of_the_grid() -> None:
    of = table(np.stack([law(-0.7, -0.3), 3 * law(-0.5, -0.1)]))
    for name, want in (("data", [-0.7, -0.5]), ("data, equal steps", [-0.7, -0.5]), ("parameters", [-0.3, -0.1])):
        assert microscale.SCALING.mean(exponent, name)(of) == pytest.approx(want, abs=1e-5)
        assert microscale.follows(name)(of) == pytest.approx([0.1, 0.1], abs=1e-5)


def test_seeds_that_lack_a_condition_are_left_out() -> None:
    of = table(np.stack([law(-0.7, -0.3), law(-0.5, -0.1), law(-0.9, -0.2)]), leave_out=(1, 146))
    assert microscale.SCALING.mean(exponent, "data")(of) == pytest.approx([-0.7, -0.9], abs=1e-5)
    for claim in ROW.claims:
        assert len(claim.statistic(of)) == 2


def test_without_a_whole_seed_there_is_nothing_to_say() -> None:
    of = table(law(-0.7, -0.3)[None], leave_out=(0, 3))
    for claim in ROW.claims:
        assert verdict(estimate(claim.statistic(of))) == "undecided"


def test_verdicts_follow_the_numbers() -> None:
    noise = np.exp(0.02 * np.random.default_rng(2).standard_normal((9, 147, ROW.measurements)))
    lawful = table(law(-0.7, -0.3, -0.5) * noise)
    assert [verdict(estimate(claim.statistic(lawful))) for claim in ROW.claims] == ["holds"] * 4
    size = np.array([microscale.samples(of) for of in grid()])[:, None]
    # Rises again: a parabola in the logarithm is no power law, and at equal steps more samples are worse.
    u_shaped = table((np.exp(np.log(size / 1000) ** 2) + 0 * law(0, 0)) * law(0.5, 0) * noise)
    verdicts = {claim.finding: verdict(estimate(claim.statistic(u_shaped))) for claim in ROW.claims}
    assert verdicts["#29-data"] == verdicts["#29-data-equal-steps"] == verdicts["#29-parameters"] == "refuted"


def test_curves_have_a_point_for_every_network() -> None:
    of = table(np.stack([law(-0.7, -0.3), law(-0.7, -0.3)]))
    by_parameters = [c for c in ROW.curves if c.axis == "parameters"]
    for depth, line in zip(microscale.DEPTHS, by_parameters, strict=True):
        found = curve(of, line)
        x, y = np.array(list(found), np.float64), np.array([at.mean for at in found.values()])
        want = [microscale.network({"width": w, "depth": depth}).parameters for w in microscale.WIDTHS]
        assert x.tolist() == want
        assert power_law(x, y).exponent == pytest.approx(-0.3, abs=1e-5)
    by_budget = next(c for c in ROW.curves if c.axis == "operations")
    least = [at.mean for at in curve(of, by_budget).values()]
    assert all(a >= b > 0 for a, b in itertools.pairwise(least))
