"""A snapshot: losses and accuracies of a set, counted from the outputs."""

from __future__ import annotations

import numpy as np

from kernels.cells import Cell
from kernels.engine.contract import Block
from kernels.engine.shapes import Network, Optimizer
from kernels.metrics import LOSS_LIMIT
from kernels.programs.initial import he_normal
from kernels.programs.snapshot import Snapshot
from kernels.tasks import mixture
from tests.kernels import tiny

CELLS = [Cell(seed, {}) for seed in (1, 2, 3)]
SETS = mixture.Mixture(inputs=4, classes=3, train=90, test=70).sets(CELLS)


def snapshot() -> Snapshot:
    network = Network((4, 6, 3))
    params = np.stack([he_normal(network, cell.seed) for cell in CELLS])
    moments = np.zeros((0, *params.shape), np.float32)
    block = Block(network, Optimizer("sgd"), np.arange(3, dtype=np.uint64), params, moments)
    return Snapshot(CELLS, tiny.engine("c"), block, SETS)


def test_losses_and_accuracies_are_those_of_the_outputs() -> None:
    now = snapshot()
    for name in ("train", "test"):
        known = now.fit(name)
        assert list(known) == [f"{name}_loss", f"{name}_accuracy"]
        outputs, targets = now.activations(name, 1).astype(np.float64), SETS[name].y[SETS[name].task]
        assert known[f"{name}_accuracy"].tolist() == now.accuracy(name).tolist()
        wanted = (outputs.argmax(1) == targets.argmax(1)).mean(1)
        assert known[f"{name}_accuracy"].tolist() == wanted.astype(np.float32).tolist()
        losses = (np.log(np.exp(outputs).sum(1)) - (outputs * targets).sum(1)).mean(1)
        assert np.allclose(known[f"{name}_loss"], losses, rtol=1e-5)


def test_a_network_that_diverged_has_the_limit_and_a_share() -> None:
    now = snapshot()
    now.params[1] = np.nan
    known = now.fit("train")
    assert known["train_loss"][1] == LOSS_LIMIT
    assert 0 <= known["train_accuracy"][1] <= 1


def test_losses_are_recorded_as_at_most_what_is_said() -> None:
    now = snapshot()
    now.params[1] = np.nan
    whole = now.fit("test")
    most = float(np.median(whole["test_loss"]))
    capped = now.fit("test", most)
    assert capped["test_loss"].tolist() == np.minimum(whole["test_loss"], np.float32(most)).tolist()
    assert capped["test_accuracy"].tolist() == whole["test_accuracy"].tolist()


def test_other_parameters_leave_the_block_as_it_is() -> None:
    now = snapshot()
    before, zeros = now.params.copy(), np.zeros_like(now.params)
    other = now.with_params(zeros)
    assert not other.weights(0).any()
    assert other.network == now.network
    assert now.params.tobytes() == before.tobytes()
    assert other.gradient("train").tobytes() != now.gradient("train").tobytes()
