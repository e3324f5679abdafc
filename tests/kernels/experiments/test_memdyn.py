"""memdyn: what it counts on each part of the training set, how its claims are computed, what it finds wrong."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.engine.seam import F32
from kernels.experiment import Cell, CellResult, compute
from kernels.experiments import EXPERIMENTS, memdyn
from kernels.findings import Table, estimate, verdict
from kernels.tasks import clouds
from kernels.training import he_normal
from tests.kernels import tiny
from tests.kernels.experiments import runs

ROW = memdyn.EXPERIMENT
SEED = 1000
CELLS = [Cell(SEED, {"corruption": level}) for level in (0.0, 0.6)]


@pytest.fixture(scope="module")
def exact() -> list[CellResult]:
    return compute(ROW, CELLS, tiny.engine("exact"))


def table(**metrics: F32) -> Table:
    """Invented rows, 15 % corrupted, of one seed each: metric=[rows, measurements]."""
    rows = len(next(iter(metrics.values())))
    return Table(np.arange(rows), {"corruption": np.full(rows, 0.15)}, metrics)


def steps(*epochs: int, rows: int = 1) -> F32:
    """Curves [rows, measurements] that change between 0 and 1 at each of the epochs."""
    curve = np.zeros(ROW.measurements, dtype=np.float32)
    for epoch in epochs:
        curve[epoch:] = 1 - curve[epoch]
    return np.repeat(curve[None], rows, axis=0)


def test_the_row_is_the_published_experiment() -> None:
    assert EXPERIMENTS["memdyn"] is ROW
    levels = ROW.grid["corruption"]
    assert (levels[0], levels[-1], len(levels)) == (0.0, 0.6, 5)
    assert len(memdyn.NETWORK.sizes) == 4, "two hidden layers"
    assert tuple(range(101)) == memdyn.MEASURED, "every epoch"
    assert [claim.finding for claim in ROW.claims] == ["#26"] * 4
    assert ROW.curves[0].published == {0.0: 0.868, 0.6: 0.480}


def test_clean_labels_come_first_and_all_are_learned_in_the_end(exact: list[CellResult]) -> None:
    none, most = (found.metrics for found in exact)
    assert none["clean_accuracy"][-1] == most["clean_accuracy"][-1] == most["corrupted_accuracy"][-1] == 1
    assert none["test_accuracy"][-1] > 0.8
    assert most["test_accuracy"][-1] < 0.5 < most["test_accuracy"].max()
    assert most["clean_accuracy"][3] > 0.5
    assert most["corrupted_accuracy"][3] < 0.2
    assert most["recovered_accuracy"][3] > 0.4, "corrupted samples are first given their true class"
    assert not none["corrupted_accuracy"].any()
    assert not none["recovered_accuracy"].any()


def test_every_metric_is_within_its_declared_bounds(exact: list[CellResult]) -> None:
    for found in exact:
        assert list(found.metrics) == list(ROW.metrics)
        for name, metric in ROW.metrics.items():
            assert np.all((found.metrics[name] >= metric.low) & (found.metrics[name] <= metric.high)), name


def test_the_first_measurement_by_hand(exact: list[CellResult]) -> None:
    """The untrained network's answers in float64, counted sample by sample."""
    row = he_normal(memdyn.NETWORK, SEED).astype(np.float64)
    x = clouds.make(memdyn.TASK, SEED)["train"].x.astype(np.float64)
    for number, layer in enumerate(memdyn.NETWORK.layers):
        x = row[layer.weights].reshape(layer.outputs, layer.inputs) @ (np.maximum(x, 0) if number else x)
    for cell, found in zip(CELLS, exact, strict=True):
        train = clouds.make(memdyn.TASK, SEED, float(cell.condition["corruption"]))["train"]
        counts = dict.fromkeys(("clean", "corrupted", "recovered"), 0)
        for answer, shown, true in zip(x.argmax(0), train.y.argmax(0), train.true, strict=True):
            if shown == true:
                counts["clean"] += answer == shown
            else:
                counts["corrupted"] += answer == shown
                counts["recovered"] += answer == true
        wrong = round(1000 * float(cell.condition["corruption"]))
        totals = {"clean": 1000 - wrong, "corrupted": max(wrong, 1), "recovered": max(wrong, 1)}
        for name, total in totals.items():
            assert found.metrics[f"{name}_accuracy"][0] == np.float32(counts[name] / total), name
        loss = (np.log(np.exp(x).sum(0)) - (x * train.y).sum(0)).mean()
        assert found.metrics["train_loss"][0] == pytest.approx(loss, rel=1e-5)


def test_the_parts_together_are_the_training_set(exact: list[CellResult]) -> None:
    """At the end every label is learned, which the engine counts too."""
    program = memdyn.start(CELLS, tiny.engine("exact"))
    while program.export()["progress"][1] < 6:
        program.advance(program.work)
    block, data = program._block, clouds.sets(memdyn.TASK, CELLS, "corruption")
    correct = tiny.engine("exact").evaluate(block, data["train"]).correct
    for found, of, level in zip(exact, correct, (0.0, 0.6), strict=True):
        parts = (1 - level) * found.metrics["clean_accuracy"][5] + level * found.metrics["corrupted_accuracy"][5]
        assert round(1000 * parts) == of


def test_the_torch_engine_agrees_early_within_the_stated_tolerances(exact: list[CellResult]) -> None:
    runs.torch_agrees_early(ROW, exact)


def test_interrupted_between_and_inside_epochs_it_gives_the_same(exact: list[CellResult]) -> None:
    runs.interrupted(ROW, exact, shares=[0.013, 0.5003], slices=1 / 1013)


def test_a_network_that_diverged_has_finite_counts() -> None:
    program = memdyn.start(CELLS, tiny.engine("exact"))
    program._block.params[:] = np.nan
    program._measure()
    found = {name: program.export()[f"metric/{name}"][:, :1] for name in ROW.metrics}
    for name, metric in ROW.metrics.items():
        assert np.all((found[name] >= metric.low) & (found[name] <= metric.high)), name
    assert ROW.contradiction(found, [cell.condition for cell in CELLS]) is None


def test_true_numbers_do_not_contradict_themselves_and_false_ones_do(exact: list[CellResult]) -> None:
    for found in exact:
        assert tiny.contradiction(ROW, found.metrics, **found.cell.condition) is None
        assert tiny.contradiction(ROW, found.metrics, corruption=0.15) is not None, "of another level"
    for name in ("clean_accuracy", "corrupted_accuracy", "recovered_accuracy", "test_accuracy"):
        for at in (1, 50, 100):
            bent = {key: values.copy() for key, values in exact[1].metrics.items()}
            bent[name][at] = np.nextafter(max(bent[name][at], np.float32(0.01)), np.float32(0))
            assert tiny.contradiction(ROW, bent, corruption=0.6) is not None, name


def test_parts_of_other_sizes_or_of_too_many_samples_contradict(exact: list[CellResult]) -> None:
    for name, value in (("clean_accuracy", 398 / 700), ("corrupted_accuracy", 7 / 450), ("recovered_accuracy", 0.9)):
        bent = {key: values.copy() for key, values in exact[1].metrics.items()}
        bent[name][60] = np.float32(value)
        assert tiny.contradiction(ROW, bent, corruption=0.6) is not None, name
    none = {key: values.copy() for key, values in exact[0].metrics.items()}
    none["corrupted_accuracy"][:] = 1
    assert tiny.contradiction(ROW, none) is not None, "without corruption there is nothing to be wrong about"


def test_the_lead_is_between_the_halves_of_both_parts() -> None:
    found = table(clean_accuracy=steps(3, 5, 7), corrupted_accuracy=steps(40))
    assert memdyn.half_learned(found, "clean").tolist() == [3]
    assert memdyn.lead(found).tolist() == [37]
    never = table(clean_accuracy=steps(3), corrupted_accuracy=steps())
    assert memdyn.lead(never).tolist() == [97]


def test_memorization_sets_in_where_corrupted_labels_stay_above_guessing() -> None:
    assert memdyn.onset(table(corrupted_accuracy=steps(0, 6, 20, 22, 30))).tolist() == [30]
    assert memdyn.onset(table(corrupted_accuracy=steps(0))).tolist() == [0]
    assert memdyn.onset(table(corrupted_accuracy=steps())).tolist() == [100]
    at_chance = np.full((1, ROW.measurements), 0.1, dtype=np.float32)
    assert memdyn.onset(table(corrupted_accuracy=at_chance)).tolist() == [100]


def test_the_best_epoch_is_the_first_of_the_highest_test_accuracy() -> None:
    assert memdyn.best_epoch(table(test_accuracy=steps(12, 15, 20, 23))).tolist() == [12]


def test_claims_hold_for_data_made_to_hold_and_not_for_the_contrary() -> None:
    claim = ROW.claims[0]
    good = table(clean_accuracy=steps(3, rows=9), corrupted_accuracy=steps(20, rows=9))
    bad = table(clean_accuracy=steps(20, rows=9), corrupted_accuracy=steps(3, rows=9))
    even = table(clean_accuracy=steps(3, rows=9), corrupted_accuracy=steps(3, rows=9))
    for data, want in ((good, "holds"), (bad, "refuted"), (even, "undecided")):
        assert verdict(estimate(claim.statistic(data))) == want
    assert len(ROW.claims[1].statistic(good)) == 0, "other levels are other claims"
