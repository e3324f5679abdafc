"""What is measured of each group of the feature task: against plain definitions on a small task."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.engine.seam import F32, Block, Data, Network, Optimizer
from kernels.experiment import Cell
from kernels.tasks import feature_groups, features
from kernels.tasks.features import Features, Group
from kernels.training import he_normal
from tests.kernels import tiny

TASK = Features((Group("strong", 5, 3.0), Group("medium", 5, 1.0), Group("weak", 10, 0.3)), train=1000, test=300)
CELLS = [Cell(seed, {}) for seed in (1, 2)]
DATA = features.sets(TASK, CELLS)


def block() -> Block:
    network = Network((20, 8, 10, 1), "relu", "binary")
    params = np.stack([he_normal(network, cell.seed) for cell in CELLS])
    return Block(
        network, Optimizer("sgd"), np.arange(2, dtype=np.uint64), params, np.zeros((0, *params.shape), np.float32)
    )


def test_alone_is_the_accuracy_with_all_other_inputs_at_their_mean() -> None:
    of, engine = block(), tiny.engine("exact")
    found = feature_groups.alone(TASK, engine, of, DATA)
    assert list(found) == ["only_strong", "only_medium", "only_weak"]
    for name, inputs in TASK.where.items():
        x = np.zeros_like(DATA["test"].x)
        x[:, inputs] = DATA["test"].x[:, inputs]
        outputs = engine.activations(of, Data(x, DATA["test"].y, DATA["test"].task), 2)[:, 0]
        right = (outputs > 0) == (DATA["test"].y[DATA["test"].task, 0] > 0.5)
        assert found[f"only_{name}"].tolist() == right.mean(1).astype(np.float32).tolist()


def test_gradients_are_means_of_norms_over_a_groups_inputs() -> None:
    of, engine = block(), tiny.engine("exact")
    first = of.network.layers[0]
    rows = engine.gradient(of, DATA["train"])[:, first.weights].reshape(2, first.outputs, first.inputs)
    for name, inputs in TASK.where.items():
        norms = np.linalg.norm(rows[:, :, inputs].astype(np.float64), axis=1)
        assert feature_groups.gradients(TASK, engine, of, DATA)[f"gradient_{name}"] == pytest.approx(norms.mean(1))


def test_probes_read_the_last_hidden_layer_for_what_each_group_says() -> None:
    """With the last hidden layer replaced by inputs of one group, that group alone is known."""

    class Shown:
        def activations(self, block: Block, data: Data, layer: int) -> F32:
            assert layer == 1
            return np.ascontiguousarray(data.x[data.task][:, 10:])

    found = feature_groups.probes(TASK, Shown(), block(), DATA)  # type: ignore[arg-type]
    assert list(found) == ["probe_strong", "probe_medium", "probe_weak"]
    assert np.all(found["probe_weak"] > 0.93)
    assert np.all(found["probe_strong"] < 0.8)
