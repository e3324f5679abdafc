"""prunecomp: does pruning a trained network recover generalization to unseen combinations? (finding #34).

Multilayer perceptrons of three widths learn the compositional task. At each measurement a copy of the network is pruned
by global magnitude at each level, and its accuracies, gap and first layer's effective rank are recorded; the network
itself trains on unpruned. docs/experiments/prunecomp.md gives the definition, the choices and the calibration.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from kernels.arrays import F64
from kernels.cells import Axis, Condition
from kernels.claims import Claim, Curve, Table, averaged
from kernels.engine.shapes import Network
from kernels.experiment import Experiment
from kernels.experiments.families import compositional as family
from kernels.measures import effective_rank, pruned
from kernels.metrics import fit, part
from kernels.programs import Measured, Snapshot, TrainingCourse

WIDTH = Axis("width", (64, 128, 256))

# Published: the task as in compgen, the widths and the levels. Ours, the same for every width and level: compgen's
# held-out combinations, samples, batch and middle rate; two hidden layers, so that a layer lies between the first and
# the last; epochs until the training set is known (accuracy above .99); the noise at which width 64 has the published
# gap of .942.
TASK = dataclasses.replace(family.TASK, noise=0.86)
DEPTH = 2
RATE = 0.02
MEASURED = (0, 1, 2, 5, 10, 20, 40)  # epochs
LEVELS = (0, 25, 50, 75)  # per cent of the weights that are pruned
CHANCE = 1 / TASK.classes


def network(condition: Condition) -> Network:
    """20 inputs, two hidden layers of `width`, 2 classes."""
    return family.perceptron(WIDTH.of(condition), DEPTH)


# Largest differences over 12 cells started one ulp apart, by `python -m benchmarks.tolerances prunecomp --seeds 4`:
# loss 6e-8 early, 3e-5 late; accuracies 0, .003; ranks 0, 9e-4. Early tolerances leave room for two weights of nearly
# the same size, of which another host prunes the other.
METRICS = fit("train", TASK.train, "the training set, unpruned", loss_near=(1e-4, 0.03), near=(0.0021, 0.03))
for level in LEVELS:
    METRICS |= family.gap_metrics((0.0041, 0.03), level, f", {level} % pruned")
    METRICS[part("effective_rank", level)] = family.rank_metric((5e-3, 0.03), f", {level} % pruned")


def measure(now: Snapshot) -> Measured:
    """Every metric [cells] that is no difference of others, of networks and of copies pruned at each level."""
    values: dict[str, ArrayLike] = {**now.fit("train")}
    for level in LEVELS:
        copy = now.with_params(pruned(now.params, now.network, level / 100))
        values |= family.accuracies(copy, level)
        values[part("effective_rank", level)] = effective_rank(copy.weights(0))
    return values


def below_chance(table: Table) -> F64:
    """Chance minus the best accuracy out of distribution that any pruning gives [rows].

    Chance is the margin: a network without any weights has it. Taking the best level of every network favours recovery.
    """
    below: F64 = CHANCE - np.max([table.final(part("ood_accuracy", level)) for level in LEVELS[1:]], axis=0)
    return below


def gap_left(table: Table) -> F64:
    """The smallest gap that any pruning gives minus half the unpruned gap [rows].

    The margin is one half: a gap that pruning halves is nearer to recovered than to untouched. A gap also shrinks where
    pruning only destroys what was known, so this reading is the stricter one.
    """
    smallest: F64 = np.min([table.final(part("gap", level)) for level in LEVELS[1:]], axis=0)
    return smallest - table.final("gap_0") / 2


EXPERIMENT = Experiment(
    name="prunecomp", title="pruning and compositionality", version=1,
    question="does pruning recover it?",
    answer="#34, that it does not, holds",
    axes=(WIDTH,), metrics=METRICS, early=2,  # before training and after one epoch
    course=TrainingCourse(
        network=network, task=TASK, batch=family.BATCH, rate=RATE, measured=MEASURED, measure=measure,
        measure_work=lambda shape: shape.forward_flops(TASK.train + 2 * TASK.test * len(LEVELS)),
        extra_memory=lambda condition: 4.0 * network(condition).parameters,  # the pruned copy
    ),
    curves=tuple(
        Curve(
            title=title, axis="width", metric=part(metric, level), label=label, line=f"{level} % pruned",
            published={64: 0.942} if part(metric, level) == "gap_0" else {},
        )
        for title, metric, label in (
            ("Generalization gap of pruned networks", "gap", family.GAP),
            ("Accuracy of pruned networks on held-out combinations", "ood_accuracy", "accuracy"),
            ("Accuracy of pruned networks on seen combinations", "id_accuracy", "accuracy"),
            ("Effective rank of the first layer of pruned networks", "effective_rank", "effective rank"),
        )
        for level in LEVELS
    ),
    claims=(
        Claim(
            finding="#34",
            text="Pruning does not recover generalization: "
            "at no level are unseen combinations answered better than guessed",
            published="pruning at 25, 50, 75 % does not recover generalization; unpruned gap .942 at width 64",
            statistic=averaged(below_chance),
            unit="one half minus the best accuracy out of distribution over the levels 25, 50, 75 %",
        ),
        Claim(
            finding="#34",
            text="Pruning does not recover generalization: at every level more than half of the gap is left",
            published="as above",
            statistic=averaged(gap_left),
            unit="smallest gap over the levels 25, 50, 75 % minus half the unpruned gap",
        ),
    ),
)  # fmt: skip
