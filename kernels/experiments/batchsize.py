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
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from kernels.engine.seam import F32, F64, I32, I64, Block, Data, Engine, Network, Optimizer
from kernels.experiment import Cell, Condition, Experiment, Footprint, Metric
from kernels.findings import Claim, Curve, Table
from kernels.measures import (
    NOISE_FLOOR,
    NOISE_LIMIT,
    gradient_noise,
    noise_scale,
    not_counts,
    recorded_loss,
    share,
)
from kernels.tasks import mixture
from kernels.training import Recipe, Training, cell_memory, cell_work, cells_in_cache, epoch_order, longest_segment

# Published: the sizes, that there is one net, accuracies and gradient noise. Many clusters, so that there is something
# to learn for a while; the noise is the one value calibrated, for a test accuracy of .945, mean of sizes 16, 64
# and 256, which are enough to set it.
TASK = mixture.Mixture(inputs=16, classes=2, clusters=32, noise=(0.715,), train=16384, test=4096)
NETWORK = Network((TASK.inputs, 64, TASK.classes), "relu", "softmax")
SIZES = tuple(2**k for k in range(12))
RATES = tuple(2.0**k for k in range(-8, 3))  # the same for all sizes; nearly all that need fewest samples lie inside

EPOCH = SIZES[-1]  # samples: an epoch here is an eighth of the training set, so that all sizes are measured at once
MEASURED = (
    *(0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 29, 35, 42, 50, 60),  # a fifth apart, or one
    *(72, 86, 104, 128, 160, 200, 256, 320, 384),
)
PROBE = 2048  # training samples, the first ones, whose loss and gradient are measured
PARTS = 32  # disjoint parts of these

LOSSES = (0.4, 0.35, 0.3, 0.25)  # nats on the test set, on the way to about .15
TARGET = 0.3
MOST_LOSS = 10.0  # the recorded loss of a network that diverged; guessing has .69

GRID = {"batch": SIZES, "learning_rate": RATES}

# The last two numbers are tolerances between torch hosts. Largest differences over 66 cells (two seeds; sizes 64, 256
# and 2048) started one ulp apart, with the functions of benchmarks/tolerances.py: before training 0 (from the exact
# engine 1e-7, noise scale 8e-6); later losses .13 (from the exact engine 1.2), accuracy .04 (.25), trace 9 (150),
# square .12 (3), noise scale 3e4, minibatch noise .12. A network at the edge of what it bears may diverge on one host
# alone, so late ones are what bounds allow.
METRICS = {
    "train_loss": Metric("mean cross-entropy on part of the training set", "nat", 0.0, MOST_LOSS, 1e-4, MOST_LOSS),
    "test_loss": Metric("mean cross-entropy on the test set", "nat", 0.0, MOST_LOSS, 1e-4, MOST_LOSS),
    "test_accuracy": Metric("share of the test set classified rightly", "1", 0.0, 1.0, 0.0011, 0.7),
    "gradient_trace": Metric(
        "trace of the covariance of one sample's gradient", "1", 0.0, NOISE_LIMIT, 1e-2, NOISE_LIMIT, False
    ),
    "gradient_square": Metric(
        "squared length of the mean gradient, unbiased", "1", -NOISE_LIMIT, NOISE_LIMIT, 1e-3, NOISE_LIMIT, False
    ),
    "noise_scale": Metric("gradient_trace / gradient_square", "sample", 0.0, NOISE_LIMIT, 1e-2, NOISE_LIMIT, False),
    "minibatch_noise": Metric("gradient_trace / batch size", "1", 0.0, NOISE_LIMIT, 1e-2, NOISE_LIMIT, False),
}


def start(cells: Sequence[Cell], engine: Engine) -> Training:
    """The program of a block of cells of one batch size."""
    batch = int(cells[0].condition["batch"])

    def measured(engine: Engine, block: Block, data: Mapping[str, Data]) -> dict[str, F32]:
        return measure(engine, block, data, batch)

    recipe = Recipe(
        network=NETWORK,
        optimizer=Optimizer("sgd"),
        samples=EPOCH,
        batch=batch,
        measured=MEASURED,
        rates=tuple(float(cell.condition["learning_rate"]) for cell in cells),
        sets=sets(cells),
        measure=measured,
        metrics=METRICS,
        measure_work=MEASURE_WORK,
        order=orders(cells),
    )
    return Training(cells, engine, recipe)


def sets(cells: Sequence[Cell]) -> dict[str, Data]:
    """The data sets "train" and "test" of a block of cells, and "probe", the training set's first samples."""
    found = mixture.sets(TASK, cells)
    return found | {"probe": _samples(found["train"], 0, PROBE)}


def _samples(data: Data, first: int, end: int) -> Data:
    x, y = (np.ascontiguousarray(a[:, :, first:end]) for a in (data.x, data.y))
    return Data(x, y, data.task)


def orders(cells: Sequence[Cell]) -> Callable[[int, int], I32]:
    """`Recipe.order`: the whole training set in a new order, epoch after epoch a piece of it, then in another."""
    pieces = TASK.train // EPOCH

    def order(first: int, end: int) -> I32:
        drawn: dict[int, I32] = {}
        for seed in sorted({cell.seed for cell in cells}):
            passes = range(first // pieces, -(-end // pieces))
            whole = np.concatenate([epoch_order(seed, TASK.train, number) for number in passes])
            skipped = passes[0] * pieces
            drawn[seed] = whole[(first - skipped) * EPOCH : (end - skipped) * EPOCH]
        return np.stack([drawn[cell.seed] for cell in cells])

    return order


def measure(engine: Engine, block: Block, data: Mapping[str, Data], batch: int) -> dict[str, F32]:
    """Every metric [cells] of the block as it is."""
    train, test = (engine.evaluate(block, data[name]) for name in ("probe", "test"))
    size = PROBE // PARTS
    parts = (_samples(data["probe"], at, at + size) for at in range(0, PROBE, size))
    trace, square = gradient_noise((engine.gradient(block, part) for part in parts), size)
    return {
        "train_loss": np.minimum(recorded_loss(train.loss), np.float32(MOST_LOSS)),
        "test_loss": np.minimum(recorded_loss(test.loss), np.float32(MOST_LOSS)),
        "test_accuracy": share(test.correct, TASK.test),
        "gradient_trace": trace,
        "gradient_square": square,
        "noise_scale": noise_scale(trace, square),
        "minibatch_noise": trace / np.float32(batch),
    }


MEASURE_WORK = float(NETWORK.forward_flops(PROBE + TASK.test) + NETWORK.training_flops(PROBE))


def memory(condition: Condition) -> Footprint:
    """Of one cell: its training, a rate for every step of a segment, and its gradients in float64."""
    drawn = longest_segment(MEASURED) * EPOCH
    trained = cell_memory(NETWORK, "sgd", TASK.train + PROBE + TASK.test, drawn)
    return trained.plus(4.0 * drawn / int(condition["batch"]) + 32.0 * NETWORK.parameters)


def contradiction(metrics: Mapping[str, F32], conditions: Sequence[Condition]) -> str | None:
    """What cells' metrics say against each other, or None: the noises follow from trace, square and size."""
    if found := not_counts(metrics, {"test_accuracy": TASK.test}):
        return found
    trace = metrics["gradient_trace"]
    if not np.array_equal(noise_scale(trace, metrics["gradient_square"]), metrics["noise_scale"]):
        return "noise_scale is not gradient_trace over gradient_square"
    size = np.array([condition["batch"] for condition in conditions], dtype=np.float32)[:, None]
    if not np.array_equal(trace / size, metrics["minibatch_noise"]):
        return "minibatch_noise is not gradient_trace over the batch size"
    return None


def best(table: Table, score: F64) -> I64:
    """Rows [seeds, sizes] of every size's best learning rate, that of the least score [rows]; seeds that have all."""
    rows: dict[tuple[int, int], list[int]] = {}
    for row, (seed, size) in enumerate(zip(table.seed, table.condition["batch"], strict=True)):
        rows.setdefault((int(seed), int(size)), []).append(row)
    complete = max((len(of) for of in rows.values()), default=0)
    rate = table.condition["learning_rate"]
    found = {at: min(of, key=lambda row: (score[row], rate[row])) for at, of in rows.items() if len(of) == complete}
    seeds = sorted({seed for seed, _ in found})
    chosen = [[found[seed, size] for size in SIZES] for seed in seeds if all((seed, size) in found for size in SIZES)]
    return np.array(chosen, dtype=np.int64).reshape(-1, len(SIZES))


def ended(metric: str) -> Callable[[Table], F64]:
    """The last value of a metric [seeds, sizes], at the rate that ends with the least training loss."""
    return lambda table: table.final(metric)[best(table, table.final("train_loss"))]


def first_below(table: Table, loss: float) -> I64:
    """The first measurement [rows], but that before training, with a test loss at or below `loss`; the last if none."""
    reached = table.metrics["test_loss"][:, 1:] <= loss
    return np.where(reached.any(1), reached.argmax(1) + 1, len(MEASURED) - 1)


def samples_to(table: Table, loss: float) -> F64:
    """Samples [rows] until the test loss is `loss`, linear between measurements; all samples if it never is."""
    at, row = first_below(table, loss), np.arange(len(table.seed))
    curve, epochs = table.metrics["test_loss"].astype(np.float64), np.array(MEASURED, dtype=np.float64)
    before, after = curve[row, at - 1], curve[row, at]
    part = np.where(after <= loss, (before - loss) / np.maximum(before - after, 1e-9), 1.0)
    found: F64 = EPOCH * (epochs[at - 1] + np.clip(part, 0.0, 1.0) * (epochs[at] - epochs[at - 1]))
    return found


def log2_samples(table: Table, loss: float = TARGET) -> F64:
    """Base-2 logarithm of the samples until `loss` [seeds, sizes], at the rate that needs fewest."""
    needed = samples_to(table, loss)
    found: F64 = np.log2(np.maximum(needed, 1.0))[best(table, needed)]
    return found


def log2_steps(table: Table) -> F64:
    """Base-2 logarithm of the steps until TARGET [seeds, sizes], at the rate that needs fewest."""
    found: F64 = log2_samples(table) - np.log2(np.array(SIZES))
    return found


def log2_critical(table: Table, loss: float = TARGET) -> F64:
    """Base-2 logarithm of the critical size [seeds]: B_crit in samples = E_min (1 + size / B_crit), by least squares.

    With samples = size * steps that is (steps / S_min - 1) (samples / E_min - 1) = 1, B_crit = E_min / S_min
    (McCandlish et al. 2018). Residuals are those of logarithms; tried are 2^-3 to 2^14 by sixteenths.
    """
    needed = log2_samples(table, loss)
    tried = np.arange(-3 * 16, 14 * 16 + 1) / 16.0
    shape = np.log2(1.0 + np.array(SIZES)[:, None] / 2.0**tried)  # [sizes, tried]
    rest = needed[:, :, None] - shape
    found: F64 = tried[np.square(rest - rest.mean(1, keepdims=True)).sum(1).argmin(1)]
    return found


def log2_noise_scale(table: Table, loss: float = TARGET) -> F64:
    """Base-2 logarithm of the noise scale [seeds] where the test loss first is below `loss`: the median of all sizes.

    Of every size that network counts which needs fewest samples. A median, because |G|^2 may come out near zero.
    """
    row = np.arange(len(table.seed))
    scale = table.metrics["noise_scale"][row, first_below(table, loss)].astype(np.float64)
    chosen = scale[best(table, samples_to(table, loss))]
    found: F64 = np.log2(np.maximum(np.median(chosen, axis=1), NOISE_FLOOR))
    return found


def log10_noise(table: Table) -> F64:
    """Base-10 logarithm of a minibatch gradient's noise at the end [seeds, sizes]."""
    found: F64 = np.log10(np.maximum(ended("minibatch_noise")(table), NOISE_FLOOR))
    return found


def at_size(values: Callable[[Table], F64], size: int) -> Callable[[Table], F64]:
    """Values [seeds, sizes] at one size [seeds]."""
    return lambda table: values(table)[:, SIZES.index(size)]


def between(values: Callable[[Table], F64], first: int, last: int) -> Callable[[Table], F64]:
    """Values [seeds, sizes] at size `last` minus those at size `first` [seeds]."""
    return lambda table: values(table)[:, SIZES.index(last)] - values(table)[:, SIZES.index(first)]


def within(margin: float, of: Callable[[Table], F64]) -> Callable[[Table], F64]:
    """A margin minus the size of a difference [seeds]."""
    return lambda table: margin - np.abs(of(table))


SMALL = 32  # up to here larger batches cost no samples, says the claim
TITLE = f"Samples and steps to a test loss of {TARGET}"
EXPERIMENT = Experiment(
    name="batchsize",
    title="batch size critical phenomena",
    version=1,
    grid=GRID,
    metrics=METRICS,
    measurements=len(MEASURED),
    early=1,  # before training: small batches at high rates diverge in the first epoch
    shape=lambda condition: condition["batch"],
    width=lambda condition, cache: cells_in_cache(NETWORK, int(condition["batch"]), cache),
    work=lambda condition: cell_work(NETWORK, EPOCH, MEASURED, MEASURE_WORK),
    memory=memory,
    start=start,
    contradiction=contradiction,
    curves=(
        Curve(
            "Test accuracy by batch size",
            "batch",
            "test_accuracy",
            "test accuracy at the end, best learning rate",
            {},
            {size: at_size(ended("test_accuracy"), size) for size in SIZES},
        ),
        Curve(
            "Noise of a minibatch's gradient by batch size",
            "batch",
            "minibatch_noise",
            "log10(trace of covariance / batch size) at the end",
            {1: math.log10(3.46), 2048: math.log10(0.009)},
            {size: at_size(log10_noise, size) for size in SIZES},
        ),
        Curve(
            TITLE,
            "batch",
            "samples",
            "log2 of their number",
            {},
            {size: at_size(log2_samples, size) for size in SIZES},
            "samples",
        ),
        Curve(
            TITLE,
            "batch",
            "steps",
            "log2 of their number",
            {},
            {size: at_size(log2_steps, size) for size in SIZES},
            "steps",
        ),
        Curve(
            "Critical batch size by test loss",
            "loss",
            "critical",
            "log2 of the batch size",
            {},
            {loss: partial(log2_critical, loss=loss) for loss in LOSSES},
            "fitted to samples",
        ),
        Curve(
            "Critical batch size by test loss",
            "loss",
            "scale",
            "log2 of the batch size",
            {},
            {loss: partial(log2_noise_scale, loss=loss) for loss in LOSSES},
            "gradient noise scale",
        ),
    ),
    claims=(
        Claim(
            "accuracy",
            "Test accuracy hardly depends on batch size",
            ".940 to .950 over all sizes",
            within(0.01, between(ended("test_accuracy"), 1, 2048)),
            ".01 minus the difference between test accuracies at sizes 1 and 2048",
        ),
        Claim(
            "noise",
            "The noise of a minibatch's gradient falls with batch size",
            "3.46 at size 1, .009 at 2048: log10 of their ratio 2.58",
            between(log10_noise, 2048, 1),
            "log10 of gradient noise at size 1 over that at 2048",
        ),
        Claim(
            "small",
            f"Size {SMALL} needs as many samples as size 1, within a factor of 2",
            "asked, no figure published",
            within(1.0, between(log2_samples, 1, SMALL)),
            f"1 minus the size of log2 of samples needed at size {SMALL} over those at 1",
        ),
        Claim(
            "large",
            f"Size 2048 needs more than twice the samples of size {SMALL}",
            "asked, no figure published",
            lambda table: between(log2_samples, SMALL, 2048)(table) - 1.0,
            f"log2 of samples needed at size 2048 over those at {SMALL}, minus 1",
        ),
        Claim(
            "scale",
            "The gradient noise scale is the critical batch size within a factor of 4",
            "asked, no figure published",
            within(2.0, lambda table: log2_noise_scale(table) - log2_critical(table)),
            f"2 minus the size of log2 of noise scale over critical size, at a test loss of {TARGET}",
        ),
        Claim(
            "rise",
            "The critical batch size rises while the loss falls",
            "asked, no figure published",
            lambda table: log2_critical(table, LOSSES[-1]) - log2_critical(table, LOSSES[0]),
            f"log2 of the critical size at a test loss of {LOSSES[-1]} over that at {LOSSES[0]}",
        ),
    ),
)
