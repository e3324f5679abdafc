"""Fit: losses and accuracies of a set, counted from the outputs."""

from __future__ import annotations

import numpy as np

from kernels.engine.seam import Block, Network, Optimizer
from kernels.experiment import Cell
from kernels.measures import LOSS_LIMIT, accuracy, fit, loss, right
from kernels.tasks import mixture
from kernels.training import he_normal
from tests.kernels import tiny

CELLS = [Cell(seed, {}) for seed in (1, 2, 3)]
DATA = mixture.sets(mixture.Mixture(inputs=4, classes=3, train=90, test=70), CELLS)


def block() -> Block:
    network = Network((4, 6, 3))
    params = np.stack([he_normal(network, cell.seed) for cell in CELLS])
    return Block(
        network, Optimizer("sgd"), np.arange(3, dtype=np.uint64), params, np.zeros((0, *params.shape), np.float32)
    )


def test_losses_and_accuracies_are_those_of_the_outputs() -> None:
    of, engine = block(), tiny.engine("exact")
    for name in ("train", "test"):
        found = fit(engine, of, DATA, name)
        assert list(found) == [f"{name}_loss", f"{name}_accuracy"]
        outputs, targets = engine.activations(of, DATA[name], 1).astype(np.float64), DATA[name].y[DATA[name].task]
        assert found[f"{name}_accuracy"].tolist() == right(engine, of, DATA[name]).tolist()
        wanted = (outputs.argmax(1) == targets.argmax(1)).mean(1)
        assert found[f"{name}_accuracy"].tolist() == wanted.astype(np.float32).tolist()
        losses = (np.log(np.exp(outputs).sum(1)) - (outputs * targets).sum(1)).mean(1)
        assert np.allclose(found[f"{name}_loss"], losses, rtol=1e-5)


def test_a_network_that_diverged_has_numbers_within_the_bounds_of_their_metrics() -> None:
    of = block()
    of.params[1] = np.nan
    found = fit(tiny.engine("exact"), of, DATA, "train")
    for name, metric in (("train_loss", loss("", 0, 0)), ("train_accuracy", accuracy("", 0, 0))):
        assert np.all((found[name] >= metric.low) & (found[name] <= metric.high))
    assert found["train_loss"][1] == LOSS_LIMIT


def test_losses_are_recorded_as_at_most_what_is_said() -> None:
    of, engine = block(), tiny.engine("exact")
    of.params[1] = np.nan
    whole = fit(engine, of, DATA, "test")
    most = float(np.median(whole["test_loss"]))
    found = fit(engine, of, DATA, "test", most)
    assert found["test_loss"].tolist() == np.minimum(whole["test_loss"], np.float32(most)).tolist()
    assert found["test_accuracy"].tolist() == whole["test_accuracy"].tolist()
    assert loss("", 0.25, 0.5, most).high == most
    assert (loss("", 0.25, 0.5).high, loss("", 0.25, 0.5).late) == (LOSS_LIMIT, 0.5)
