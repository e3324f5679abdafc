"""cellauto: what a run computes, where it goes on, what it costs, and what its claims are made of."""

from __future__ import annotations

import hashlib
import itertools
from typing import cast

import numpy as np
import pytest

from kernels import claims
from kernels.cells import Cell, CellResult, Condition
from kernels.claims import Table
from kernels.cost import default_units
from kernels.engine.contract import Engine
from kernels.engine.exact import automata
from kernels.engine.exact import library as exact_library
from kernels.engine.exact.automata import tables_of
from kernels.experiment import compute
from kernels.experiments import cellauto
from kernels.formats.workunit import Seeds, WorkUnit
from kernels.tasks import density
from tests.kernels import tiny
from tests.kernels.experiments import golden, runs
from tests.kernels.experiments.conformance import values

ROW = cellauto.EXPERIMENT
CONDITION: Condition = {"starts": "flat", "rules": "symmetric", "tournament": 4}
FREE: Condition = {"starts": "binomial", "rules": "free", "tournament": 4}


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of six generations, tested on fewer starts."""
    monkeypatch.setattr(cellauto, "GENERATIONS", 6)
    monkeypatch.setattr(cellauto, "MEASURED", (0, 2, 6))
    monkeypatch.setattr(cellauto, "TEST_STARTS", 640)


def run(condition: Condition, *seeds: int) -> list[CellResult]:
    return compute(ROW, [Cell(seed, condition) for seed in seeds], tiny.engine("c"))


def test_every_condition_has_its_cost_and_the_last_generation_is_measured() -> None:
    assert cellauto.MEASURED[-1] == cellauto.GENERATIONS
    assert set(cellauto.COMPUTED) == {tuple(c.values()) for c in unit().conditions}


def test_what_is_counted_and_what_is_never_above() -> None:
    tests = dict.fromkeys(("performance", "gkl", "majority", "constant"), 10240)
    counts = {"best_fitness": 128, "mean_fitness": 12_800, **tests, "diversity": 4950}
    assert {name: metric.samples for name, metric in ROW.metrics.items()} == counts
    assert ROW.metrics["mean_fitness"].at_most == "best_fitness"


def test_a_seed_is_longer_than_a_work_unit() -> None:
    """The one experiment on which cutting a seed's grid into parts is tried."""
    assert len(default_units(ROW, 0, seconds=20)) > 1


def unit() -> WorkUnit:
    return WorkUnit(ROW, Seeds(golden.SEED, 1))


@pytest.mark.usefixtures("short")
def test_the_first_measurement_is_of_the_first_rules_computed_plainly() -> None:
    (result,) = run(FREE, 11)
    rules, isa = density.rules(11, 100), exact_library.choose()
    starts = density.starts("binomial", 11, 128, (0, 0))
    majority = automata.unpack(starts).sum(1, dtype=np.int64) > 74
    ends = automata.run(isa, rules, starts, 320).states
    right = []
    for table, states in zip(tables_of(rules), ends, strict=True):
        lattices = automata.unpack(states)
        ones, zeros = lattices.all(1) & (table[127] == 1), ~lattices.any(1) & (table[0] == 0)
        right.append(int(np.where(majority, ones, zeros).sum()))
    assert result.metrics["best_fitness"][0] == np.float32(max(right) / 128)
    assert result.metrics["mean_fitness"][0] == np.float32(sum(right) / 12_800)
    tables = tables_of(rules).astype(np.int64)
    distances = [(tables[i] != tables[j]).sum() for i in range(100) for j in range(i)]
    assert result.metrics["diversity"][0] == pytest.approx(np.mean(distances))
    assert result.digests[0] == hashlib.blake2b(bytes(8) + rules.astype("<u8").tobytes(), digest_size=16).digest()


@pytest.mark.usefixtures("short")
def test_every_condition_gives_another_run_within_its_bounds() -> None:
    ends = set()
    for condition in unit().conditions:
        (result,) = run(condition, 3)
        ends.add(result.digests[-1])
        values.are_possible(ROW, {name: curve[None] for name, curve in result.metrics.items()}, [condition])
    assert len(ends) == 8


@pytest.mark.usefixtures("short")
def test_symmetric_rules_stay_symmetric_and_the_elite_is_kept() -> None:
    program = ROW.start([Cell(5, CONDITION)], tiny.engine("c"))
    before: set[bytes] = set()
    for _ in range(6):
        program.advance(1.0)
        tables = np.array(program.export()["tables"], dtype=np.uint8)
        assert np.array_equal(density.symmetric(tables), tables)
        assert not before or {row.tobytes() for row in tables[:20]} <= before
        before = {row.tobytes() for row in tables}


@pytest.mark.usefixtures("short")
def test_a_run_goes_on_from_any_generation_and_after_other_runs() -> None:
    cells = [Cell(seed, CONDITION) for seed in (1, 2)]
    engine = tiny.engine("c")
    program, done = ROW.start(cells, engine), [0.0]
    while program.done < program.work:
        program.advance(1.0)
        done.append(program.done)
        state, program = runs.from_checkpoint(program.export()), ROW.start(cells, engine)
        program.restore(state)
        assert program.done == done[-1]
    assert len(done) == 1 + 2 * 7
    assert all(a < b for a, b in itertools.pairwise(done))
    for row, cell in enumerate(cells):
        runs.same_bits(ROW, run(CONDITION, cell.seed)[0], program.export(), row)
    with pytest.raises(ValueError, match="does not belong"):
        ROW.start(cells[:1], engine).restore(program.export())


@pytest.mark.usefixtures("short")
def test_no_engine_is_used_and_no_metric_may_differ() -> None:
    (result,) = compute(ROW, [Cell(4, CONDITION)], cast("Engine", None))
    assert result.digests == run(CONDITION, 4)[0].digests
    assert {(metric.near, metric.exact) for metric in ROW.metrics.values()} == {((0.0, 0.0), True)}


@pytest.fixture(scope="module")
def whole() -> tuple[CellResult, float]:
    """A whole run, and the logical operations it took."""
    steps, real = [0], automata.run

    def counting(*arguments: object) -> automata.Ends:
        ends = real(*arguments)  # type: ignore[arg-type]
        steps[0] += int(ends.computed.sum())
        return ends

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(automata, "run", counting)
        (result,) = run(CONDITION, golden.SEED)
    return result, float(steps[0] * automata.OPERATIONS)


def test_operations_are_those_of_a_run(whole: tuple[CellResult, float]) -> None:
    claimed = ROW.course.work(CONDITION)
    assert claimed == pytest.approx(cellauto.WORTH * whole[1], rel=0.2)


def test_the_reference_rules_measure_what_is_published(whole: tuple[CellResult, float]) -> None:
    """Over all measurements of one run: 112,640 starts, standard error .0012."""
    shares = whole[0].metrics
    assert shares["gkl"].mean() == pytest.approx(0.816, abs=0.005)
    assert shares["majority"].max() < 0.001
    assert shares["constant"].mean() == pytest.approx(0.5, abs=0.006)


def test_evolution_climbs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Free rules start among constant-like ones and symmetric ones below; a few generations take them above both."""
    monkeypatch.setattr(cellauto, "GENERATIONS", 25)
    monkeypatch.setattr(cellauto, "MEASURED", (0, 25))
    (result,) = run(CONDITION, 1)
    assert result.metrics["performance"][0] < 0.4
    assert result.metrics["performance"][-1] > 0.7
    assert result.metrics["mean_fitness"][-1] > 2 * result.metrics["mean_fitness"][0]
    assert result.metrics["diversity"][-1] < 0.7 * result.metrics["diversity"][0]


def test_claims_and_curves_take_their_own_conditions() -> None:
    """Ten seeds in which free rules reach .65 from flat starts and .5 from others, symmetric ones .82 and .83."""
    level = {("flat", "free"): 0.65, ("binomial", "free"): 0.5, ("flat", "symmetric"): 0.82}
    rows = [(seed, c) for c in unit().conditions for seed in range(10)]
    final = [level.get((str(c["starts"]), str(c["rules"])), 0.83) + 1e-4 * seed for seed, c in rows]
    metrics = {name: np.zeros((80, 2), dtype=np.float32) for name in ROW.metrics}
    metrics["performance"][:, 1], metrics["gkl"][:, 1] = final, 0.816
    table = Table(
        np.array([seed for seed, _ in rows]), {axis: np.array([c[axis] for _, c in rows]) for axis in ROW.grid}, metrics
    )
    estimates = [claims.estimate(claim.statistic(table)) for claim in ROW.claims]
    means = [0.13445, -0.11855, 0.15, 0.17, 0.00445]
    assert [estimate.mean for estimate in estimates] == pytest.approx(means, abs=1e-6)
    assert {estimate.seeds for estimate in estimates} == {10}
    assert [claims.verdict(estimate) for estimate in estimates] == ["holds", "refuted", "holds", "holds", "holds"]
    points = claims.curve(table, ROW.curves[0])
    drawn = [estimate.mean for estimate in points.values()]
    assert drawn == pytest.approx([0.50045, 0.65045, 0.82045, 0.816, 0.83045], abs=1e-6)
