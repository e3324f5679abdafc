"""compgen: what its cells learn and what it measures of them."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from kernels.arrays import F32, F64
from kernels.cells import Cell, CellResult, Condition
from kernels.engine.contract import Engine
from kernels.experiment import compute
from kernels.experiments import compgen
from kernels.experiments.families.compositional import BATCH, TASK
from kernels.formats.result import Result
from kernels.measures import effective_rank
from kernels.programs.initial import he_normal
from kernels.tasks import compositional
from tests.kernels import tiny

CONDITION: Condition = {"width": 32, "depth": 1, "learning_rate": 0.05}
ROW = compgen.EXPERIMENT


@pytest.fixture(scope="module")
def engine() -> Engine:
    return tiny.engine("c")


@pytest.fixture(scope="module")
def trained(engine: Engine) -> CellResult:
    (result,) = compute(ROW, [Cell(1000, CONDITION)], engine)
    return result


def curves(results: Result, cell: int) -> dict[str, F32]:
    return {name: values[cell].copy() for name, values in results.values(ROW).items()}


def test_the_row_has_the_published_claim() -> None:
    assert {claim.finding for claim in ROW.claims} == {"#31"}
    assert ROW.curves[0].published == {32: 0.645, 64: 0.663, 128: 0.679}


def test_a_network_learns_its_training_set(trained: CellResult) -> None:
    accuracy, loss = trained.metrics["train_accuracy"], trained.metrics["train_loss"]
    assert 0.3 < accuracy[0] < 0.7
    assert accuracy[-1] > 0.75
    assert loss[-1] < 0.35 * loss[0]
    assert np.all(np.diff(accuracy[[0, 2, 4, 8, 11]]) > 0)


def test_it_knows_seen_combinations_and_fails_on_held_out_ones(tiny_result: Result) -> None:
    for cell in range(tiny_result.header.cells):
        known = curves(tiny_result, cell)
        assert known["id_accuracy"][-1] > 0.7
        assert known["ood_accuracy"][-1] < 0.5, "worse than guessing: it leans on similar combinations"
        assert known["gap"][-1] > 0.3


def test_the_first_measurement_is_of_the_untrained_network(trained: CellResult, engine: Engine) -> None:
    """Computed here by hand from its definition in float64."""
    network = compgen.network(CONDITION)
    row = he_normal(network, 1000).astype(np.float64)
    first, second = network.layers
    split = compositional.make(TASK, 1000)

    def outputs(x: F64) -> F64:
        hidden: F64 = np.maximum(row[first.weights].reshape(32, 20) @ x + row[first.biases][:, None], 0)
        logits: F64 = row[second.weights].reshape(2, 32) @ hidden + row[second.biases][:, None]
        return logits

    logits = outputs(split.train.x.astype(np.float64))
    right = (logits * split.train.y).sum(0)
    loss = (np.log(np.exp(logits).sum(0)) - right).mean()
    assert trained.metrics["train_loss"][0] == pytest.approx(loss, rel=1e-5)
    for name, samples in (("train", split.train), ("id", split.id_test), ("ood", split.ood_test)):
        answered = outputs(samples.x.astype(np.float64)).argmax(0) == samples.y.argmax(0)
        assert trained.metrics[f"{name}_accuracy"][0] == pytest.approx(answered.mean(), abs=1.5 / len(answered))
    rank = effective_rank(row[first.weights].reshape(32, 20).astype(np.float32))
    assert trained.metrics["effective_rank"][0] == pytest.approx(float(rank), rel=1e-6)


def test_measurements_are_after_the_declared_epochs(trained: CellResult) -> None:
    """A digest holds the step; the steps are whole epochs of 63 minibatches."""
    row = he_normal(compgen.network(CONDITION), 1000)
    untrained = hashlib.blake2b((0).to_bytes(8, "little") + row.astype("<f4").tobytes(), digest_size=16).digest()
    assert trained.digests[0] == untrained
    program = ROW.start([Cell(1000, CONDITION)], tiny.engine("c"))
    steps = []
    while program.done < program.work:
        program.advance(program.work)
        steps.append(int(program.export()["progress"][0]))
    per_epoch = -(-TASK.train // BATCH)
    assert sorted(set(steps)) == [epoch * per_epoch for epoch in compgen.MEASURED]
    assert [bytes(d) for d in program.export()["digests"][0]] == list(trained.digests)


def test_seeds_and_rates_give_other_networks(engine: Engine, trained: CellResult) -> None:
    other_seed, other_rate = compute(
        ROW, [Cell(1001, CONDITION), Cell(1000, CONDITION | {"learning_rate": 0.01})], engine
    )
    assert other_seed.digests[0] != trained.digests[0]
    assert other_rate.digests[0] == trained.digests[0], "the same network before training"
    assert other_rate.digests[1] != trained.digests[1]


def test_a_whole_invented_story_does_not_contradict_itself(tiny_result: Result) -> None:
    """That is for recomputation to find; if this fails, changed values are refused for a wrong reason."""
    story = curves(tiny_result, 0)
    for name, share in (("train_accuracy", 1234 / 2000), ("id_accuracy", 0.777), ("ood_accuracy", 0.111)):
        story[name][:] = np.float32(share)
    story["gap"] = story["id_accuracy"] - story["ood_accuracy"]
    assert tiny.contradiction(ROW, story) is None
