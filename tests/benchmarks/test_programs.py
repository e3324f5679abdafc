"""Each benchmark really measures, once and small, and what it measured can be told."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks import checkpoint, dataset, fleet, invented, reaction, tables, tolerances, training, whetstone
from benchmarks.record import Measurement
from kernels.engine.exact.engine import ExactEngine
from kernels.engine.shapes import Network
from kernels.experiments import EXPERIMENTS
from kernels.formats import workunit
from kernels.formats.workunit import Seeds, WorkUnit
from server_validator.dataset import query
from server_validator.ledger import Ledger, standing
from tests.benchmarks.records import record
from tests.server_validator.boinc import mariadb


def values(measurements: list[Measurement]) -> list[float]:
    return [value for measurement in measurements for value in measurement.values]


def test_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the libraries that take seconds to load; each contender does as many steps as it says."""
    monkeypatch.setattr(training, "LEAST", 0.0)
    training.check(4)
    works = {
        "fused multiply-adds": training.fused_multiply_adds(1000),
        **training.large_matrices(),
        "exact": training.ours(ExactEngine(), 4),
        "exact, one network": training.ours(ExactEngine(), 4, networks=1),
    }
    steps = Network((training.INPUTS, 4, 4, training.CLASSES)).training_flops(training.BATCH)
    assert works["exact"].operations == works["exact, one network"].operations
    assert works["exact"].operations == steps * training.STEPS * training.EPOCHS
    with ThreadPoolExecutor(2) as pool:
        works |= {f"side by side, {threads}": training.side_by_side(4, threads, pool) for threads in (1, 2)}
        measurements = training.measure(works, 1, 4, [1] * 5 + [1, 2])
    assert min(values(measurements)) > 0
    assert [m.operations for m in measurements] == [contender.operations for contender in works.values()]
    assert tables.speed(record(*measurements)).count("| 4 |") == 1
    assert "times as fast" in " ".join(tables.speed_alone(record(*measurements)).split())


def test_checkpoint(tmp_path: Path) -> None:
    unit = checkpoint.largest(width=[32], depth=[1])
    measurements = checkpoint.run({"narrow": unit}, [2], 1, tmp_path)
    assert {m.labels["what"] for m in measurements} == {"load", "encode", "save", "idle", "size"}
    assert min(values(measurements)) > 0
    idle = record(*measurements).only(what="idle")
    assert max(idle.values) < 60  # seconds: what is between two slices, not between a slice and the boot of the machine
    assert "nearly finished" in tables.checkpoints(record(*measurements))


def test_reaction() -> None:
    measurements = reaction.run([1], 2)
    assert min(values(measurements)) > 0
    assert "abort, process gone" in tables.reaction(record(*measurements))


def test_fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "TRIES", 1)
    monkeypatch.setattr(fleet, "TOGETHER", 2)
    monkeypatch.setattr(fleet, "default_units", lambda experiment, first: [WorkUnit(experiment, Seeds(first, 3))])
    unit, of = fleet.computed(tmp_path, "compgen", 0.001)
    assert unit.seeds.count == 1
    assert fleet.computed(tmp_path, "compgen", 0.001)[1].checksum == of.checksum, "it is computed once"
    with mariadb.started(tmp_path) as port:
        measurements = fleet.measured(fleet.project(tmp_path / "project", port), port, unit, of)
    assert min(values(measurements)) > 0
    made = record(*measurements)
    assert made.only(what="volunteer").median == pytest.approx(3 * of.header.timings.cpu)
    assert "| compgen | 72 |" in tables.fleet_costs(made)
    assert "One server core serves" in tables.fleet(made)


def test_whetstone(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the figure of BOINC's client, which takes a minute and an idle machine."""
    monkeypatch.setattr(whetstone, "BLOCKS", 2)
    monkeypatch.setattr(whetstone, "SECONDS", 0.1)
    measurements = whetstone.pace(EXPERIMENTS["compgen"])
    assert min(values(measurements)) > 0
    made = record(Measurement({"what": "whetstone"}, "operations/s", [5e9, 6e9]), *measurements)
    assert tables.projected_scale(made) == pytest.approx(tables.paces(made)["compgen"] / 5.5e9)
    assert "right within a factor of 1.0" in tables.projected(made)


def test_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ROUNDS", "FINDINGS_ROUNDS"):
        monkeypatch.setattr(dataset, name, 1)
    monkeypatch.setattr(invented, "RESULT_CELLS", 300)
    invented.fill(tmp_path, 130)
    invented.store(tmp_path, 26 * 300)
    monkeypatch.setattr(dataset, "LOOKED_AT", ("compgen", "microscale"))
    with Ledger(tmp_path) as ledger:
        assert set(Counter(unit.experiment for unit in standing.units(ledger)).values()) == {12}
        assert {unit.standing for unit in standing.units(ledger)} == {"stored", "checked"}
    for experiment in EXPERIMENTS.values():
        contents = query.load(tmp_path, experiment)
        assert 0 < len(contents.table.seed) <= 600
        assert contents.left_out.incomplete_seeds == 0
        assert not contents.left_out.unsound
    measurements = [
        *dataset.interval(2000),
        *dataset.ledger(tmp_path, 130),
        *dataset.findings(tmp_path, 26 * 300),
    ]
    assert min(values(measurements)) > 0
    assert "An interval over 2,000 seeds" in " ".join(tables.dataset(record(*measurements)).split())


def test_tolerances() -> None:
    experiment = EXPERIMENTS["compgen"]
    grid = tolerances.narrowed("compgen", ["width=32"])
    unit = workunit.WorkUnit(experiment, workunit.Seeds(900_000, 1), grid)
    whole = record(*tolerances.apart(unit))
    early = whole.only(run="started one ulp off", what="train_loss").values[: experiment.early]
    assert 0 < max(early) <= experiment.metrics["train_loss"].near[0]
    assert whole.only(run="started one ulp off", what="share of cells with the same bits").values == [0.0]
