"""What is measured of networks that learn the compositional task: their generalization gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kernels.engine.seam import F32, Block, Data, Engine
from kernels.measures import not_counts, right
from kernels.tasks.compositional import Compositional


def gap(engine: Engine, block: Block, data: Mapping[str, Data], suffix: str = "") -> dict[str, F32]:
    """Accuracies on seen and on held-out combinations and their difference, each [cells]; names end in `suffix`."""
    seen, held = (right(engine, block, data[name]) for name in ("id_test", "ood_test"))
    return {"id_accuracy" + suffix: seen, "ood_accuracy" + suffix: held, "gap" + suffix: seen - held}


def contradiction(metrics: Mapping[str, F32], task: Compositional, suffixes: Sequence[str] = ("",)) -> str | None:
    """What a cell's metrics say against each other, or None: accuracies are counts, gaps are their differences."""
    samples = {"train_accuracy": task.train}
    for suffix in suffixes:
        samples |= {"id_accuracy" + suffix: task.test, "ood_accuracy" + suffix: task.test}
    if found := not_counts(metrics, samples):
        return found
    for suffix in suffixes:
        if not np.array_equal(
            metrics["id_accuracy" + suffix] - metrics["ood_accuracy" + suffix], metrics["gap" + suffix]
        ):
            return f"gap{suffix} is not id_accuracy{suffix} minus ood_accuracy{suffix}"
    return None
