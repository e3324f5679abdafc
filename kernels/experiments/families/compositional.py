"""The family of experiments on the compositional task: accuracies on seen and held-out combinations, and their gap."""

from __future__ import annotations

from kernels.arrays import F32
from kernels.engine.shapes import Network
from kernels.metrics import Formula, Metric, Near, accuracy, part
from kernels.programs.snapshot import Snapshot
from kernels.tasks.compositional import Compositional

# Published: 20 inputs in 4 binary groups, 2 classes by an XOR-like interaction. Ours, the same for every experiment,
# width and condition: the held-out combinations show one value of a group while two other groups agree; samples and
# batch.
TASK = Compositional(
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
GAP = "gap (in minus out of distribution)"


def perceptron(width: int, depth: int) -> Network:
    """The ReLU network that learns the task: its inputs, `depth` hidden layers of `width`, its classes by softmax."""
    return Network((TASK.groups * TASK.group_size, *(width,) * depth, TASK.classes), "relu", "softmax")


def gap_metrics(near: Near, name: object = None, what: str = "") -> dict[str, Metric]:
    """The metrics of both accuracies and of their difference, or of a part of that name and meaning."""
    seen, held, gap = _names(name)
    difference = Formula(f"{seen} minus {held}", lambda values, conditions: values[seen] - values[held])
    early, late = near
    return {
        seen: accuracy(f"accuracy on seen combinations, new samples{what}", TASK.test, near),
        held: accuracy(f"accuracy on held-out combinations{what}", TASK.test, near),
        gap: Metric(meaning=difference.text, low=-1.0, near=(2 * early, 2 * late), formula=difference),
    }


def rank_metric(near: Near, what: str = "") -> Metric:
    """The metric of the effective rank of the first layer's weights."""
    most = TASK.groups * TASK.group_size + 0.001
    return Metric(meaning=f"effective rank of the first layer's weights{what}", high=most, near=near, exact=False)


def accuracies(now: Snapshot, name: object = None) -> dict[str, F32]:
    """Accuracies [cells] on seen and on held-out combinations, or of a part of that name."""
    seen, held, _ = _names(name)
    return {seen: now.accuracy("id_test"), held: now.accuracy("ood_test")}


def _names(name: object) -> tuple[str, str, str]:
    seen, held, gap = ("id_accuracy", "ood_accuracy", "gap")
    return (seen, held, gap) if name is None else (part(seen, name), part(held, name), part(gap, name))
