"""The compositional family: what its accuracies count, and which invented numbers contradict themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kernels import metrics
from kernels.arrays import F32
from kernels.cells import Cell
from kernels.engine.contract import Block
from kernels.engine.shapes import Optimizer
from kernels.experiments.families.compositional import TASK, accuracies, gap_metrics, perceptron
from kernels.programs import Snapshot
from kernels.programs.initial import he_normal
from tests.kernels import tiny

SMALL = replace(TASK, train=300, test=200)
CELLS = [Cell(seed, {}) for seed in (1, 2, 3)]
SETS = SMALL.sets(CELLS)
METRICS = gap_metrics((0.0, 0.0), "a") | gap_metrics((0.0, 0.0), "b")


def snapshot() -> Snapshot:
    network = perceptron(8, 2)
    params = np.stack([he_normal(network, cell.seed) for cell in CELLS])
    moments = np.zeros((0, *params.shape), np.float32)
    block = Block(network, Optimizer("sgd"), np.arange(3, dtype=np.uint64), params, moments)
    return Snapshot(CELLS, tiny.engine("c"), block, SETS)


def test_the_perceptron_has_the_task_at_its_ends() -> None:
    network = perceptron(8, 3)
    assert network.sizes == (20, 8, 8, 8, 2)
    assert (network.activation, network.loss) == ("relu", "softmax")


def test_accuracies_are_shares_of_each_set() -> None:
    """Predictions counted here from the activations of the last layer."""
    now = snapshot()
    measured = accuracies(now, "x")
    assert list(measured) == ["id_accuracy_x", "ood_accuracy_x"]
    for name, metric in (("id_test", "id_accuracy_x"), ("ood_test", "ood_accuracy_x")):
        right = now.activations(name, 2).argmax(1) == SETS[name].y[SETS[name].task].argmax(1)
        assert measured[metric].tolist() == right.mean(1).astype(np.float32).tolist()


def test_a_network_that_diverged_has_finite_numbers() -> None:
    now = snapshot()
    now.params[1] = np.nan
    assert all(np.isfinite(values).all() for values in accuracies(now).values())


def invented() -> dict[str, F32]:
    values: dict[str, F32] = {}
    for part in ("a", "b"):
        seen, held = np.array([[0.6], [0.9]], np.float32), np.array([[0.5], [0.015]], np.float32)
        values |= {f"id_accuracy_{part}": seen, f"ood_accuracy_{part}": held, f"gap_{part}": seen - held}
    return values


def test_true_numbers_do_not_contradict_themselves() -> None:
    assert metrics.contradiction(METRICS, invented(), [{}, {}]) is None


@pytest.mark.parametrize("name", invented())
def test_any_number_one_bit_off_contradicts(name: str) -> None:
    values = invented()
    values[name][1] = np.nextafter(values[name][1], np.float32(2))
    assert name in str(metrics.contradiction(METRICS, values, [{}, {}]))


@pytest.mark.parametrize("name", ["id_accuracy_a", "ood_accuracy_b"])
def test_another_count_without_its_gap_contradicts(name: str) -> None:
    values = invented()
    values[name][0] = np.float32(0.55)
    assert f"gap{name[-2:]} is not" in str(metrics.contradiction(METRICS, values, [{}, {}]))
