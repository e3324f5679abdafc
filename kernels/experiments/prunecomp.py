"""prunecomp: does pruning a trained network recover generalization to unseen combinations? (finding #34).

Multilayer perceptrons of three widths learn the compositional task. At each measurement a copy of the network is pruned
by global magnitude at each level, and its accuracies, gap and first layer's effective rank are recorded; the network
itself trains on unpruned. docs/experiments/prunecomp.md gives the definition, the choices and the calibration.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from kernels.course import Course
from kernels.engine.seam import F32, F64, Block, Data, Engine, Network
from kernels.experiment import Cell, Condition, Experiment, Metric
from kernels.experiments import compgen
from kernels.findings import Claim, Curve, Position, Table, averaged
from kernels.measures import accuracy, effective_rank, fit, loss, pruned
from kernels.tasks import compositional, compositional_gap
from kernels.training import Training

# Published: the task as in compgen, the widths and the levels. Ours, the same for every width and level: compgen's
# held-out combinations, samples, batch and middle rate; two hidden layers, so that a layer lies between the first and
# the last; epochs until the training set is known (accuracy above .99); the noise at which width 64 has the published
# gap of .942.
TASK = dataclasses.replace(compgen.TASK, noise=0.86)
DEPTH = 2
RATE = 0.02
BATCH = 32
MEASURED = (0, 1, 2, 5, 10, 20, 40)  # epochs
LEVELS = (0, 25, 50, 75)  # per cent of the weights that are pruned
CHANCE = 1 / TASK.classes

GRID = {"width": (64, 128, 256)}

# The last two numbers are tolerances between torch hosts. Largest differences over 12 cells started one ulp apart, by
# `python benchmarks/tolerances.py prunecomp --seeds 4`: loss 6e-8 early, 3e-5 late; accuracies 0, .003; ranks 0, 9e-4.
# Early ones leave room for two weights of nearly the same size, of which another host prunes the other.
METRICS = {
    "train_loss": loss("mean cross-entropy on the training set, unpruned", 1e-4, 0.03),
    "train_accuracy": accuracy("share of the training set classified rightly, unpruned", 0.0021, 0.03),
}
for level in LEVELS:
    METRICS |= {
        f"id_accuracy_{level}": accuracy(f"accuracy on seen combinations, new samples, {level} % pruned", 0.0041, 0.03),
        f"ood_accuracy_{level}": accuracy(f"accuracy on held-out combinations, {level} % pruned", 0.0041, 0.03),
        f"gap_{level}": Metric(f"id_accuracy_{level} minus ood_accuracy_{level}", "1", -1.0, 1.0, 0.0082, 0.06),
        f"effective_rank_{level}": Metric(
            f"effective rank of the first layer's weights, {level} % pruned", "1", 0.0, 20.001, 5e-3, 0.03, exact=False
        ),
    }


def network(condition: Condition) -> Network:
    """The perceptron of a condition: 20 inputs, two hidden layers of `width`, 2 classes."""
    return compositional.perceptron(TASK, int(condition["width"]), DEPTH)


def measure_work(of: Network) -> float:
    """Floating-point operations of one measurement: the training set once, both test sets at every level."""
    return of.forward_flops(TASK.train + 2 * TASK.test * len(LEVELS))


COURSE = Course(
    network=network,
    train=TASK.train,
    test=2 * TASK.test,
    batch=BATCH,
    rate=RATE,
    measured=MEASURED,
    measure_work=measure_work,
    measure_memory=lambda of: 4.0 * of.parameters,  # the pruned copy
)


def start(cells: Sequence[Cell], engine: Engine) -> Training:
    """The program of a block of cells of one width."""
    return Training(cells, engine, COURSE.recipe(cells, compositional.sets(TASK, cells), measure, METRICS))


def measure(engine: Engine, block: Block, data: Mapping[str, Data]) -> dict[str, F32]:
    """Every metric [cells] of the block as it is, and of its copies pruned at every level."""
    found = fit(engine, block, data, "train")
    for level in LEVELS:
        copy = pruned(block, level / 100)
        found |= compositional_gap.gap(engine, copy, data, f"_{level}")
        found[f"effective_rank_{level}"] = effective_rank(copy.weights(0)).astype(np.float32)
    return found


def contradiction(metrics: Mapping[str, F32], conditions: Sequence[Condition]) -> str | None:
    """What cells' metrics say against each other, or None: accuracies are counts, gaps are their differences."""
    return compositional_gap.contradiction(metrics, TASK, [f"_{level}" for level in LEVELS])


def below_chance(table: Table) -> F64:
    """Chance minus the best accuracy out of distribution that any pruning gives [rows].

    Chance is the margin: a network without any weights has it. Taking the best level of every network favours recovery.
    """
    found: F64 = CHANCE - np.max([table.final(f"ood_accuracy_{level}") for level in LEVELS[1:]], axis=0)
    return found


def gap_left(table: Table) -> F64:
    """The smallest gap that any pruning gives minus half the unpruned gap [rows].

    The margin is one half: a gap that pruning halves is nearer to recovered than to untouched. A gap also shrinks where
    pruning only destroys what was known, so this reading is the stricter one.
    """
    smallest: F64 = np.min([table.final(f"gap_{level}") for level in LEVELS[1:]], axis=0)
    return smallest - table.final("gap_0") / 2


def by_width(title: str, metric: str, label: str, published: Mapping[Position, float]) -> tuple[Curve, ...]:
    """A metric by width, a line for every level; `published` is of unpruned networks."""
    return tuple(
        Curve(title, "width", f"{metric}_{level}", label, {} if level else published, line=f"{level} % pruned")
        for level in LEVELS
    )


EXPERIMENT = Experiment(
    name="prunecomp",
    title="pruning and compositionality",
    version=1,
    grid=GRID,
    metrics=METRICS,
    measurements=len(MEASURED),
    early=2,  # before training and after one epoch
    shape=lambda condition: condition["width"],
    width=COURSE.width,
    work=COURSE.work,
    memory=COURSE.memory,
    start=start,
    contradiction=contradiction,
    curves=(
        *by_width("Generalization gap of pruned networks", "gap", "gap (in minus out of distribution)", {64: 0.942}),
        *by_width("Accuracy of pruned networks on held-out combinations", "ood_accuracy", "accuracy", {}),
        *by_width("Accuracy of pruned networks on seen combinations", "id_accuracy", "accuracy", {}),
        *by_width("Effective rank of the first layer of pruned networks", "effective_rank", "effective rank", {}),
    ),
    claims=(
        Claim(
            "#34",
            "Pruning does not recover generalization: at no level are unseen combinations answered better than guessed",
            "pruning at 25, 50, 75 % does not recover generalization; unpruned gap .942 at width 64",
            averaged(below_chance),
            "one half minus the best accuracy out of distribution over the levels 25, 50, 75 %",
        ),
        Claim(
            "#34",
            "Pruning does not recover generalization: at every level more than half of the gap is left",
            "as above",
            averaged(gap_left),
            "smallest gap over the levels 25, 50, 75 % minus half the unpruned gap",
        ),
    ),
)
