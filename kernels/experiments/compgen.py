"""compgen: do wider networks generalize worse to unseen combinations? (finding #31).

Multilayer perceptrons of four widths learn the compositional task with plain stochastic gradient descent, over a sweep
of depths and learning rates. The generalization gap is the accuracy on the in-distribution test set minus that on
held-out combinations. docs/experiments/compgen.md gives the definition, the choices and the calibration.
"""

from __future__ import annotations

from kernels.cells import Axis, Condition
from kernels.claims import Claim, Curve, difference
from kernels.engine.shapes import Network
from kernels.experiment import Experiment
from kernels.experiments.families.compositional import (
    BATCH,
    GAP,
    TASK,
    accuracies,
    gap_metrics,
    perceptron,
    rank_metric,
)  # fmt: skip
from kernels.measures import effective_rank
from kernels.metrics import fit
from kernels.programs import Measured, Snapshot, TrainingCourse

WIDTH = Axis("width", (32, 64, 128, 256))
DEPTH = Axis("depth", (1, 2))
RATE = Axis("learning_rate", (0.01, 0.02, 0.05))

# The task's noise, epochs and rates were chosen once so that width 32 has the published gap of .645.
MEASURED = (0, 1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20)  # epochs; gaps form in the first ones


def network(condition: Condition) -> Network:
    """20 inputs, `depth` hidden layers of `width`, 2 classes."""
    return perceptron(WIDTH.of(condition), DEPTH.of(condition))


# Largest differences over 144 cells started one ulp apart, by `python -m benchmarks.tolerances compgen --seeds 6`: loss
# 8e-6 early, 5e-3 late; accuracy 0, .006; rank 2e-6, 4e-3.
METRICS = {
    **fit("train", TASK.train, "the training set", loss_near=(1e-4, 0.03), near=(0.0021, 0.03)),
    **gap_metrics(near=(0.0021, 0.03)),
    "effective_rank": rank_metric(near=(1e-4, 0.03)),
}


def measure(now: Snapshot) -> Measured:
    """Every metric [cells] that is no difference of others."""
    return {**now.fit("train"), **accuracies(now), "effective_rank": effective_rank(now.weights(0))}


EXPERIMENT = Experiment(
    name="compgen", title="compositional generalization", version=1,
    question="do wider networks generalize worse to unseen combinations?",
    answer="#31 holds from width 32 to 128",
    axes=(WIDTH, DEPTH, RATE), metrics=METRICS, early=2,  # before training and after one epoch
    course=TrainingCourse(
        network=network, task=TASK, batch=BATCH, rate=RATE, measured=MEASURED, measure=measure,
    ),
    curves=(
        Curve(
            title="Generalization gap by width", axis="width", metric="gap", label=GAP,
            published={32: 0.645, 64: 0.663, 128: 0.679},
        ),
    ),
    claims=(
        Claim(
            finding="#31", text="Wider networks generalize worse to unseen combinations",
            published="gap .645 / .663 / .679 at widths 32 / 64 / 128; larger at 128 than at 32 in 16 of 18 seeds",
            statistic=difference("gap", "width", 32, 128),
            unit="gap at width 128 minus gap at width 32",
        ),
    ),
)  # fmt: skip
