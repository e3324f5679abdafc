"""memdyn: what it counts on each part of the training set, what parts allow, and how its claims are computed."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.arrays import F32
from kernels.cells import Cell, CellResult
from kernels.claims import Table, curve, estimate, verdict
from kernels.engine.contract import Block
from kernels.engine.shapes import Optimizer
from kernels.experiment import compute
from kernels.experiments import memdyn
from kernels.programs.initial import he_normal
from kernels.tasks import clouds
from tests.kernels import tiny
from tests.kernels.experiments import runs

ROW = memdyn.EXPERIMENT
SEED = 1000
CELLS = [Cell(SEED, {"corruption": level}) for level in (0.0, 0.6)]


@pytest.fixture(scope="module")
def trained() -> list[CellResult]:
    return compute(ROW, CELLS, tiny.engine("c"))


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
    levels = memdyn.CORRUPTION.values
    assert (levels[0], levels[-1], len(levels)) == (0.0, 0.6, 5)
    assert len(memdyn.NETWORK.sizes) == 4, "two hidden layers"
    assert tuple(range(101)) == memdyn.MEASURED, "every epoch"
    assert [claim.finding for claim in ROW.claims] == ["#26"] * 4
    assert ROW.curves[0].published == {0.0: 0.868, 0.6: 0.480}


def test_clean_labels_come_first_and_all_are_learned_in_the_end(trained: list[CellResult]) -> None:
    none, most = (result.metrics for result in trained)
    assert none["clean_accuracy"][-1] == most["clean_accuracy"][-1] == most["corrupted_accuracy"][-1] == 1
    assert none["test_accuracy"][-1] > 0.8
    assert most["test_accuracy"][-1] < 0.5 < most["test_accuracy"].max()
    assert most["clean_accuracy"][3] > 0.5
    assert most["corrupted_accuracy"][3] < 0.2
    assert most["recovered_accuracy"][3] > 0.4, "corrupted samples are first given their true class"
    assert not none["corrupted_accuracy"].any()
    assert not none["recovered_accuracy"].any()


def test_the_first_measurement_by_hand(trained: list[CellResult]) -> None:
    """The untrained network's answers in float64, counted sample by sample."""
    row = he_normal(memdyn.NETWORK, SEED).astype(np.float64)
    x = clouds.make(memdyn.TASK, SEED)["train"].x.astype(np.float64)
    for number, layer in enumerate(memdyn.NETWORK.layers):
        x = row[layer.weights].reshape(layer.outputs, layer.inputs) @ (np.maximum(x, 0) if number else x)
    for cell, result in zip(CELLS, trained, strict=True):
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
            assert result.metrics[f"{name}_accuracy"][0] == np.float32(counts[name] / total), name
        loss = (np.log(np.exp(x).sum(0)) - (x * train.y).sum(0)).mean()
        assert result.metrics["train_loss"][0] == pytest.approx(loss, rel=1e-5)


def test_the_parts_together_are_the_training_set(trained: list[CellResult]) -> None:
    """What the engine counts over the whole set, before every label is learned."""
    engine = tiny.engine("c")
    params = runs.until(ROW.start(CELLS, engine), 6)["params"]
    network = memdyn.NETWORK
    block = Block(
        network, Optimizer("sgd"), np.full(2, SEED, np.uint64), np.array(params, np.float32),
        np.zeros((0, *params.shape), np.float32),
    )  # fmt: skip
    correct = engine.evaluate(block, memdyn.TASK.sets(CELLS)["train"]).correct
    for result, right, level in zip(trained, correct, (0.0, 0.6), strict=True):
        parts = (1 - level) * result.metrics["clean_accuracy"][5] + level * result.metrics["corrupted_accuracy"][5]
        assert round(1000 * parts) == right


def test_numbers_of_another_level_contradict(trained: list[CellResult]) -> None:
    for result in trained:
        assert tiny.contradiction(ROW, result.metrics, **result.cell.condition) is None
        assert tiny.contradiction(ROW, result.metrics, corruption=0.15) is not None


def test_parts_of_other_sizes_or_of_too_many_samples_contradict(trained: list[CellResult]) -> None:
    for name, value in (("clean_accuracy", 398 / 700), ("corrupted_accuracy", 7 / 450), ("recovered_accuracy", 0.9)):
        bent = {key: values.copy() for key, values in trained[1].metrics.items()}
        bent[name][60] = np.float32(value)
        assert tiny.contradiction(ROW, bent, corruption=0.6) is not None, name
    none = {key: values.copy() for key, values in trained[0].metrics.items()}
    none["corrupted_accuracy"][:] = 1
    assert tiny.contradiction(ROW, none) is not None, "without corruption there is nothing to be wrong about"


def test_the_lead_is_between_the_halves_of_both_parts() -> None:
    forgotten = table(clean_accuracy=steps(3, 5, 7), corrupted_accuracy=steps(40))
    assert memdyn.lead(forgotten).tolist() == [37], "from when the clean half is first learned"
    never = table(clean_accuracy=steps(3), corrupted_accuracy=steps())
    assert memdyn.lead(never).tolist() == [97]


def test_memorization_sets_in_where_corrupted_labels_stay_above_guessing() -> None:
    assert memdyn.onset(table(corrupted_accuracy=steps(0, 6, 20, 22, 30))).tolist() == [30]
    assert memdyn.onset(table(corrupted_accuracy=steps(0))).tolist() == [0]
    assert memdyn.onset(table(corrupted_accuracy=steps())).tolist() == [100]
    at_chance = np.full((1, ROW.measurements), 0.1, dtype=np.float32)
    assert memdyn.onset(table(corrupted_accuracy=at_chance)).tolist() == [100]


def test_the_best_epoch_is_the_first_of_the_highest_test_accuracy() -> None:
    best = next(drawn for drawn in ROW.curves if drawn.metric == "best_epoch")
    assert curve(table(test_accuracy=steps(12, 15, 20, 23)), best)[0.15].mean == 12


def test_claims_hold_for_data_made_to_hold_and_not_for_the_contrary() -> None:
    claim = ROW.claims[0]
    good = table(clean_accuracy=steps(3, rows=9), corrupted_accuracy=steps(20, rows=9))
    bad = table(clean_accuracy=steps(20, rows=9), corrupted_accuracy=steps(3, rows=9))
    even = table(clean_accuracy=steps(3, rows=9), corrupted_accuracy=steps(3, rows=9))
    for data, want in ((good, "holds"), (bad, "refuted"), (even, "undecided")):
        assert verdict(estimate(claim.statistic(data))) == want
    assert len(ROW.claims[1].statistic(good)) == 0, "other levels are other claims"
