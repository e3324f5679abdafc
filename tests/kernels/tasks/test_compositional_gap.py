"""The gap: what it counts, and which invented numbers contradict themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kernels.engine.seam import Block, Optimizer
from kernels.experiment import Cell
from kernels.experiments.compgen import TASK
from kernels.tasks import compositional, compositional_gap
from kernels.training import he_normal
from tests.kernels import tiny

SMALL = replace(TASK, train=300, test=200)
CELLS = [Cell(seed, {}) for seed in (1, 2, 3)]
DATA = compositional.sets(SMALL, CELLS)


def block() -> Block:
    network = compositional.perceptron(SMALL, 8, 2)
    params = np.stack([he_normal(network, cell.seed) for cell in CELLS])
    return Block(
        network, Optimizer("sgd"), np.arange(3, dtype=np.uint64), params, np.zeros((0, *params.shape), np.float32)
    )


def test_the_perceptron_has_the_task_at_its_ends() -> None:
    network = compositional.perceptron(SMALL, 8, 3)
    assert network.sizes == (20, 8, 8, 8, 2)
    assert (network.activation, network.loss) == ("relu", "softmax")


def test_accuracies_are_shares_of_each_set_and_the_gap_is_their_difference() -> None:
    """Predictions counted here from the activations of the last layer."""
    of, engine = block(), tiny.engine("exact")
    found = compositional_gap.gap(engine, of, DATA, "_x")
    assert set(found) == {"id_accuracy_x", "ood_accuracy_x", "gap_x"}
    for name, metric in (("id_test", "id_accuracy_x"), ("ood_test", "ood_accuracy_x")):
        outputs = engine.activations(of, DATA[name], 2)
        right = outputs.argmax(1) == DATA[name].y[DATA[name].task].argmax(1)
        assert found[metric].tolist() == right.mean(1).astype(np.float32).tolist()
    assert found["gap_x"].tolist() == (found["id_accuracy_x"] - found["ood_accuracy_x"]).tolist()
    assert len(set(found["gap_x"].tolist())) > 1


def test_a_network_that_diverged_has_finite_numbers() -> None:
    of = block()
    of.params[1] = np.nan
    engine = tiny.engine("exact")
    found = compositional_gap.gap(engine, of, DATA)
    assert all(np.isfinite(values).all() for values in found.values())


def invented() -> dict[str, np.ndarray]:
    found = {"train_accuracy": np.array([0.5, 0.75], np.float32)}
    for suffix in ("_a", "_b"):
        seen, held = np.array([0.6, 0.9], np.float32), np.array([0.5, 0.015], np.float32)
        found |= {"id_accuracy" + suffix: seen, "ood_accuracy" + suffix: held, "gap" + suffix: seen - held}
    return found


def test_true_numbers_do_not_contradict_themselves() -> None:
    assert compositional_gap.contradiction(invented(), SMALL, ["_a", "_b"]) is None


@pytest.mark.parametrize("name", invented())
def test_any_number_one_bit_off_contradicts(name: str) -> None:
    found = invented()
    found[name][1] = np.nextafter(found[name][1], np.float32(2))
    assert name in str(compositional_gap.contradiction(found, SMALL, ["_a", "_b"]))


@pytest.mark.parametrize("name", ["id_accuracy_a", "ood_accuracy_b"])
def test_another_count_without_its_gap_contradicts(name: str) -> None:
    found = invented()
    found[name][0] = np.float32(0.55)
    assert f"gap{name[-2:]} is not" in str(compositional_gap.contradiction(found, SMALL, ["_a", "_b"]))
