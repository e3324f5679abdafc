"""neuronspec: do neurons of wider networks specialize less? (finding #33).

Multilayer perceptrons of four widths and two hidden layers learn an interaction of two groups of inputs, beside two
groups that distract. Measured are what single neurons respond to (class selectivity, sparseness) and look at (alignment
with a group), how alike their weights are (redundancy), and how many directions these fill (dimensionality).
docs/experiments/neuronspec.md gives the definition, the choices and the calibration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from kernels.cells import Axis, Condition
from kernels.claims import Claim, Curve, Position, difference
from kernels.engine.shapes import Network
from kernels.experiment import Experiment
from kernels.measures import (
    alignment,
    centred_singular_values,
    participation_ratio,
    redundancy,
    selectivity,
    sparseness,
    spectrum_flops,
)
from kernels.metrics import Metric, Values, accuracy, fit, part
from kernels.programs import Measured, Snapshot, TrainingCourse
from kernels.tasks import interaction

WIDTH = Axis("width", (32, 64, 128, 256))

# Published: 20 inputs in 4 groups, an XOR-like interaction of groups 0 and 1, two ReLU layers, the widths. Ours, the
# same for every width: normal inputs, because binary ones with noise are learnt before first-layer weights have moved;
# samples, rate and epochs so that every width learns its training set and width 32 has the published dimensionality
# ratio of .28, the one calibrated figure.
TASK = interaction.Interaction(groups=4, group_size=5, train=1000, test=512)
BATCH, RATE = 32, 0.1
MEASURED = (0, 1, 2, 5, 10, 20, 30, 40, 60, 80, 100)  # epochs
LAYERS = (1, 2)  # hidden ones


def network(condition: Condition) -> Network:
    """20 inputs, two hidden layers of `width`, 2 classes."""
    return Network((TASK.inputs, *(WIDTH.of(condition),) * len(LAYERS), 2), "relu", "softmax")


# Five times and more the largest differences over 8 cells started one ulp apart, by `python -m benchmarks.tolerances
# neuronspec --seeds 2`: loss 6e-8 early, 2e-5 late; accuracies 0, .002; selectivity 4e-9, 2e-4; sparseness 0, 1e-4; the
# others 2e-8, 2e-5.
def index(meaning: str, low: float = 0.0, high: float = 1.0) -> Metric:
    """The metric of an index of specialization."""
    return Metric(meaning=meaning, low=low, high=high, near=(1e-5, 0.01), exact=False)


def indices(layer: int) -> dict[str, Metric]:
    """The metrics of one hidden layer, means over its neurons; activations are those on the test set."""
    of = f"of hidden layer {layer}"
    return {
        part("selectivity", layer): index(f"class selectivity {of}", high=1.000001),
        part("sparseness", layer): index(f"lifetime sparseness {of}", high=1.000001),
        part("redundancy", layer): index(f"mean pairwise cosine of weights {of}", low=-0.04),
        part("dimensionality", layer): index(
            f"participation ratio of the weights' covariance {of}, divided by the width"
        ),
    }


METRICS = {
    **fit("train", TASK.train, "the training set", loss_near=(1e-5, 1e-3), near=(0.0021, 0.02)),
    "test_accuracy": accuracy("share of the test set classified rightly", TASK.test, near=(0.0041, 0.02)),
    "alignment": index("largest group's share of a first-layer neuron's weights"),
    **indices(1),
    **indices(2),
}


def measure(now: Snapshot) -> Measured:
    """Every metric [cells]."""
    test = now.sets["test"]
    values: dict[str, ArrayLike] = {
        **now.fit("train"),
        "test_accuracy": now.accuracy("test"),
        "alignment": alignment(now.weights(0), TASK.groups),
    }
    for layer in LAYERS:
        weights, activations = now.weights(layer - 1), now.activations("test", layer - 1)
        spectrum = centred_singular_values(np.swapaxes(weights, 1, 2))  # of the inputs' covariance over neurons
        values |= {
            part("selectivity", layer): selectivity(activations, test.y, test.task),
            part("sparseness", layer): sparseness(activations),
            part("redundancy", layer): redundancy(weights),
            part("dimensionality", layer): participation_ratio(spectrum) / weights.shape[1],
        }
    return values


def measure_work(shape: Network) -> float:
    """Operations of one measurement: both sets evaluated, and per layer its activations and its weights' spectrum."""
    hidden = shape.layers[: len(LAYERS)]
    layers = sum(shape.forward_flops(TASK.test) + spectrum_flops(layer.inputs, layer.outputs) for layer in hidden)
    return shape.forward_flops(TASK.train + TASK.test) + layers


def relations(values: Values, conditions: Sequence[Condition]) -> str | None:
    """The first layer's weights fill no more dimensions than there are inputs."""
    width = np.array([WIDTH.of(condition) for condition in conditions], dtype=np.float64)[:, None]
    if np.any(values["dimensionality_1"] * width > TASK.inputs * 1.00001):
        return "dimensionality_1 is above the inputs divided by the width"
    return None


def by_width(title: str, metric: str, label: str, published: Mapping[Position, float] | None = None) -> Curve:
    """A plot of its own."""
    return Curve(title=title, axis="width", metric=metric, label=label, published=published or {})


def by_layer(what: str, metric: str, published: Mapping[Position, float] | None = None) -> tuple[Curve, ...]:
    """A plot for each hidden layer: in which one the published figure was measured is not known."""
    return tuple(
        by_width(
            f"{what.capitalize()} of hidden layer {layer} by width",
            part(metric, layer),
            f"{what}, hidden layer {layer}",
            published,
        )
        for layer in LAYERS
    )


EXPERIMENT = Experiment(
    name="neuronspec", title="neuron specialization", version=1,
    question="do neurons of wider networks specialize less?",
    answer="#33: dimensionality and alignment fall; selectivity depends on its definition",
    axes=(WIDTH,), metrics=METRICS, early=2,  # before training and after one epoch
    course=TrainingCourse(
        network=network, task=TASK, batch=BATCH, rate=RATE, measured=MEASURED, measure=measure,
        measure_work=measure_work,
    ),
    relations=relations,
    curves=(
        by_width("Dimensionality by width", "dimensionality_1", "dimensions / width, first layer", {32: 0.28}),
        by_width("Group alignment by width", "alignment", "largest group's share of the weights", {32: 0.363}),
        *by_layer("class selectivity", "selectivity", {32: 0.65}),
        *by_layer("lifetime sparseness", "sparseness"),
        by_width("Redundancy by width", "redundancy_1", "mean pairwise cosine, first layer"),
    ),
    claims=(
        Claim(
            finding="#33", text="The dimensionality of the first layer's weights, per unit, falls with width",
            published=".28 at width 32, falling strongly",
            statistic=difference("dimensionality_1", "width", 256, 32),
            unit="dimensionality / width at width 32 minus that at width 256",
        ),
        Claim(
            finding="#33", text="Neurons of wider networks are less aligned with one group of inputs",
            published="alignment .363 at width 32, falling",
            statistic=difference("alignment", "width", 256, 32),
            unit="alignment at width 32 minus that at width 256",
        ),
        *(
            Claim(
                finding="#33",
                text=f"Neurons of wider networks are slightly more selective: for {what}, {which} layer",
                published="selectivity .65 at width 32, rising slightly",
                statistic=difference(part(metric, layer), "width", 32, 256),
                unit=f"{metric} of layer {layer} at width 256 minus that at width 32",
            )
            for metric, what in (("selectivity", "classes"), ("sparseness", "samples"))
            for layer, which in ((1, "first"), (2, "second"))
        ),
    ),
)  # fmt: skip
