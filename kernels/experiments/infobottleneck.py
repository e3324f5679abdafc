"""infobottleneck: do hidden layers compress their input during training? (no finding number).

A deep tanh network and a ReLU network learn a random binary rule of 12 bits with plain stochastic gradient descent.
Along training the activations of every hidden layer are binned, and what they tell about the input, I(X;T), and about
the label, I(T;Y), is counted over all 4096 patterns. A layer's compression is its highest I(X;T) along training over
its last one. docs/experiments/infobottleneck.md gives the definition, the choices and the calibration.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from kernels.arrays import F32, F64
from kernels.cells import Axis, Condition
from kernels.claims import Claim, Curve, Position, Rows, Statistic, Table, averaged, measured, once
from kernels.engine.shapes import Network
from kernels.experiment import Experiment
from kernels.measures import layer_information, possible_information
from kernels.metrics import Metric, Values, accuracy, loss, part
from kernels.programs import Measured, Snapshot, TrainingCourse
from kernels.programs.initial import glorot_normal, he_normal
from kernels.tasks import boolean

# The tanh network is the published one. Of the ReLU network only its four hidden layers were published: all are as wide
# as the input, so that none must lose a pattern and layers differ by their depth alone.
NETWORKS = {
    "relu": Network((12, 12, 12, 12, 12, 1), "relu", "binary"),
    "tanh": Network((12, 32, 32, 16, 16, 8, 8, 4, 1), "tanh", "binary"),
}
NETWORK = Axis("network", tuple(NETWORKS))
LAYERS = {name: len(network.sizes) - 2 for name, network in NETWORKS.items()}
NUMBERS = range(1, max(LAYERS.values()) + 1)
# tanh: from -1 to 1, as published. ReLU has no bounds: from 0 to the layer's largest activation at the measurement, so
# that a common factor changes nothing; their number was chosen once, so that layer 3 has the published compression.
BINS = {"relu": (6, None), "tanh": (30, (-1.0, 1.0))}

# As in Shwartz-Ziv & Tishby 2017: 12 bits, all patterns measured. Four fifths of them are learned.
TASK = boolean.Boolean(bits=12, train=3277)
BATCH, RATE = 64, 0.2  # both networks learn their training set by the last epoch, and not before the hundredth
# Epochs: fitting is fast, what follows is slow.
MEASURED = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 320, 384, 448, 512)
DRAWN = [at for at, epoch in enumerate(MEASURED) if epoch & epoch - 1 == 0]  # powers of two do not crowd in a plot
COMPRESSIONS: dict[Position, float] = {1: 1.12, 2: 1.66, 3: 1.65, 4: 2.76}  # published, of the ReLU network
MARGIN = 1.05  # a peak is never below the end: less than this much above it is no compression


def initial(network: Network, seed: int, replica: int) -> F32:
    """Initial parameters: of tanh units as Glorot & Bengio, of rectified ones as He et al."""
    return (glorot_normal if network.activation == "tanh" else he_normal)(network, seed, replica)


# Largest differences over 8 cells started one ulp apart, by `python -m benchmarks.tolerances infobottleneck --seeds 4`:
# loss 6e-8 early, 1.2 late (it jumps at this rate); accuracies 0, .12; i_xt 5e-4, 1.6; i_ty 1.2e-4, .24. One pattern in
# another bin is 5e-4 bits.
METRICS = {
    "train_loss": loss("mean logistic cross-entropy on the training set", near=(1e-4, 4.0)),
    "train_accuracy": accuracy("share of the training patterns classified rightly", TASK.train, near=(0.0021, 0.4)),
    "test_accuracy": accuracy("share of the other patterns classified rightly", TASK.sizes["test"], near=(0.0021, 0.4)),
}
for name, meaning, most, late in (("i_xt", "I(X;T)", TASK.bits, 5.0), ("i_ty", "I(T;Y)", 1.0, 0.8)):
    for number in NUMBERS:
        METRICS[part(name, number)] = Metric(
            meaning=f"{meaning} of hidden layer {number}; 0 if there is none",
            unit="bit", high=most, near=(0.005, late), exact=False,
        )  # fmt: skip


def measure(now: Snapshot) -> Measured:
    """Every metric [cells]."""
    patterns, name = now.sets["all"], now.network.activation
    values: dict[str, ArrayLike] = {**now.fit("train"), "test_accuracy": now.accuracy("test")}
    labels = (patterns.y[patterns.task, 0] > 0.5).astype(np.int64)
    for layer in NUMBERS:
        told = np.zeros((2, len(now.cells)))
        if layer <= LAYERS[name]:
            told = layer_information(now.activations("all", layer - 1), labels, *BINS[name])
        values[part("i_xt", layer)], values[part("i_ty", layer)] = told
    return values


def relations(values: Values, conditions: Sequence[Condition]) -> str | None:
    """What a layer can tell of input and label together."""
    for layer in NUMBERS:
        i_xt, i_ty = part("i_xt", layer), part("i_ty", layer)
        if not possible_information(values[i_xt], values[i_ty], TASK.bits):
            return f"{i_xt} and {i_ty} do not belong together"
    return None


def of(name: str, rows: Rows) -> Statistic:
    """Rows of one network."""
    return averaged(rows, {"network": name})


def compression(table: Table, layer: int) -> F64:
    """Highest I(X;T) of a layer along training over its last one [rows].

    Less than the bit that the label has counts as one bit: a layer that died would have compressed infinitely.
    """
    told = table.metrics[part("i_xt", layer)]
    highest, last = (np.maximum(bits.astype(np.float64), 1.0) for bits in (told.max(1), told[:, -1]))
    ratio: F64 = highest / last
    return ratio


COMPRESSED = {layer: once(partial(compression, layer=layer)) for layer in NUMBERS}


def compresses(name: str, *layers: int) -> Statistic:
    """How far the compression of a network's least compressing layer among some is above the margin."""
    return of(name, lambda table: np.min([COMPRESSED[layer](table) for layer in layers], axis=0) - MARGIN)


def deeper(name: str) -> Statistic:
    """Compression of a network's last hidden layer minus that of its first."""
    return of(name, lambda table: COMPRESSED[LAYERS[name]](table) - COMPRESSED[1](table))


EXPERIMENT = Experiment(
    name="infobottleneck", title="information bottleneck", version=1,
    question="do hidden layers compress their input?",
    answer="deeper ReLU layers do; the first does not",
    axes=(NETWORK,), metrics=METRICS, early=3,  # before training and after one and two epochs
    course=TrainingCourse(
        network=lambda condition: NETWORKS[NETWORK.of(condition)], initial=initial, task=TASK, batch=BATCH, rate=RATE,
        measured=MEASURED, measure=measure,
        # a pass for every hidden layer, and one over the patterns of both sets
        measure_work=lambda network: (len(network.sizes) - 1) * network.forward_flops(TASK.patterns),
        # activations of the widest layer
        extra_memory=lambda condition: 5.0 * max(NETWORKS[NETWORK.of(condition)].sizes) * TASK.patterns,
    ),
    relations=relations,
    curves=(
        *(
            Curve(
                title=f"Compression in the {name} network by layer", axis="layer", metric=f"{name}_compression",
                label="highest I(X;T) along training / last I(X;T)",
                published=COMPRESSIONS if name == "relu" else {},
                points={n: of(name, COMPRESSED[n]) for n in range(1, LAYERS[name] + 1)},
            )
            for name in NETWORKS
        ),
        *(
            Curve(
                title=f"What the {name} network's layer {layer} tells about the input",
                axis="epoch", metric=f"{name}_i_xt_{layer}", label="I(X;T) (bit)",
                points={MEASURED[at]: of(name, measured(part("i_xt", layer), at)) for at in DRAWN},
            )
            for name, layer in LAYERS.items()
        ),
    ),
    claims=(
        *(
            Claim(
                finding=f"relu-{layer}",
                text=f"Hidden layer {layer} of a ReLU network compresses its input during training",
                published=f"compression {published:.2f} (one seed)",
                statistic=compresses("relu", int(layer)),
                unit=f"compression of layer {layer} above {MARGIN}:",
            )
            for layer, published in COMPRESSIONS.items()
        ),
        Claim(
            finding="tanh", text="Every hidden layer of a tanh network compresses its input during training",
            published="a phase of compression (Shwartz-Ziv & Tishby 2017); no figures",
            statistic=compresses("tanh", *range(1, LAYERS["tanh"] + 1)),
            unit=f"compression of the least compressing layer above {MARGIN}:",
        ),
        *(
            Claim(
                finding=f"{name}-depth",
                text=f"The deepest hidden layer of a {title} network compresses more than the first",
                published=published,
                statistic=deeper(name),
                unit=f"compression of layer {LAYERS[name]} minus that of layer 1",
            )
            for name, title, published in (
                ("relu", "ReLU", "compression 2.76 of layer 4, 1.12 of layer 1 (one seed)"),
                ("tanh", "tanh", "no figures"),
            )
        ),
    ),
)  # fmt: skip
