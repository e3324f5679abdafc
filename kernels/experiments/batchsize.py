"""batchsize: is there a critical batch size? (no finding number).

One network learns a mixture of many clusters with plain stochastic gradient descent and batch sizes from 1 to 2048, all
with the same sweep of learning rates and the same number of samples. Measured are how well it ends, how many samples it
needs to reach a given loss, and how much gradients scatter. McCandlish et al., "An empirical model of large-batch
training" (2018), say that up to a critical size a larger batch needs fewer steps and no more samples, that beyond it
it needs more samples and hardly fewer steps, and that the gradient noise scale tells that size.
docs/experiments/batchsize.md gives the definition, the choices and the calibration.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from kernels.arrays import F32, F64
from kernels.cells import Axis, Cell, Condition
from kernels.claims import BatchSizes, Claim, Curve, Position, Statistic, Table, between, points, within
from kernels.engine.contract import Data
from kernels.engine.shapes import Network
from kernels.experiment import Experiment
from kernels.measures import gradient_noise, noise_scale
from kernels.metrics import NOISE_LIMIT, Formula, Metric, Values, accuracy, loss
from kernels.programs import Measured, Snapshot, TrainingCourse
from kernels.programs.recipe import longest_segment
from kernels.tasks import mixture

BATCH = Axis("batch", tuple(2**k for k in range(12)))
# The same rates for all sizes; nearly all that need fewest samples lie inside.
RATE = Axis("learning_rate", tuple(2.0**k for k in range(-8, 3)))

# Published: the sizes, that there is one net, accuracies and gradient noise. Many clusters are something to learn for a
# while; the noise is the one value calibrated, for a test accuracy of .945, mean of sizes 16, 64 and 256.
TASK = mixture.Mixture(inputs=16, classes=2, clusters=32, noise=(0.715,), train=16384, test=4096)
NETWORK = Network((TASK.inputs, 64, TASK.classes), "relu", "softmax")

EPOCH = BATCH.values[-1]  # samples: an epoch here is an eighth of the training set, so all sizes are measured at once
MEASURED = (
    *(0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 29, 35, 42, 50, 60),  # a fifth apart, or one
    *(72, 86, 104, 128, 160, 200, 256, 320, 384),
)
PROBE = 2048  # training samples, the first ones, whose loss and gradient are measured
PARTS = 32  # disjoint parts of these
MOST_LOSS = 10.0  # the recorded loss of a network that diverged; guessing has .69


def minibatch_noise(values: Values, conditions: Sequence[Condition]) -> F32:
    """The noise of a minibatch's gradient."""
    return values["gradient_trace"] / np.array([BATCH.of(c) for c in conditions], dtype=np.float32)[:, None]


# Largest differences over 66 cells (2 seeds; sizes 64, 256, 2048) started one ulp apart, with functions of
# benchmarks/tolerances.py: before training 0 (from the exact engine 1e-7, noise scale 8e-6); later losses .13 (1.2),
# accuracy .04 (.25), trace 9 (150), square .12 (3), noise scale 3e4, that of a minibatch .12. A network at the edge of
# what it bears may diverge on one host alone: late tolerances are what bounds allow.
SCALE = Formula(
    "gradient_trace over gradient_square",
    lambda values, conditions: noise_scale(values["gradient_trace"], values["gradient_square"]),
)
PER_BATCH = Formula("gradient_trace over the batch size", minibatch_noise)
METRICS = {
    "train_loss": loss("mean cross-entropy on part of the training set", (1e-4, MOST_LOSS), MOST_LOSS),
    "test_loss": loss("mean cross-entropy on the test set", (1e-4, MOST_LOSS), MOST_LOSS),
    "test_accuracy": accuracy("share of the test set classified rightly", TASK.test, (0.0011, 0.7)),
    "gradient_trace": Metric(
        meaning="trace of the covariance of one sample's gradient",
        high=NOISE_LIMIT, near=(1e-2, NOISE_LIMIT), exact=False,
    ),
    "gradient_square": Metric(
        meaning="squared length of the mean gradient, unbiased",
        low=-NOISE_LIMIT, high=NOISE_LIMIT, near=(1e-3, NOISE_LIMIT), exact=False,
    ),
    "noise_scale": Metric(
        meaning=SCALE.text, unit="sample", high=NOISE_LIMIT, near=(1e-2, NOISE_LIMIT), exact=False, formula=SCALE,
    ),
    "minibatch_noise": Metric(
        meaning=PER_BATCH.text, high=NOISE_LIMIT, near=(1e-2, NOISE_LIMIT), exact=False, formula=PER_BATCH,
    ),
}  # fmt: skip


def with_probe(cells: Sequence[Cell], sets: dict[str, Data]) -> dict[str, Data]:
    """The data sets, and "probe", the first training samples."""
    return sets | {"probe": sets["train"].part(0, PROBE)}


def measure(now: Snapshot) -> Measured:
    """Every metric [cells] that does not follow from others."""
    size = PROBE // PARTS
    pieces = (now.sets["probe"].part(number * size, (number + 1) * size) for number in range(PARTS))
    trace, square = gradient_noise((now.engine.gradient(now.block, piece) for piece in pieces), size)
    train = now.fit("probe", MOST_LOSS)["probe_loss"]
    return {"train_loss": train, **now.fit("test", MOST_LOSS), "gradient_trace": trace, "gradient_square": square}


def measure_memory(condition: Condition) -> float:
    """Bytes of a rate for every step of a segment, and of a cell's gradients in float64."""
    steps = longest_segment(MEASURED) * EPOCH / BATCH.of(condition)
    return float(4.0 * steps + 32.0 * NETWORK.parameters)


SIZES = BATCH.values
SWEEP = BatchSizes(SIZES, [EPOCH * epoch for epoch in MEASURED])
LOSSES = (0.4, 0.35, 0.3, 0.25)  # nats on the test set, on the way to about .15
TARGET, SMALL = 0.3, 32  # what the claims are about: a loss, and up to which size larger batches cost no samples
ACCURACY, NOISE = SWEEP.ended("test_accuracy"), SWEEP.log10_ended("minibatch_noise")
SAMPLES, STEPS = SWEEP.log2_samples(TARGET), SWEEP.log2_steps(TARGET)
NEEDED = f"Samples and steps to a test loss of {TARGET}"
LOG2_SIZE: dict[str, dict[Position, Statistic]] = {
    "critical": {loss: SWEEP.log2_critical(loss) for loss in LOSSES},
    "scale": {loss: SWEEP.log2_noise_scale(loss) for loss in LOSSES},
}


def by_batch(title: str, metric: str, label: str, points: Mapping[Position, Statistic], line: str = "") -> Curve:
    """What is known of every size at its best rate."""
    return Curve(title=title, axis="batch", metric=metric, label=label, points=points, line=line)


def scale_over_critical(table: Table) -> F64:
    """Base-2 logarithm of the noise scale over the critical size [seeds], at the target loss."""
    return LOG2_SIZE["scale"][TARGET](table) - LOG2_SIZE["critical"][TARGET](table)


EXPERIMENT = Experiment(
    name="batchsize", title="batch size critical phenomena", version=1,
    question="is there a critical batch size?",
    answer="there is, and the gradient noise scale tells it",
    axes=(BATCH, RATE), metrics=METRICS, early=1,  # before training: small batches diverge in the first epoch
    course=TrainingCourse(
        network=lambda condition: NETWORK, task=TASK, derived=with_probe, extra_samples=PROBE, batch=BATCH, rate=RATE,
        epoch=EPOCH, measured=MEASURED, measure=measure,
        measure_work=lambda shape: float(shape.forward_flops(PROBE + TASK.test) + shape.training_flops(PROBE)),
        extra_memory=measure_memory,
    ),
    curves=(
        by_batch(
            "Test accuracy by batch size", "test_accuracy", "test accuracy at the end, best learning rate",
            points(ACCURACY, SIZES),
        ),
        Curve(
            title="Noise of a minibatch's gradient by batch size", axis="batch", metric="minibatch_noise",
            label="log10(trace of covariance / batch size) at the end",
            published={1: math.log10(3.46), 2048: math.log10(0.009)}, points=points(NOISE, SIZES),
        ),
        by_batch(NEEDED, "samples", "log2 of their number", points(SAMPLES, SIZES), "samples"),
        by_batch(NEEDED, "steps", "log2 of their number", points(STEPS, SIZES), "steps"),
        *(
            Curve(
                title="Critical batch size by test loss", axis="loss", metric=metric, label="log2 of the batch size",
                points=LOG2_SIZE[metric], line=line,
            )
            for metric, line in (("critical", "fitted to samples"), ("scale", "gradient noise scale"))
        ),
    ),
    claims=(
        Claim(
            finding="accuracy", text="Test accuracy hardly depends on batch size",
            published=".940 to .950 over all sizes",
            statistic=within(0.01, between(ACCURACY, SIZES, 1, 2048)),
            unit=".01 minus the difference between test accuracies at sizes 1 and 2048",
        ),
        Claim(
            finding="noise", text="The noise of a minibatch's gradient falls with batch size",
            published="3.46 at size 1, .009 at 2048: log10 of their ratio 2.58",
            statistic=between(NOISE, SIZES, 2048, 1),
            unit="log10 of gradient noise at size 1 over that at 2048",
        ),
        Claim(
            finding="small", text=f"Size {SMALL} needs as many samples as size 1, within a factor of 2",
            published="asked, no figure published",
            statistic=within(1.0, between(SAMPLES, SIZES, 1, SMALL)),
            unit=f"1 minus the size of log2 of samples needed at size {SMALL} over those at 1",
        ),
        Claim(
            finding="large", text=f"Size 2048 needs more than twice the samples of size {SMALL}",
            published="asked, no figure published",
            statistic=lambda table: between(SAMPLES, SIZES, SMALL, 2048)(table) - 1.0,
            unit=f"log2 of samples needed at size 2048 over those at {SMALL}, minus 1",
        ),
        Claim(
            finding="scale", text="The gradient noise scale is the critical batch size within a factor of 4",
            published="asked, no figure published",
            statistic=within(2.0, scale_over_critical),
            unit=f"2 minus the size of log2 of noise scale over critical size, at a test loss of {TARGET}",
        ),
        Claim(
            finding="rise", text="The critical batch size rises while the loss falls",
            published="asked, no figure published",
            statistic=lambda table: LOG2_SIZE["critical"][LOSSES[-1]](table) - LOG2_SIZE["critical"][LOSSES[0]](table),
            unit=f"log2 of the critical size at a test loss of {LOSSES[-1]} over that at {LOSSES[0]}",
        ),
    ),
)  # fmt: skip
