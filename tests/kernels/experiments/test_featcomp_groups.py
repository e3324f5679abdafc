"""What featcomp measures of each group of inputs, against plain definitions."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.arrays import F32
from kernels.cells import Cell
from kernels.engine.contract import Block, Data
from kernels.engine.exact.engine import ExactEngine
from kernels.engine.shapes import Optimizer
from kernels.experiments.featcomp import TASK, measure, network
from kernels.programs import Snapshot
from kernels.programs.initial import he_normal

CELLS = [Cell(seed, {"width": 32, "learning_rate": 0.1}) for seed in (1, 2)]
SETS = TASK.sets(CELLS)


def snapshot(engine: ExactEngine) -> Snapshot:
    shape = network(CELLS[0].condition)
    params = np.stack([he_normal(shape, cell.seed) for cell in CELLS])
    moments = np.zeros((0, *params.shape), np.float32)
    return Snapshot(CELLS, engine, Block(shape, Optimizer("sgd"), np.arange(2, dtype=np.uint64), params, moments), SETS)


def values(now: Snapshot) -> dict[str, F32]:
    return {name: np.asarray(value, dtype=np.float32) for name, value in measure(now).items()}


def test_alone_is_the_accuracy_with_all_other_inputs_at_their_mean() -> None:
    now = snapshot(ExactEngine())
    measured, test = values(now), SETS["test"]
    for name, inputs in TASK.where.items():
        x = np.zeros_like(test.x)
        x[:, inputs] = test.x[:, inputs]
        outputs = now.engine.activations(now.block, Data(x, test.y, test.task), 3)[:, 0]
        right = (outputs > 0) == (test.y[test.task, 0] > 0.5)
        assert measured[f"only_{name}"].tolist() == right.mean(1).astype(np.float32).tolist()


def test_gradients_are_means_of_norms_over_a_groups_inputs() -> None:
    now = snapshot(ExactEngine())
    measured, first = values(now), now.network.layers[0]
    rows = now.gradient("train")[:, first.weights].reshape(2, first.outputs, first.inputs)
    for name, inputs in TASK.where.items():
        norms = np.linalg.norm(rows[:, :, inputs].astype(np.float64), axis=1)
        assert measured[f"gradient_{name}"] == pytest.approx(norms.mean(1))


def test_probes_read_the_last_hidden_layer_for_what_each_group_says() -> None:
    """With the last hidden layer replaced by the inputs of the weak group, that group alone is known."""

    class Shown(ExactEngine):
        def activations(self, block: Block, data: Data, layer: int) -> F32:
            assert layer == 2
            return np.ascontiguousarray(data.x[data.task][:, 10:])

    measured = values(snapshot(Shown()))
    assert np.all(measured["probe_weak"] > 0.93)
    assert np.all(measured["probe_strong"] < 0.8)
