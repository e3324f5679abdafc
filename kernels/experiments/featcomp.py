"""featcomp: do strong features starve weak ones of gradient? (finding #27).

Networks with three hidden layers learn a label that three groups of inputs show, the strong group clearly, the weak
one hardly. Measured are the gradient that reaches the inputs of each group, what the network answers when it sees one
group alone, and what a linear probe reads off its last hidden layer. The phenomenon is gradient starvation: Pezeshki et
al., "Gradient starvation: a learning proclivity in neural networks" (NeurIPS 2021). docs/experiments/featcomp.md gives
the definition, the choices and the calibration.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from kernels.arrays import F64
from kernels.cells import Axis, Condition
from kernels.claims import Claim, Curve, Rows, Table, averaged, half_risen, once
from kernels.engine.shapes import Network
from kernels.experiment import Experiment
from kernels.measures import RATIO_LIMIT, input_norms, norm_ratio, probe_accuracies, weight_norms
from kernels.metrics import NORM_LIMIT, Formula, Metric, accuracy, loss, part
from kernels.programs import Measured, Snapshot, TrainingCourse
from kernels.tasks import features

WIDTH = Axis("width", (32, 64, 128, 256))
RATE = Axis("learning_rate", (0.01, 0.05, 0.1))

# Published: inputs, groups and ratios, samples, layers, rates, epochs. That the ratio is one of powers, of a group as a
# whole, is ours: per input, or of amplitudes, networks end at .99 to 1.00 of the test set, and nothing competes.
TASK = features.Features(
    groups=(features.Group("strong", 5, 3.0), features.Group("medium", 5, 1.0), features.Group("weak", 10, 0.3)),
    train=1000,
    test=300,
)
GROUPS = tuple(TASK.where)
# Never published, and chosen for all cells together so that the mean ratio of gradients is near the published 1.45.
BATCH = 250
# Published was every 20 epochs, which the mean ratio is over; the ones between tell which group is learned first.
EVERY = 20
MEASURED = (0, 1, 2, 3, 4, 6, 8, 10, 15, *range(EVERY, 301, EVERY))


def network(condition: Condition) -> Network:
    """20 inputs, three hidden layers of `width`, one output."""
    return Network((TASK.inputs, *(WIDTH.of(condition),) * 3, 1), "relu", "binary")


# Largest differences over 12 cells started one ulp apart, by `python -m benchmarks.tolerances featcomp --seeds 1`:
# losses 2e-7 early, 6e-5 late; accuracies and probes 0, one sample; gradients 4e-8, 2e-4; their ratio 5e-7, .05; norms
# of weights 1e-6, 3e-5.
NEAR_LOSS, NEAR_SHARE, NEAR_NORM = (1e-4, 2e-3), (0.0041, 0.03), (1e-4, 2e-3)
RATIO = Formula(
    "gradient_strong over gradient_weak",
    lambda values, conditions: norm_ratio(values["gradient_strong"], values["gradient_weak"]),
)
METRICS = {
    "train_loss": loss("mean logistic loss on the training set", NEAR_LOSS),
    "test_loss": loss("mean logistic loss on the test set", NEAR_LOSS),
    "train_accuracy": accuracy("share of the training set classified rightly", TASK.train, NEAR_SHARE),
    "test_accuracy": accuracy("share of the test set classified rightly", TASK.test, NEAR_SHARE),
    **{
        part("only", group): accuracy(f"accuracy on the test set, {group} inputs alone", TASK.test, NEAR_SHARE)
        for group in GROUPS
    },
    **{
        part("gradient", group): Metric(
            meaning=f"norm of the gradient at an input's weights, mean over {group} inputs",
            high=NORM_LIMIT, near=NEAR_NORM, exact=False,
        )
        for group in GROUPS
    },
    "gradient_ratio": Metric(
        meaning=RATIO.text, high=RATIO_LIMIT, near=(1e-3, 0.5), exact=False, formula=RATIO,
    ),
    **{
        part("probe", group): Metric(
            meaning=f"accuracy of a linear probe of the last hidden layer for what {group} inputs say",
            near=NEAR_SHARE, exact=False,
        )
        for group in GROUPS
    },
    **{
        part("weight_norm", number): Metric(
            meaning=f"norm of the weights of layer {number}", high=NORM_LIMIT, near=NEAR_NORM, exact=False
        )
        for number in (1, 2, 3, 4)
    },
}  # fmt: skip


def measure(now: Snapshot) -> Measured:
    """Every metric [cells] that does not follow from others."""
    reaching = input_norms(now.gradient("train"), now.network.layers[0])  # [cells, inputs]
    seen = []  # by probes: activations, and what each group itself says
    for name in ("train", "test"):
        says = np.stack([*features.evidence(TASK, now.sets[name].x).values()], 1)  # [tasks, groups, samples]
        seen += [now.activations(name, len(now.network.layers) - 2), says[now.sets[name].task]]
    values: dict[str, ArrayLike] = {**now.fit("train"), **now.fit("test")}
    for group, probed in zip(GROUPS, probe_accuracies(*seen).T, strict=True):
        values[part("only", group)] = now.accuracy(part("only", group))
        values[part("gradient", group)] = reaching[:, TASK.where[group]].mean(1, dtype=np.float64)
        values[part("probe", group)] = probed
    for number, layer in enumerate(now.network.layers, 1):
        values[part("weight_norm", number)] = weight_norms(now.params, layer)
    return values


def measure_work(shape: Network) -> float:
    """Floating-point operations of one measurement: evaluations, activations, a gradient, and the probes."""
    units = shape.sizes[-2]
    probes = 2 * TASK.train * units**2 + units**3
    seen = 2 * (TASK.train + TASK.test) + len(GROUPS) * TASK.test
    return float(shape.forward_flops(seen) + shape.training_flops(TASK.train) + probes)


def probe_memory(condition: Condition) -> float:
    """Bytes of the activations that the probes read, also in float64."""
    return 12.0 * WIDTH.of(condition) * (TASK.train + TASK.test)


@once
def mean_ratio(table: Table) -> F64:
    """The ratio of gradients [rows], mean over the measurements at every 20 epochs, the first before training."""
    published = [number for number, epoch in enumerate(MEASURED) if epoch % EVERY == 0]
    mean: F64 = table.metrics["gradient_ratio"][:, published].mean(1, dtype=np.float64)
    return mean


def learned(group: str) -> Rows:
    """The epoch [rows] from which on the network, seeing this group alone, keeps half of what it finally knows.

    That is half of its final accuracy above guessing; the last epoch for a network that finally guesses.
    """
    return once(lambda table: half_risen(table.metrics[part("only", group)], 0.5, MEASURED))


LEARNED = {group: learned(group) for group in GROUPS}


def strong_first(table: Table) -> F64:
    """1 where the strong group is learned before the weak one [rows], -1 where after it, 0 where at once."""
    first: F64 = np.sign(LEARNED["weak"](table) - LEARNED["strong"](table))
    return first


EXPERIMENT = Experiment(
    name="featcomp", title="feature competition dynamics", version=1,
    question="do strong features starve weak ones of gradient?",
    answer="#27 holds",
    axes=(WIDTH, RATE), metrics=METRICS, early=3,  # before training and after the first two epochs
    course=TrainingCourse(
        network=network, task=TASK, batch=BATCH, rate=RATE, measured=MEASURED, measure=measure,
        measure_work=measure_work, extra_memory=probe_memory,
    ),
    curves=(
        Curve(
            title="Ratio of gradients by width", axis="width", metric="gradient_ratio",
            label="gradient, strong / weak, mean over training",
            points={width: averaged(mean_ratio, {"width": width}) for width in WIDTH.values},
        ),
        Curve(
            title="Epochs until half learned, by group", axis="group", metric="learned",
            label="epochs until half learned",
            points={name: averaged(rows) for name, rows in LEARNED.items()},
        ),
    ),
    claims=(
        Claim(
            finding="#27", text="More gradient reaches strong features than weak ones",
            published="mean ratio 1.45",
            statistic=averaged(lambda table: mean_ratio(table) - 1.0),
            unit="gradient at strong inputs over that at weak ones, minus 1, mean over training",
        ),
        Claim(
            finding="#27", text="Strong features are learned before weak ones",
            published="asked, no figure published",
            statistic=averaged(strong_first),
            unit="share of networks that learn the strong group first minus share that learn the weak one first",
        ),
    ),
)  # fmt: skip
