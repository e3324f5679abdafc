"""featcomp: what it measures of each group of inputs, and how its claims are computed."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.arrays import F32, F64
from kernels.cells import Cell, CellResult, Condition
from kernels.claims import Table, curve, estimate, verdict
from kernels.experiment import compute
from kernels.experiments import featcomp
from kernels.programs.initial import he_normal
from kernels.tasks import features
from tests.kernels import tiny
from tests.kernels.experiments import runs

CONDITION: Condition = {"width": 32, "learning_rate": 0.1}
ROW = featcomp.EXPERIMENT
SEED = 1000


@pytest.fixture(scope="module")
def trained() -> CellResult:
    (result,) = compute(ROW, [Cell(SEED, CONDITION)], tiny.engine("c"))
    return result


def table(**metrics: F32) -> Table:
    """Invented rows of one seed each: metric=[rows, measurements]."""
    rows = len(next(iter(metrics.values())))
    return Table(np.arange(rows), {"width": np.full(rows, 32), "learning_rate": np.full(rows, 0.1)}, metrics)


def test_the_row_is_the_published_experiment() -> None:
    assert ROW.grid == {"width": (32, 64, 128, 256), "learning_rate": (0.01, 0.05, 0.1)}
    assert [(g.name, g.size, g.ratio) for g in featcomp.TASK.groups] == [
        ("strong", 5, 3.0),
        ("medium", 5, 1.0),
        ("weak", 10, 0.3),
    ]
    assert (featcomp.TASK.train, featcomp.TASK.test) == (1000, 300)
    assert set(range(0, 301, 20)) <= set(featcomp.MEASURED)
    assert featcomp.MEASURED[-1] == 300
    assert featcomp.network(CONDITION).sizes == (20, 32, 32, 32, 1)
    assert {claim.finding for claim in ROW.claims} == {"#27"}
    assert [ROW.metrics[f"only_{group}"].samples for group in featcomp.GROUPS] == [300] * 3


def test_it_learns_the_label_and_more_of_it_from_strong_inputs(trained: CellResult) -> None:
    curves = trained.metrics
    assert curves["train_accuracy"][-1] > 0.99
    assert curves["train_loss"][-1] < 0.02
    assert curves["test_accuracy"][-1] > 0.93
    assert curves["only_strong"][-1] > curves["only_medium"][-1] > curves["only_weak"][-1] > 0.55
    assert curves["gradient_ratio"][0] > 2
    assert curves["gradient_ratio"][-1] < 1.3, "what was strong is learned, and starved in its turn"
    assert curves["probe_strong"][-1] > curves["probe_weak"][-1]
    assert np.all(np.diff(curves["weight_norm_4"][5:]) > 0)


def test_the_first_measurement_by_hand(trained: CellResult) -> None:
    """Losses, gradients and norms of the untrained network, in float64 from their definitions."""
    network = featcomp.network(CONDITION)
    row = he_normal(network, SEED).astype(np.float64)
    split = features.make(featcomp.TASK, SEED)
    weights = [row[layer.weights].reshape(layer.outputs, layer.inputs) for layer in network.layers]

    def forward(x: F32) -> list[F64]:
        hidden = [x.astype(np.float64)]
        for w in weights[:-1]:
            hidden.append(np.maximum(w @ hidden[-1], 0))  # biases are zero
        return [*hidden, weights[-1] @ hidden[-1]]

    *hidden, output = forward(split["train"].x)
    y = split["train"].y
    assert trained.metrics["train_loss"][0] == pytest.approx(np.log1p(np.exp(np.where(y > 0, -output, output))).mean())
    back = (1 / (1 + np.exp(-output)) - y) / featcomp.TASK.train
    for w, h in zip(weights[:0:-1], hidden[:0:-1], strict=True):
        back = (w.T @ back) * (h > 0)
    norms = np.sqrt(((back @ hidden[0].T) ** 2).sum(0))
    for name, inputs in (("strong", norms[:5]), ("medium", norms[5:10]), ("weak", norms[10:])):
        assert trained.metrics[f"gradient_{name}"][0] == pytest.approx(inputs.mean(), rel=1e-4)
        right = (forward(split[f"only_{name}"].x)[-1] > 0) == (split["test"].y > 0.5)
        assert trained.metrics[f"only_{name}"][0] == pytest.approx(right.mean(), abs=1.5 / 300)
    assert trained.metrics["gradient_ratio"][0] == pytest.approx(norms[:5].mean() / norms[10:].mean(), rel=1e-4)
    for number, w in enumerate(weights, 1):
        assert trained.metrics[f"weight_norm_{number}"][0] == pytest.approx(np.linalg.norm(w), rel=1e-6)


def test_without_any_gradient_neither_group_is_favoured() -> None:
    """Units of the last hidden layer that never answer let no gradient through."""
    cells = [Cell(1, CONDITION)]
    program = ROW.start(cells, tiny.engine("c"))
    params = he_normal(featcomp.network(CONDITION), 1)
    params[featcomp.network(CONDITION).layers[2].biases] = -1e6
    program.restore(program.export() | {"params": params[None]})
    before = runs.until(program, 1)
    assert before["metric/gradient_strong"][0, 0] == before["metric/gradient_weak"][0, 0] == 0
    assert before["metric/gradient_ratio"][0, 0] == 1


def test_the_mean_ratio_is_over_every_20_epochs() -> None:
    ratios = np.full((1, ROW.measurements), 100.0, dtype=np.float32)
    published = [featcomp.MEASURED.index(epoch) for epoch in range(0, 301, 20)]
    ratios[0, published] = np.arange(16)
    assert featcomp.mean_ratio(table(gradient_ratio=ratios)).tolist() == [7.5]


def test_a_group_is_learned_when_half_of_what_it_gives_stays() -> None:
    last = ROW.measurements - 1
    curves = np.full((5, ROW.measurements), 0.9, dtype=np.float32)
    curves[0, :3] = 0.69
    curves[1, :3] = 0.71
    curves[2, [0, 9]] = 0.4  # forgotten again after 20 epochs
    curves[3, :] = 0.5  # never learned
    curves[4, :last] = 0.55
    assert featcomp.learned("weak")(table(only_weak=curves)).tolist() == [3.0, 0.0, 40.0, 300.0, 300.0]


def test_claims_hold_for_data_made_to_hold_and_not_for_the_contrary() -> None:
    early = np.full((10, ROW.measurements), 0.9, dtype=np.float32)
    late = early.copy()
    late[:, :4] = 0.5
    more = np.full((10, ROW.measurements), 1.4, dtype=np.float32)
    good = table(gradient_ratio=more, only_strong=early, only_weak=late)
    bad = table(gradient_ratio=np.float32(1) / more, only_strong=late, only_weak=early)
    for claim in ROW.claims:
        assert verdict(estimate(claim.statistic(good))) == "holds"
        assert verdict(estimate(claim.statistic(bad))) == "refuted"
    assert ROW.claims[0].statistic(good) == pytest.approx(np.full(10, 0.4))
    level = table(gradient_ratio=more, only_strong=late, only_weak=late)
    assert verdict(estimate(ROW.claims[1].statistic(level))) == "undecided"


def test_curves_are_of_means_over_training_and_of_groups() -> None:
    more = np.full((3, ROW.measurements), 2.0, dtype=np.float32)
    late = np.full((3, ROW.measurements), 0.9, dtype=np.float32)
    late[:, :4] = 0.5
    invented = table(gradient_ratio=more, only_strong=more, only_medium=late, only_weak=late)
    ratios, learned = (curve(invented, drawn) for drawn in ROW.curves)
    assert {width: estimate.seeds for width, estimate in ratios.items()} == {32: 3, 64: 0, 128: 0, 256: 0}
    assert ratios[32].mean == 2.0
    assert {group: estimate.mean for group, estimate in learned.items()} == {"strong": 0.0, "medium": 4.0, "weak": 4.0}
