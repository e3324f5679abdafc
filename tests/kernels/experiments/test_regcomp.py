"""regcomp: what each kind of regularization does to training, and how its claims read data."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import claims
from kernels.arrays import F64
from kernels.cells import Cell, CellResult
from kernels.claims import Table
from kernels.engine.contract import Block, Schedule
from kernels.engine.shapes import Optimizer
from kernels.experiment import compute
from kernels.experiments import regcomp
from kernels.experiments.regcomp import KINDS, WIDTH
from kernels.programs.initial import he_normal
from kernels.programs.orders import epoch_order
from tests.kernels import tiny

ROW = regcomp.EXPERIMENT
EXCHANGE = next(claim.statistic for claim in ROW.claims if "Which" in claim.text)
CELLS = [Cell(1000, {"width": 32, "regularization": kind}) for kind in KINDS]


@pytest.fixture(scope="module")
def trained() -> list[CellResult]:
    return compute(ROW, CELLS, tiny.engine("c"))


def test_the_row_has_the_published_claims() -> None:
    assert ROW.grid["width"] == (32, 64, 128, 256)
    assert {claim.finding for claim in ROW.claims} == {"#35"}
    baseline = {32: 0.693, 64: 0.685, 128: 0.678, 256: 0.676}
    for curve in ROW.curves:
        expected = baseline if (curve.metric, curve.line) == ("gap", "none") else {}
        assert curve.published == expected
        assert curve.where == {"regularization": curve.line}


@pytest.mark.parametrize(
    ("kind", "dropout", "l2"),
    [
        ("none", None, None),
        ("dropout_0.2", 0.2, None),
        ("dropout_0.4", 0.4, None),
        ("decay_0.01", None, 0.01),
        ("decay_0.05", None, 0.05),
        ("dropout_0.3_decay_0.01", 0.3, 0.01),
    ],
)
def test_the_first_epoch_is_what_the_kind_says(
    trained: list[CellResult], kind: str, dropout: float | None, l2: float | None
) -> None:
    """A schedule written by hand; what a kind lacks is absent there, not zero. Nothing drops where it is measured."""
    cell = CELLS[KINDS.index(kind)]
    network, engine = regcomp.network(cell.condition), tiny.engine("c")
    assert network.sizes == (20, 32, 32, 2)
    row = he_normal(network, 1000)
    block = Block(
        network,
        Optimizer("sgd"),
        np.array([1000], np.uint64),
        row[None].copy(),
        np.zeros((0, 1, len(row)), np.float32),
    )
    sizes = np.array([32] * 62 + [16], np.int32)
    data = regcomp.TASK.sets([cell])
    schedule = Schedule(
        0,
        sizes,
        epoch_order(1000, 2000, 0)[None],
        np.full((1, 63), 0.02, np.float32),
        l2=None if l2 is None else np.full((1, 63), l2, np.float32),
        dropout=None if dropout is None else np.array([dropout], np.float32),
    )
    engine.train(block, data["train"], schedule, 63)
    result = trained[KINDS.index(kind)]
    assert result.digests[1] == block.digests()[0]
    assert result.metrics["train_accuracy"][1] == np.float32(engine.evaluate(block, data["train"]).correct[0] / 2000)


def test_kinds_share_the_start_and_nothing_later(trained: list[CellResult]) -> None:
    assert len({result.digests[0] for result in trained}) == 1
    assert len({result.digests[1] for result in trained}) == len(KINDS)


def test_regularizing_keeps_networks_from_knowing_their_training_set(trained: list[CellResult]) -> None:
    loss = dict(zip(KINDS, (result.metrics["train_loss"][-1] for result in trained), strict=True))
    assert loss["none"] < loss["decay_0.01"] < loss["decay_0.05"]
    assert loss["none"] < loss["dropout_0.2"] < loss["dropout_0.4"]


def table(gaps: F64, without: int = -1) -> Table:
    """Final gaps [seeds, widths, kinds], in a strange order of rows, one of them left out if asked for."""
    rows = [(s, w, k) for k in range(len(KINDS)) for s in range(len(gaps))[::-1] for w in range(len(WIDTH.values))]
    if without >= 0:
        del rows[without]
    return Table(
        np.array([s for s, _, _ in rows]),
        {
            "width": np.array([WIDTH.values[w] for _, w, _ in rows]),
            "regularization": np.array([KINDS[k] for _, _, k in rows]),
        },
        {"gap": np.array([[9.0, gaps[row]] for row in rows], np.float32)},
    )


def drawn(means: F64, noise: float = 0.01) -> F64:
    gaps: F64 = means + noise * np.random.default_rng(1).standard_normal((12, len(WIDTH.values), len(KINDS)))
    return gaps


def verdicts(gaps: F64) -> list[str]:
    return [claims.verdict(claims.estimate(claim.statistic(table(gaps)))) for claim in ROW.claims]


def test_gaps_are_those_of_complete_seeds() -> None:
    gaps = drawn(np.full((len(WIDTH.values), len(KINDS)), 0.5))
    assert regcomp.gaps(table(gaps)) == pytest.approx(gaps, abs=1e-6)
    assert regcomp.gaps(table(gaps, without=0)) == pytest.approx(gaps[:-1], abs=1e-6)


def test_no_complete_seed_gives_no_statistic() -> None:
    gaps = drawn(np.full((len(WIDTH.values), len(KINDS)), 0.5))[:1]
    for claim in ROW.claims:
        assert claim.statistic(table(gaps, without=0)).shape == (0,)


def test_the_claims_hold_where_the_published_story_is_true() -> None:
    """Dropout .4 is best for narrow networks, weight decay .05 for wide ones."""
    means = np.full((4, 6), 0.6)
    means[:, 0] = 0.7
    means[:2, 2], means[2:, 4] = 0.4, 0.5
    assert verdicts(drawn(means)) == ["holds"] * 6


def test_the_claims_are_refuted_where_the_opposite_is_true() -> None:
    means = np.full((4, 6), 0.75)
    means[:, 0] = 0.7
    means[3, 1:3] = 0.5
    assert verdicts(drawn(means))[:5] == ["refuted", "refuted", "refuted", "holds", "refuted"]


def test_statistics_are_these_numbers_in_a_small_example() -> None:
    """Width 32: five kinds shrink .7 by .1, .2, .0, .0, .2; width 256: the first alone, by .05."""
    means = np.full((4, 6), 0.7)
    means[0, 1:] -= [0.1, 0.2, 0.0, 0.0, 0.2]
    means[3, 1] -= 0.05
    invented = table(drawn(means, noise=0.0))
    assert regcomp.shrinkage(32)(invented) == pytest.approx(np.full(12, 0.1), abs=1e-6)
    assert regcomp.shrinkage(256)(invented) == pytest.approx(np.full(12, 0.01), abs=1e-6)
    assert regcomp.interaction(invented) == pytest.approx(np.full(12, 0.15 - 0.025), abs=1e-6)
    # The narrow network's best takes .05 from the wide one, the wide one's best .1 from the narrow one.
    assert EXCHANGE(invented) == pytest.approx(np.full(12, (0.05 + 0.1) / 2), abs=1e-6)


def test_one_kind_best_at_every_width_changes_nothing() -> None:
    means = np.full((4, 6), 0.6)
    means[:, 3] = 0.4
    lost = EXCHANGE(table(drawn(means)))
    assert lost.tolist() == [0.0] * 12


def test_noise_alone_does_not_make_the_best_kind_change_with_width() -> None:
    """Choosing by the very seed that is then measured would give a large positive mean here."""
    equal = np.full((4, 6), 0.6)
    gaps = equal + 0.05 * np.random.default_rng(2).standard_normal((400, 4, 6))
    lost = EXCHANGE(table(gaps))
    assert abs(lost.mean()) < 0.01
    chosen_by_itself = gaps[:, 0].mean(1) - gaps[:, 0].min(1)
    assert chosen_by_itself.mean() > 0.05
