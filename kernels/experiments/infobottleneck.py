"""infobottleneck: do hidden layers compress their input during training? (no finding number).

A deep tanh network and a ReLU network learn a random binary rule of 12 bits with plain stochastic gradient descent.
Along training the activations of every hidden layer are binned, and what they tell about the input, I(X;T), and about
the label, I(T;Y), is counted over all 4096 patterns. A layer's compression is its highest I(X;T) along training over
its last one. docs/experiments/infobottleneck.md gives the definition, the choices and the calibration.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from kernels.course import Course
from kernels.engine.seam import F32, F64, Block, Data, Engine, Network
from kernels.experiment import Cell, Condition, Experiment
from kernels.findings import Claim, Curve, Position, Rows, Statistic, Table, averaged, measured
from kernels.measures import accuracy, bits, fit, layer_information, loss, not_counts, possible_information, right
from kernels.tasks import boolean
from kernels.training import Training, glorot_normal

# As in Shwartz-Ziv & Tishby 2017: 12 bits, all patterns measured. Four fifths of them are learned.
TASK = boolean.Boolean(bits=12, train=3277)
BATCH, RATE = 64, 0.2  # both networks learn their training set by the last epoch, and not before the hundredth
# Epochs: fitting is fast, what follows is slow.
MEASURED = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 320, 384, 448, 512)
DRAWN = [at for at, epoch in enumerate(MEASURED) if epoch & epoch - 1 == 0]  # powers of two do not crowd in a plot

# The tanh network is the published one. Of the ReLU network only its four hidden layers were published: all are as wide
# as the input, so that none must lose a pattern and layers differ by their depth alone.
NETWORKS = {
    "relu": Network((12, 12, 12, 12, 12, 1), "relu", "binary"),
    "tanh": Network((12, 32, 32, 16, 16, 8, 8, 4, 1), "tanh", "binary"),
}
INITIAL = {"relu": None, "tanh": glorot_normal}  # None: he_normal
LAYERS = {name: len(network.sizes) - 2 for name, network in NETWORKS.items()}
NUMBERS = range(1, max(LAYERS.values()) + 1)

# tanh: from -1 to 1, as published. ReLU has no bounds: from 0 to the layer's largest activation at the measurement, so
# that a common factor changes nothing; their number was chosen once, so that layer 3 has the published compression.
BINS = {"relu": (6, None), "tanh": (30, (-1.0, 1.0))}

COMPRESSIONS: Mapping[str, Mapping[Position, float]] = {"relu": {1: 1.12, 2: 1.66, 3: 1.65, 4: 2.76}, "tanh": {}}
MARGIN = 1.05  # a peak is never below the end: less than this much above it is no compression

GRID = {"network": tuple(NETWORKS)}

# The last two numbers are tolerances between torch hosts. Largest differences over 8 cells started one ulp apart, by
# `python benchmarks/tolerances.py infobottleneck --seeds 4`: loss 6e-8 early, 1.2 late (it jumps at this rate);
# accuracies 0, .12; i_xt 5e-4, 1.6; i_ty 1.2e-4, .24. One pattern in another bin is 5e-4 bits.
METRICS = {
    "train_loss": loss("mean logistic cross-entropy on the training set", 1e-4, 4.0),
    "train_accuracy": accuracy("share of the training patterns classified rightly", 0.0021, 0.4),
    "test_accuracy": accuracy("share of the other patterns classified rightly", 0.0021, 0.4),
    **{f"i_xt_{n}": bits(f"I(X;T) of hidden layer {n}; 0 if there is none", TASK.bits, 0.005, 5.0) for n in NUMBERS},
    **{f"i_ty_{n}": bits(f"I(T;Y) of hidden layer {n}; 0 if there is none", 1.0, 0.005, 0.8) for n in NUMBERS},
}

COURSE = Course(
    network=lambda condition: NETWORKS[str(condition["network"])],
    train=TASK.train,
    test=2 * TASK.patterns - TASK.train,  # the other patterns, and all of them
    batch=BATCH,
    rate=RATE,
    measured=MEASURED,
    # a pass for every hidden layer, and one over the patterns of both sets
    measure_work=lambda of: (len(of.sizes) - 1) * of.forward_flops(TASK.patterns),
    measure_memory=lambda of: 5.0 * max(of.sizes) * TASK.patterns,  # activations of the widest layer
)


def start(cells: Sequence[Cell], engine: Engine) -> Training:
    """The program of a block of cells of one network."""
    recipe = COURSE.recipe(cells, boolean.sets(TASK, cells), measure, METRICS)
    return Training(cells, engine, dataclasses.replace(recipe, initial=INITIAL[str(cells[0].condition["network"])]))


def measure(engine: Engine, block: Block, data: Mapping[str, Data]) -> dict[str, F32]:
    """Every metric [cells] of the block as it is."""
    patterns = data["all"]
    found = fit(engine, block, data, "train") | {"test_accuracy": right(engine, block, data["test"])}
    name, labels = block.network.activation, (patterns.y[patterns.task, 0] > 0.5).astype(np.int64)
    for layer in NUMBERS:
        told = np.zeros((2, block.cells))
        if layer <= LAYERS[name]:
            told = layer_information(engine.activations(block, patterns, layer - 1), labels, *BINS[name])
        found[f"i_xt_{layer}"], found[f"i_ty_{layer}"] = told.astype(np.float32)
    return found


def contradiction(metrics: Mapping[str, F32], conditions: Sequence[Condition]) -> str | None:
    """What cells' metrics say against each other, or None: accuracies are counts; what information can be."""
    if found := not_counts(metrics, {"train_accuracy": TASK.train, "test_accuracy": TASK.patterns - TASK.train}):
        return found
    for layer in NUMBERS:
        if not possible_information(metrics[f"i_xt_{layer}"], metrics[f"i_ty_{layer}"], TASK.bits):
            return f"i_xt_{layer} and i_ty_{layer} do not belong together"
    return None


def of(name: str, rows: Rows) -> Statistic:
    """Rows of one network."""
    return averaged(rows, {"network": name})


def compression(table: Table, layer: int) -> F64:
    """Highest I(X;T) of a layer along training over its last one [rows].

    Less than the bit that the label has counts as one bit: a layer that died would have compressed infinitely.
    """
    bits = np.maximum(table.metrics[f"i_xt_{layer}"].astype(np.float64), 1.0)
    ratio: F64 = bits.max(1) / bits[:, -1]
    return ratio


def compresses(name: str, *layers: int) -> Statistic:
    """How far the compression of a network's least compressing layer among some is above the margin."""
    return of(name, lambda table: np.min([compression(table, layer) for layer in layers], axis=0) - MARGIN)


def deeper(name: str) -> Statistic:
    """Compression of a network's last hidden layer minus that of its first."""
    return of(name, lambda table: compression(table, LAYERS[name]) - compression(table, 1))


EXPERIMENT = Experiment(
    name="infobottleneck",
    title="information bottleneck",
    version=1,
    grid=GRID,
    metrics=METRICS,
    measurements=len(MEASURED),
    early=3,  # before training and after one and two epochs
    shape=lambda condition: condition["network"],
    width=COURSE.width,
    work=COURSE.work,
    memory=COURSE.memory,
    start=start,
    contradiction=contradiction,
    curves=(
        *(
            Curve(
                f"Compression in the {name} network by layer",
                "layer",
                f"{name}_compression",
                "highest I(X;T) along training / last I(X;T)",
                COMPRESSIONS[name],
                {n: of(name, partial(compression, layer=n)) for n in range(1, LAYERS[name] + 1)},
            )
            for name in NETWORKS
        ),
        *(
            Curve(
                f"What the {name} network's layer {layer} tells about the input",
                "epoch",
                f"{name}_i_xt_{layer}",
                "I(X;T) (bit)",
                {},
                {MEASURED[at]: of(name, measured(f"i_xt_{layer}", at)) for at in DRAWN},
            )
            for name, layer in LAYERS.items()
        ),
    ),
    claims=(
        *(
            Claim(
                f"relu-{layer}",
                f"Hidden layer {layer} of a ReLU network compresses its input during training",
                f"compression {published:.2f} (one seed)",
                compresses("relu", int(layer)),
                f"compression of layer {layer} above {MARGIN}:",
            )
            for layer, published in COMPRESSIONS["relu"].items()
        ),
        Claim(
            "tanh",
            "Every hidden layer of a tanh network compresses its input during training",
            "a phase of compression (Shwartz-Ziv & Tishby 2017); no figures",
            compresses("tanh", *range(1, LAYERS["tanh"] + 1)),
            f"compression of the least compressing layer above {MARGIN}:",
        ),
        *(
            Claim(
                f"{name}-depth",
                f"The deepest hidden layer of a {title} network compresses more than the first",
                published,
                deeper(name),
                f"compression of layer {LAYERS[name]} minus that of layer 1",
            )
            for name, title, published in (
                ("relu", "ReLU", "compression 2.76 of layer 4, 1.12 of layer 1 (one seed)"),
                ("tanh", "tanh", "no figures"),
            )
        ),
    ),
)
