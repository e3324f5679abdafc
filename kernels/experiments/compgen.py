"""compgen: do wider networks generalize worse to unseen combinations? (finding #31).

Multilayer perceptrons of four widths learn the compositional task with plain stochastic gradient descent, over a sweep
of depths and learning rates. The generalization gap is the accuracy on the in-distribution test set minus that on
held-out combinations. docs/experiments/compgen.md gives the definition, the choices and the calibration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kernels.course import Course
from kernels.engine.seam import F32, Block, Data, Engine, Network
from kernels.experiment import Cell, Condition, Experiment, Metric
from kernels.findings import Claim, Curve, difference
from kernels.measures import accuracy, effective_rank, fit, loss
from kernels.tasks import compositional, compositional_gap
from kernels.training import Training

# Published: 20 inputs in 4 binary groups, 2 classes by an XOR-like interaction. Ours, the same for every width and
# condition: the held-out combinations show one value of a group while two other groups agree; noise, samples, batch,
# epochs and rates were chosen once so that width 32 has the published gap of .645.
TASK = compositional.Compositional(
    groups=4,
    group_size=5,
    values=2,
    classes=2,
    held_out=((0, 0, 0, 0), (0, 0, 1, 1), (0, 1, 0, 0), (0, 1, 1, 1)),
    noise=1.25,
    train=2000,
    test=1000,
)
BATCH = 32
MEASURED = (0, 1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20)  # epochs; gaps form in the first ones

GRID = {"width": (32, 64, 128, 256), "depth": (1, 2), "learning_rate": (0.01, 0.02, 0.05)}

# The last two numbers are tolerances between torch hosts. Largest differences over 144 cells started one ulp apart, by
# `python benchmarks/tolerances.py compgen --seeds 6`: loss 8e-6 early, 5e-3 late; accuracy 0, .006; rank 2e-6, 4e-3.
METRICS = {
    "train_loss": loss("mean cross-entropy on the training set", 1e-4, 0.03),
    "train_accuracy": accuracy("share of the training set classified rightly", 0.0021, 0.03),
    "id_accuracy": accuracy("accuracy on seen combinations, new samples", 0.0021, 0.03),
    "ood_accuracy": accuracy("accuracy on held-out combinations", 0.0021, 0.03),
    "gap": Metric("id_accuracy minus ood_accuracy", "1", -1.0, 1.0, 0.0042, 0.06),
    "effective_rank": Metric("effective rank of the first layer's weights", "1", 0.0, 20.001, 1e-4, 0.03, exact=False),
}


def network(condition: Condition) -> Network:
    """The perceptron of a condition: 20 inputs, `depth` hidden layers of `width`, 2 classes."""
    return compositional.perceptron(TASK, int(condition["width"]), int(condition["depth"]))


COURSE = Course(
    network=network, train=TASK.train, test=2 * TASK.test, batch=BATCH, rate="learning_rate", measured=MEASURED
)


def start(cells: Sequence[Cell], engine: Engine) -> Training:
    """The program of a block of cells of one width and depth."""
    return Training(cells, engine, COURSE.recipe(cells, compositional.sets(TASK, cells), measure, METRICS))


def measure(engine: Engine, block: Block, data: Mapping[str, Data]) -> dict[str, F32]:
    """Every metric [cells] of the block as it is."""
    return {
        **fit(engine, block, data, "train"),
        **compositional_gap.gap(engine, block, data),
        "effective_rank": effective_rank(block.weights(0)).astype(np.float32),
    }


def contradiction(metrics: Mapping[str, F32], conditions: Sequence[Condition]) -> str | None:
    """What cells' metrics say against each other, or None: accuracies are counts, the gap is their difference."""
    return compositional_gap.contradiction(metrics, TASK)


EXPERIMENT = Experiment(
    name="compgen",
    title="compositional generalization",
    version=1,
    grid=GRID,
    metrics=METRICS,
    measurements=len(MEASURED),
    early=2,  # before training and after one epoch
    shape=lambda condition: (condition["width"], condition["depth"]),
    width=COURSE.width,
    work=COURSE.work,
    memory=COURSE.memory,
    start=start,
    contradiction=contradiction,
    curves=(
        Curve(
            "Generalization gap by width",
            "width",
            "gap",
            "gap (in minus out of distribution)",
            {32: 0.645, 64: 0.663, 128: 0.679},
        ),
    ),
    claims=(
        Claim(
            "#31",
            "Wider networks generalize worse to unseen combinations",
            "gap .645 / .663 / .679 at widths 32 / 64 / 128; larger at 128 than at 32 in 16 of 18 seeds",
            difference("gap", "width", 32, 128),
            "gap at width 128 minus gap at width 32",
        ),
    ),
)
