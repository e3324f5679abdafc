"""cellauto: what a run computes, its resumption, and what it finds wrong in invented numbers."""

from __future__ import annotations

import hashlib
import itertools
from typing import cast

import numpy as np
import pytest

from kernels import checkpoint, findings, workunit
from kernels.checkpoint import Checkpoint, Header
from kernels.cost import cost
from kernels.engine import automata, exact_library
from kernels.engine.automata import tables_of
from kernels.engine.seam import F32, Engine
from kernels.experiment import Cell, CellResult, Condition, State, compute
from kernels.experiments import EXPERIMENTS, cellauto
from kernels.findings import Table
from kernels.tasks import density
from kernels.workunit import Seeds, WorkUnit
from tests.kernels import tiny
from tests.kernels.experiments import golden

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
    return compute(ROW, [Cell(seed, condition) for seed in seeds], tiny.engine("exact"))


def saved(state: State) -> State:
    """A state as it comes back from a checkpoint."""
    header = Header(1, "ab" * 16, "0.1.0", "exact", "cpu", [2], {0: 1.0}, 0.0, 0.0)
    return checkpoint.decode(checkpoint.encode(Checkpoint(header, {0: state}))).states[0]


def test_the_row_is_in_the_registry() -> None:
    assert EXPERIMENTS["cellauto"] is ROW
    assert ROW.measurements == len(cellauto.MEASURED)
    assert cellauto.MEASURED[-1] == cellauto.GENERATIONS
    assert set(cellauto.COMPUTED) == {tuple(c.values()) for c in workunit.conditions(unit())}


def unit(**grid: list[int | float | str]) -> WorkUnit:
    return WorkUnit(workunit.FORMAT, "cellauto", ROW.version, Seeds(golden.SEED, 1), grid)


@pytest.mark.usefixtures("short")
def test_the_first_measurement_is_of_the_first_rules_computed_plainly() -> None:
    (found,) = run(FREE, 11)
    rules, isa = density.rules(11, 100), exact_library.choose()
    starts = density.starts("binomial", 11, 128, (0, 0))
    majority = automata.unpack(starts).sum(1, dtype=np.int64) > 74
    ends = automata.run(isa, rules, starts, 320).states
    right = []
    for table, states in zip(tables_of(rules), ends, strict=True):
        lattices = automata.unpack(states)
        ones, zeros = lattices.all(1) & (table[127] == 1), ~lattices.any(1) & (table[0] == 0)
        right.append(int(np.where(majority, ones, zeros).sum()))
    assert found.metrics["best_fitness"][0] == np.float32(max(right) / 128)
    assert found.metrics["mean_fitness"][0] == np.float32(sum(right) / 12_800)
    tables = tables_of(rules).astype(np.int64)
    distances = [(tables[i] != tables[j]).sum() for i in range(100) for j in range(i)]
    assert found.metrics["diversity"][0] == pytest.approx(np.mean(distances))
    assert found.digests[0] == hashlib.blake2b(bytes(8) + rules.astype("<u8").tobytes(), digest_size=16).digest()


@pytest.mark.usefixtures("short")
def test_every_condition_gives_another_run_within_its_bounds() -> None:
    ends = set()
    for condition in workunit.conditions(unit()):
        (found,) = run(condition, 3)
        ends.add(found.digests[-1])
        assert tiny.contradiction(ROW, found.metrics) is None
        for name, metric in ROW.metrics.items():
            assert found.metrics[name].shape == (3,)
            assert np.all((found.metrics[name] >= metric.low) & (found.metrics[name] <= metric.high))
    assert len(ends) == 8


@pytest.mark.usefixtures("short")
def test_symmetric_rules_stay_symmetric_and_the_elite_is_kept() -> None:
    program = cellauto.start([Cell(5, CONDITION)], tiny.engine("exact"))
    before = None
    for _ in range(6):
        program.advance(1.0)
        tables = program.export()["tables"]
        assert np.array_equal(density.symmetric(tables), tables)
        if before is not None:
            assert {row.tobytes() for row in tables[:20]} <= {row.tobytes() for row in before}
        before = tables.copy()


@pytest.mark.usefixtures("short")
def test_a_run_goes_on_from_anywhere_and_neighbours_do_not_matter() -> None:
    cells = [Cell(seed, CONDITION) for seed in (1, 2)]
    want = [found for seed in (1, 2) for found in run(CONDITION, seed)]
    engine = tiny.engine("exact")
    program, done = cellauto.start(cells, engine), [0.0]
    while program.done < program.work:
        program.advance(1.0)
        done.append(program.done)
        state, program = saved(program.export()), cellauto.start(cells, engine)
        program.restore(state)
        assert program.done == done[-1]
    assert len(done) == 1 + 2 * 7
    assert all(a < b for a, b in itertools.pairwise(done))
    state = program.export()
    for number, found in enumerate(want):
        assert [bytes(d) for d in state["digests"][number]] == list(found.digests)
        for name in ROW.metrics:
            assert state["metric/" + name][number].tobytes() == found.metrics[name].tobytes()
    with pytest.raises(ValueError, match="does not belong"):
        cellauto.start(cells[:1], engine).restore(state)


@pytest.mark.usefixtures("short")
def test_results_of_both_engine_classes_are_equal() -> None:
    """No engine is used, and no metric of class torch may differ."""
    cell = Cell(4, CONDITION)
    (found,) = compute(ROW, [cell], cast("Engine", None))
    assert found.digests == run(CONDITION, 4)[0].digests
    assert {(m.early, m.late, m.exact) for m in ROW.metrics.values()} == {(0.0, 0.0, True)}


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
        (found,) = run(CONDITION, golden.SEED)
    return found, float(steps[0] * automata.OPERATIONS)


def test_operations_are_those_of_a_run(whole: tuple[CellResult, float]) -> None:
    claimed = cost(unit(**golden.load("cellauto")["grid"])).operations
    assert claimed == pytest.approx(cellauto.WORTH * whole[1], rel=0.2)


def test_the_reference_rules_measure_what_is_published(whole: tuple[CellResult, float]) -> None:
    """Over all measurements of one run: 112,640 starts, standard error .0012."""
    found = whole[0].metrics
    assert found["gkl"].mean() == pytest.approx(0.816, abs=0.005)
    assert found["majority"].max() < 0.001
    assert found["constant"].mean() == pytest.approx(0.5, abs=0.006)


def test_evolution_climbs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Free rules start among constant-like ones and symmetric ones below; a few generations take them above both."""
    monkeypatch.setattr(cellauto, "GENERATIONS", 25)
    monkeypatch.setattr(cellauto, "MEASURED", (0, 25))
    (found,) = run(CONDITION, 1)
    assert found.metrics["performance"][0] < 0.4
    assert found.metrics["performance"][-1] > 0.7
    assert found.metrics["mean_fitness"][-1] > 2 * found.metrics["mean_fitness"][0]
    assert found.metrics["diversity"][-1] < 0.7 * found.metrics["diversity"][0]


@pytest.mark.parametrize(
    ("name", "unit"), [(n, 1 / 10240) for n in ("performance", "gkl", "majority", "constant")] + [("diversity", 1.0)]
)
def test_invented_counts_are_found(whole: tuple[CellResult, float], name: str, unit: float) -> None:
    metrics: dict[str, F32] = {n: m.copy() for n, m in whole[0].metrics.items()}
    assert tiny.contradiction(ROW, metrics) is None
    metrics[name][3] += np.float32(unit / 3e4 if name == "diversity" else unit / 3)
    assert name in str(tiny.contradiction(ROW, metrics))


def test_a_mean_above_the_best_is_found(whole: tuple[CellResult, float]) -> None:
    metrics: dict[str, F32] = {n: m.copy() for n, m in whole[0].metrics.items()}
    metrics["mean_fitness"][2] = metrics["best_fitness"][2] + np.float32(1 / 128)
    assert tiny.contradiction(ROW, metrics) == "mean_fitness is above best_fitness"


def test_claims_and_curves_take_their_own_conditions() -> None:
    """Ten seeds in which free rules reach .65 from flat starts and .5 from others, symmetric ones .82 and .83."""
    level = {("flat", "free"): 0.65, ("binomial", "free"): 0.5, ("flat", "symmetric"): 0.82}
    rows = [(seed, c) for c in workunit.conditions(unit()) for seed in range(10)]
    final = [level.get((str(c["starts"]), str(c["rules"])), 0.83) + 1e-4 * seed for seed, c in rows]
    metrics = {name: np.zeros((80, 2), dtype=np.float32) for name in ROW.metrics}
    metrics["performance"][:, 1], metrics["gkl"][:, 1] = final, 0.816
    table = Table(
        np.array([seed for seed, _ in rows]), {axis: np.array([c[axis] for _, c in rows]) for axis in ROW.grid}, metrics
    )
    found = {claim.finding: findings.estimate(claim.statistic(table)) for claim in ROW.claims}
    means = [0.13445, -0.11855, 0.15, 0.17, 0.00445]
    assert [of.mean for of in found.values()] == pytest.approx(means, abs=1e-6)
    assert {of.seeds for of in found.values()} == {10}
    assert [findings.verdict(of) for of in found.values()] == ["holds", "refuted", "holds", "holds", "holds"]
    points = findings.curve(table, ROW.curves[0])
    assert [of.mean for of in points.values()] == pytest.approx([0.50045, 0.65045, 0.82045, 0.816, 0.83045], abs=1e-6)
    assert set(ROW.curves[0].published) <= set(points)
