"""Each benchmark really measures, once and small, and what it measured can be told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks import checkpoint, reaction, tables, tolerances, training, validator
from benchmarks.record import Measurement
from kernels.engine.exact.engine import ExactEngine
from kernels.engine.shapes import Network
from kernels.experiments import EXPERIMENTS
from kernels.formats import workunit
from tests.benchmarks.records import record


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


def test_validator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validator, "ROUNDS", 1)
    measurements = [*validator.start(), *validator.measure("compgen")]
    assert min(values(measurements)) > 0
    assert "| compgen |" in tables.checking_costs(record(*measurements))
    assert "a check starts in" in " ".join(tables.checking(record(*measurements)).split())


def test_tolerances() -> None:
    experiment = EXPERIMENTS["compgen"]
    grid = tolerances.narrowed("compgen", ["width=32"])
    unit = workunit.WorkUnit(experiment, workunit.Seeds(900_000, 1), grid)
    whole = record(*tolerances.apart(unit))
    early = whole.only(run="started one ulp off", what="train_loss").values[: experiment.early]
    assert 0 < max(early) <= experiment.metrics["train_loss"].near[0]
    assert whole.only(run="started one ulp off", what="share of cells with the same bits").values == [0.0]
