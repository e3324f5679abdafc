"""compgen: what its cells compute, what it measures, and what it finds wrong in invented numbers."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from kernels import result, workunit
from kernels.engine.seam import F32, Engine
from kernels.experiment import Cell, CellResult, Condition, compute
from kernels.experiments import EXPERIMENTS, compgen
from kernels.measures import effective_rank
from kernels.result import Result
from kernels.tasks import compositional
from tests.kernels import tiny

CONDITION: Condition = {"width": 32, "depth": 1, "learning_rate": 0.05}
ROW = compgen.EXPERIMENT


@pytest.fixture(scope="module")
def engine() -> Engine:
    return tiny.engine()


@pytest.fixture(scope="module")
def one(engine: Engine) -> CellResult:
    (found,) = compute(ROW, [Cell(1000, CONDITION)], engine)
    return found


def curves(of: Result, cell: int) -> dict[str, F32]:
    return {name: result.unpack(array).copy() for name, array in of.cells[cell].metrics.items()}


def test_the_row_is_in_the_registry_with_the_published_claim() -> None:
    assert EXPERIMENTS["compgen"] is ROW
    assert {claim.finding for claim in ROW.claims} == {"#31"}
    assert ROW.curves[0].published == {32: 0.645, 64: 0.663, 128: 0.679}
    assert ROW.measurements == len(compgen.MEASURED)
    assert list(compgen.MEASURED) == sorted(set(compgen.MEASURED))


def test_a_network_learns_its_training_set(one: CellResult) -> None:
    accuracy, loss = one.metrics["train_accuracy"], one.metrics["train_loss"]
    assert 0.3 < accuracy[0] < 0.7
    assert accuracy[-1] > 0.75
    assert loss[-1] < 0.35 * loss[0]
    assert np.all(np.diff(accuracy[[0, 2, 4, 8, 11]]) > 0)


def test_it_knows_seen_combinations_and_fails_on_held_out_ones(tiny_result: Result) -> None:
    for cell in range(len(tiny_result.cells)):
        found = curves(tiny_result, cell)
        assert found["id_accuracy"][-1] > 0.7
        assert found["ood_accuracy"][-1] < 0.5, "worse than guessing: it leans on similar combinations"
        assert found["gap"][-1] > 0.3


def test_every_metric_is_within_its_declared_bounds_at_every_measurement(tiny_result: Result) -> None:
    for cell in range(len(tiny_result.cells)):
        for name, metric in ROW.metrics.items():
            values = curves(tiny_result, cell)[name]
            assert values.shape == (ROW.measurements,)
            assert np.all((values >= metric.low) & (values <= metric.high))


def test_the_first_measurement_is_of_the_untrained_network(one: CellResult, engine: Engine) -> None:
    """Computed here by hand from its definition in float64."""
    from kernels.training import he_normal

    network = compgen.network(CONDITION)
    row = he_normal(network, 1000).astype(np.float64)
    first, second = network.layers
    split = compositional.make(compgen.TASK, 1000)

    def outputs(x: np.ndarray) -> np.ndarray:
        hidden = np.maximum(row[first.weights].reshape(32, 20) @ x + row[first.biases][:, None], 0)
        return row[second.weights].reshape(2, 32) @ hidden + row[second.biases][:, None]

    logits = outputs(split.train.x.astype(np.float64))
    right = (logits * split.train.y).sum(0)
    loss = (np.log(np.exp(logits).sum(0)) - right).mean()
    assert one.metrics["train_loss"][0] == pytest.approx(loss, rel=1e-5)
    for name, samples in (("train", split.train), ("id", split.id_test), ("ood", split.ood_test)):
        found = outputs(samples.x.astype(np.float64)).argmax(0) == samples.y.argmax(0)
        assert one.metrics[f"{name}_accuracy"][0] == pytest.approx(found.mean(), abs=1.5 / len(found))
    rank = effective_rank(row[first.weights].reshape(32, 20).astype(np.float32))
    assert one.metrics["effective_rank"][0] == pytest.approx(float(rank), rel=1e-6)


def test_measurements_are_after_the_declared_epochs(one: CellResult) -> None:
    """A digest holds the step; the steps are whole epochs of 63 minibatches."""
    from kernels.training import he_normal

    row = he_normal(compgen.network(CONDITION), 1000)
    untrained = hashlib.blake2b((0).to_bytes(8, "little") + row.astype("<f4").tobytes(), digest_size=16).digest()
    assert one.digests[0] == untrained
    program = compgen.start([Cell(1000, CONDITION)], tiny.engine())
    steps = []
    while program.done < program.work:
        program.advance(program.work)
        steps.append(int(program.export()["progress"][0]))
    per_epoch = -(-compgen.TASK.train // compgen.BATCH)
    assert sorted(set(steps)) == [epoch * per_epoch for epoch in compgen.MEASURED]
    assert [bytes(d) for d in program.export()["digests"][0]] == list(one.digests)


def test_neighbours_and_block_width_do_not_matter_on_this_machine(one: CellResult, engine: Engine) -> None:
    others = [Cell(seed, CONDITION | {"learning_rate": rate}) for seed in (1000, 1001, 1002) for rate in (0.01, 0.05)]
    wide = compute(ROW, others, engine)
    assert list(wide[1].digests) == list(one.digests)
    for name in ROW.metrics:
        assert wide[1].metrics[name].tobytes() == one.metrics[name].tobytes()


def test_seeds_and_rates_give_other_networks(engine: Engine, one: CellResult) -> None:
    other_seed, other_rate = compute(
        ROW, [Cell(1001, CONDITION), Cell(1000, CONDITION | {"learning_rate": 0.01})], engine
    )
    assert other_seed.digests[0] != one.digests[0]
    assert other_rate.digests[0] == one.digests[0], "the same network before training"
    assert other_rate.digests[1] != one.digests[1]


@pytest.mark.parametrize("condition", [CONDITION, {"width": 256, "depth": 2, "learning_rate": 0.01}])
def test_work_is_what_the_program_counts(condition: Condition, engine: Engine) -> None:
    cells = [Cell(seed, condition) for seed in (1, 2)]
    assert compgen.start(cells, engine).work == 2 * ROW.work(condition)


def test_cells_of_one_shape_have_equal_networks() -> None:
    cells = workunit.cells(tiny.unit(0, 1, width=[32, 64], depth=[1, 2], learning_rate=[0.01, 0.05]))
    for a in cells:
        for b in cells:
            same = compgen.network(a.condition) == compgen.network(b.condition)
            assert (ROW.shape(a.condition) == ROW.shape(b.condition)) == same


def test_true_numbers_do_not_contradict_themselves(tiny_result: Result) -> None:
    for cell in range(len(tiny_result.cells)):
        assert tiny.contradiction(ROW, curves(tiny_result, cell)) is None


@pytest.mark.parametrize("at", [0, 5, 11])
@pytest.mark.parametrize("name", ["train_accuracy", "id_accuracy", "ood_accuracy", "gap"])
def test_any_derived_number_one_bit_off_contradicts(tiny_result: Result, name: str, at: int) -> None:
    for direction in (-np.inf, np.inf):
        found = curves(tiny_result, 0)
        found[name][at] = np.nextafter(found[name][at], np.float32(direction))
        wrong = tiny.contradiction(ROW, found)
        assert wrong is not None
        assert name in wrong


@pytest.mark.parametrize("name", ["id_accuracy", "ood_accuracy"])
def test_another_count_without_its_gap_contradicts(tiny_result: Result, name: str) -> None:
    found = curves(tiny_result, 0)
    count = round(float(found[name][3]) * compgen.TASK.test)
    found[name][3] = np.float32((count + 1) / compgen.TASK.test)
    assert "gap" in str(tiny.contradiction(ROW, found))


def test_a_whole_invented_story_does_not_contradict_itself(tiny_result: Result) -> None:
    """That is for recomputation to find; if this fails, the tests above may pass for a wrong reason."""
    found = curves(tiny_result, 0)
    for name, count in (("train_accuracy", 1234 / 2000), ("id_accuracy", 0.777), ("ood_accuracy", 0.111)):
        found[name][:] = np.float32(count)
    found["gap"] = found["id_accuracy"] - found["ood_accuracy"]
    assert tiny.contradiction(ROW, found) is None
