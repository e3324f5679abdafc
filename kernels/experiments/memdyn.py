"""memdyn: are clean labels learned before corrupted ones? (finding #26).

A network learns a mixture of ten clouds of which a share of the training labels was replaced by wrong ones. After every
epoch its answers are counted on the clean and on the corrupted part of the training set, and on a clean test set. After
Arpit et al., "A closer look at memorization in deep networks" (ICML 2017). docs/experiments/memdyn.md gives the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kernels.arrays import F64
from kernels.cells import Axis, Condition
from kernels.claims import Claim, Curve, Table, averaged, first_epoch, first_peak, from_then_on, measured, once
from kernels.engine.shapes import Network
from kernels.experiment import Experiment
from kernels.measures import recorded_loss, share
from kernels.metrics import ROUNDING, Values, accuracy, fit, loss
from kernels.programs import Measured, Snapshot, TrainingCourse
from kernels.tasks import clouds

CORRUPTION = Axis("corruption", (0.0, 0.15, 0.3, 0.45, 0.6))
CORRUPTED = tuple(level for level in CORRUPTION.values if level)

# Published: two hidden layers, five levels from 0 to 60 %, every epoch. The levels are spaced evenly. Ten classes, so
# that the true one stays the most frequent at every level; the separation is the one value calibrated, for a test
# accuracy of .868 without corruption. Width 128 learns every label, so that memorization has an end that can be seen.
TASK = clouds.Clouds(classes=10, dimensions=20, separation=3.25, train=1000, test=1000, corruption=CORRUPTION)
NETWORK = Network((TASK.dimensions, 128, 128, TASK.classes), "relu", "softmax")
RATE, BATCH = 0.05, 32
MEASURED = tuple(range(101))  # epochs


def wrong(condition: Condition) -> int:
    """How many training labels are corrupted."""
    return clouds.corrupted_count(TASK.train, CORRUPTION.of(condition))


# Largest differences over 10 cells started one ulp apart, by `python -m benchmarks.tolerances memdyn --seeds 2`: losses
# 1e-7 early, .025 late; accuracies 0, .022.
METRICS = {
    "train_loss": loss("mean cross-entropy on the labels shown", near=(1e-4, 0.1)),
    **{
        f"{part}_accuracy": accuracy(f"share of {part} training samples given {what}", samples, near=(0.0041, 0.08))
        for part, what, samples in (
            ("clean", "their label", lambda at: TASK.train - wrong(at)),
            ("corrupted", "their wrong label, 0 if there are none", lambda at: max(wrong(at), 1)),
            ("recovered", "their true class, of corrupted ones, 0 if there are none", lambda at: max(wrong(at), 1)),
        )
    },
    **fit("test", TASK.test, "the test set", loss_near=(1e-4, 0.1), near=(0.0041, 0.08)),
}


def measure(now: Snapshot) -> Measured:
    """Every metric [cells]."""
    answers = now.activations("train", len(NETWORK.layers) - 1).argmax(1)  # [cells, samples], as the next two
    shown, true = (now.sets[name].y.argmax(1)[now.sets[name].task] for name in ("train", "true"))
    corrupted, learned = shown != true, answers == shown
    count = corrupted.sum(1)
    return {
        "train_loss": recorded_loss(now.evaluate("train").loss),
        "clean_accuracy": share((learned & ~corrupted).sum(1), TASK.train - count),
        "corrupted_accuracy": share((learned & corrupted).sum(1), np.maximum(count, 1)),
        "recovered_accuracy": share(((answers == true) & corrupted).sum(1), np.maximum(count, 1)),
        **now.fit("test"),
    }


def relations(values: Values, conditions: Sequence[Condition]) -> str | None:
    """No more corrupted samples are answered, rightly or as shown, than there are."""
    most = np.array([[float(wrong(condition) > 0)] for condition in conditions], dtype=np.float32)
    if np.any(values["corrupted_accuracy"] + values["recovered_accuracy"] > most * ROUNDING):
        return "corrupted_accuracy and recovered_accuracy are of more samples than there are"
    return None


@once
def onset(table: Table) -> F64:
    """The epoch [rows] from which on corrupted labels are answered as shown more often than by guessing, for good."""
    return first_epoch(from_then_on(table.metrics["corrupted_accuracy"] > 1.0 / TASK.classes), MEASURED)


@once
def lead(table: Table) -> F64:
    """Epochs [rows] by which half of the clean labels are first learned before half of the corrupted ones."""
    half = [first_epoch(table.metrics[f"{part}_accuracy"] >= 0.5, MEASURED) for part in ("corrupted", "clean")]
    return half[0] - half[1]


EXPERIMENT = Experiment(
    name="memdyn", title="memorization dynamics", version=1,
    question="are clean labels learned before corrupted ones?",
    answer="#26 holds at every level",
    axes=(CORRUPTION,), metrics=METRICS, early=2,  # before training and after one epoch
    course=TrainingCourse(
        network=lambda condition: NETWORK, task=TASK, batch=BATCH, rate=RATE, measured=MEASURED, measure=measure,
        measure_work=lambda network: network.forward_flops(2 * TASK.train + TASK.test),
        own_data=True,  # every level has its own training labels, and keeps a copy of the inputs
    ),
    relations=relations,
    curves=tuple(
        Curve(
            title=f"{title} by corruption", axis="corruption", metric=metric, label=label,
            points={level: averaged(rows, {"corruption": level}) for level in levels},
            published={0.0: 0.868, 0.6: 0.480} if metric == "test_accuracy" else {},
        )
        for title, metric, label, rows, levels in (
            ("Test accuracy after training", "test_accuracy", "test accuracy after the last epoch",
             measured("test_accuracy"), CORRUPTION.values),
            ("Lead of the clean part", "lead", "epochs from half clean to half corrupted", lead, CORRUPTED),
            ("Onset of memorization", "onset", "epoch of onset", onset, CORRUPTED),
            ("Epoch of best test accuracy", "best_epoch", "epoch of best test accuracy",
             once(lambda table: first_peak(table.metrics["test_accuracy"], MEASURED)), CORRUPTION.values),
        )
    ),
    claims=tuple(
        Claim(
            finding="#26", text=f"With {level:.0%} of the labels corrupted, clean ones are learned first",
            published="at every level, no figure published",
            statistic=averaged(lead, {"corruption": level}),
            unit="epochs from half of the clean labels learned to half of the corrupted ones",
        )
        for level in CORRUPTED
    ),
)  # fmt: skip
