"""repalign: do wider networks learn more alike representations? (finding #28).

Four networks that differ in initial weights and in the order of their samples learn one task; how alike their hidden
activations are is the mean linear CKA over all six pairs, along training. A cell is the four networks together.
docs/experiments/repalign.md gives the definition, the choices and the calibration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kernels.course import Course
from kernels.engine.seam import F32, Block, Data, Engine, Network
from kernels.experiment import Cell, Condition, Experiment, Metric
from kernels.findings import Claim, Curve, difference
from kernels.measures import (
    DISTANCE_LIMIT,
    accuracy,
    loss,
    mean_pairwise_cka,
    not_counts,
    recorded_loss,
    relative_distance,
    share,
)
from kernels.tasks import mixture
from kernels.training import Measure, Training, he_normal

# Nothing of the task was published. Two clusters a class, so that no linear map solves it; `spread` and the rate were
# chosen once so that width 32 has the published alignment of .79.
TASK = mixture.Mixture(inputs=10, classes=5, clusters=2, spread=0.63, train=1000, test=500)
REPLICAS = 4
BATCH, RATE = 32, 0.05
MEASURED = (0, 1, 2, 5, 10, 20, 30, 40, 60, 80, 100)  # epochs

# Published: one hidden layer of these widths, and the deep [64, 32]. Here every width also has a second layer of 32.
GRID = {"width": (32, 64, 128, 256), "second": (0, 32)}

# The last two numbers are tolerances between torch hosts. Largest differences over 16 cells started one ulp apart, by
# `python benchmarks/tolerances.py repalign --seeds 2`: cka 3e-8 early, 2e-3 late; distance 0, 6e-4; loss 0, 8e-3; test
# accuracy 0, .003.
METRICS = {
    "cka": Metric("mean linear CKA of the last hidden layer over 6 pairs", "1", 0.0, 1.0, 1e-4, 0.03, exact=False),
    "distance": Metric(
        "mean relative distance of weights from their start", "1", 0.0, DISTANCE_LIMIT, 1e-4, 0.03, exact=False
    ),
    "train_loss": loss("mean cross-entropy on the training set, of 4 networks", 1e-4, 0.03),
    "test_accuracy": accuracy("share of the test set classified rightly, of 4 networks", 0.0011, 0.03),
}


def network(condition: Condition) -> Network:
    """The perceptron of a condition: a hidden layer of `width`, and if `second` is not 0 another one of so many."""
    hidden = [int(condition["width"]), int(condition["second"])]
    return Network((TASK.inputs, *(units for units in hidden if units), TASK.classes), "relu", "softmax")


def measure_work(of: Network) -> float:
    """Operations of one measurement: forward passes, and the products of four representations with each other."""
    products = 2 * of.sizes[-2] ** 2 * TASK.test * (4 + 6)
    return float(REPLICAS * of.forward_flops(TASK.train + 2 * TASK.test) + products)


COURSE = Course(
    network=network,
    train=TASK.train,
    test=TASK.test,
    batch=BATCH,
    rate=RATE,
    measured=MEASURED,
    measure_work=measure_work,
    replicas=REPLICAS,
)


def start(cells: Sequence[Cell], engine: Engine) -> Training:
    """The program of a block of cells of one shape."""
    sets = mixture.sets(TASK, cells, REPLICAS)
    return Training(cells, engine, COURSE.recipe(cells, sets, measure_of(cells), METRICS))


def measure_of(cells: Sequence[Cell]) -> Measure:
    """The function that gives every metric [cells] of a block of these cells as it is."""

    def measure(engine: Engine, block: Block, data: Mapping[str, Data]) -> dict[str, F32]:
        train, test = engine.evaluate(block, data["train"]), engine.evaluate(block, data["test"])
        layer = len(block.network.layers) - 2
        hidden = engine.activations(block, data["test"], layer)
        started = np.stack([he_normal(block.network, cell.seed, r) for cell in cells for r in range(REPLICAS)])
        return {
            "cka": mean_pairwise_cka(hidden.reshape(len(cells), REPLICAS, *hidden.shape[1:])).astype(np.float32),
            "distance": relative_distance(block.params, started).reshape(-1, REPLICAS).mean(1).astype(np.float32),
            "train_loss": recorded_loss(train.loss.reshape(-1, REPLICAS).mean(1)),
            "test_accuracy": share(test.correct.reshape(-1, REPLICAS).sum(1), REPLICAS * TASK.test),
        }

    return measure


def contradiction(metrics: Mapping[str, F32], conditions: Sequence[Condition]) -> str | None:
    """What cells' metrics say against each other, or None."""
    if np.any(metrics["distance"][:, 0] != 0.0):
        return "distance before training is not 0"
    return not_counts(metrics, {"test_accuracy": REPLICAS * TASK.test})


EXPERIMENT = Experiment(
    name="repalign",
    title="representation alignment",
    version=1,
    grid=GRID,
    metrics=METRICS,
    measurements=len(MEASURED),
    early=2,  # before training and after one epoch
    shape=lambda condition: (condition["width"], condition["second"]),
    width=COURSE.width,
    work=COURSE.work,
    memory=COURSE.memory,
    start=start,
    contradiction=contradiction,
    curves=(
        Curve(
            "Alignment of representations by width",
            "width",
            "cka",
            "mean pairwise linear CKA",
            {32: 0.79},
            where={"second": 0},
        ),
    ),
    claims=(
        Claim(
            "#28",
            "Wider networks learn more alike representations",
            "CKA rises with width; .79 at width 32",
            difference("cka", "width", 32, 256, {"second": 0}),
            "CKA at width 256 minus CKA at width 32, one hidden layer",
        ),
    ),
)
