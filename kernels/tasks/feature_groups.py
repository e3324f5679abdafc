"""What is measured of networks that learn the feature task, group by group."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kernels.engine.seam import F32, Block, Data, Engine
from kernels.measures import input_norms, probe_accuracies, right
from kernels.tasks.features import Features, evidence


def alone(task: Features, engine: Engine, block: Block, data: Mapping[str, Data]) -> dict[str, F32]:
    """Accuracy [cells] on the test set of networks that see one group alone, as "only_<group>"."""
    return {f"only_{name}": right(engine, block, data[f"only_{name}"]) for name in task.where}


def gradients(task: Features, engine: Engine, block: Block, data: Mapping[str, Data]) -> dict[str, F32]:
    """Norm [cells] of the gradient at an input's weights, mean over the group's inputs, as "gradient_<group>"."""
    reaching = input_norms(engine.gradient(block, data["train"]), block.network.layers[0])
    return {
        f"gradient_{name}": reaching[:, inputs].mean(1, dtype=np.float64).astype(np.float32)
        for name, inputs in task.where.items()
    }


def probes(task: Features, engine: Engine, block: Block, data: Mapping[str, Data]) -> dict[str, F32]:
    """How often [cells] a linear probe of the last hidden layer knows what a group itself says, as "probe_<group>"."""
    seen = []
    for name in ("train", "test"):
        says = np.stack([*evidence(task, data[name].x).values()], 1)  # [tasks, groups, samples]
        seen += [engine.activations(block, data[name], len(block.network.layers) - 2), says[data[name].task]]
    return {f"probe_{name}": known for name, known in zip(task.where, probe_accuracies(*seen).T, strict=True)}
