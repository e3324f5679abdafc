"""True results of small work units: cheap cells of every experiment, computed once by the exact engine."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from kernels import plan, result, workunit
from kernels.engine.exact_engine import ExactEngine
from kernels.engine.seam import Engine, EngineClass
from kernels.experiment import Cell, CellResult, Experiment, Value, compute
from kernels.experiments import EXPERIMENTS
from kernels.result import Device, Result, Timings
from kernels.workunit import Seeds, WorkUnit
from tests.kernels import tiny

FIRST = 1000
# The narrowed grid whose cells take a fraction of a second each, and how many seeds of it are computed.
CHEAP: dict[str, tuple[dict[str, list[Value]], int]] = {
    "compgen": ({"width": [32], "depth": [1, 2], "learning_rate": [0.01, 0.05]}, 2),
    "prunecomp": ({"width": [64]}, 2),
    "regcomp": ({"width": [32], "regularization": ["none", "dropout_0.2", "decay_0.01"]}, 2),
    "featcomp": ({"width": [32], "learning_rate": [0.01]}, 1),
    "memdyn": ({"corruption": [0.0]}, 1),
    "curriculum": ({"order": ["random", "easy_first"], "width": [32], "learning_rate": [0.005]}, 2),
    "microscale": ({"width": [8], "depth": [1], "fraction": [0.05]}, 1),
    "repalign": ({"width": [32], "second": [0]}, 1),
    "featrank": ({"width": [32]}, 1),
    "neuronspec": ({"width": [32]}, 2),
    "batchsize": ({"batch": [512], "learning_rate": [0.0625]}, 1),
    "infobottleneck": ({"network": ["relu"]}, 1),
    "cellauto": ({"starts": ["binomial"], "rules": ["free"], "tournament": [2]}, 1),
}


def unit(name: str, first: int = FIRST, count: int | None = None, **grid: list[Value]) -> WorkUnit:
    """A work unit of cheap cells: all of them, unless seeds or axes say otherwise."""
    cheap, seeds = CHEAP[name]
    return WorkUnit(workunit.FORMAT, name, EXPERIMENTS[name].version, Seeds(first, count or seeds), cheap | grid)


@functools.cache
def _computed(name: str) -> dict[str, CellResult]:
    experiment, engine = EXPERIMENTS[name], ExactEngine()
    blocks = plan.blocks(experiment, workunit.cells(unit(name)), 1 << 20)
    return {repr(found.cell): found for block in blocks for found in compute(experiment, block, engine)}


def remembered(experiment: Experiment, cells: Sequence[Cell], engine: Engine | None = None) -> list[CellResult]:
    """As `kernels.experiment.compute`, of cheap cells alone and by memory: each is computed once in a process."""
    return [_computed(experiment.name)[repr(cell)] for cell in cells]


def answer(
    of: WorkUnit,
    app_version: str = "0.1.0",
    engine: EngineClass = "exact",
    device: Device = tiny.DEVICE,
    timings: Timings = tiny.TIMINGS,
) -> Result:
    """The true result of a work unit of cheap cells, with the header that a host gives it."""
    cells = remembered(EXPERIMENTS[of.experiment], workunit.cells(of))
    return result.build(of, cells, app_version, engine, device, timings)


# What is true of a file's structure, as the independent msgpack library reads it; without the code that validates.


def assert_possible(tree: dict[str, Any], of: WorkUnit) -> None:
    """It has the work unit's cells in their order with the experiment's metrics, all within their bounds."""
    experiment, device = EXPERIMENTS[of.experiment], tree["device"]
    for word in (tree["app_version"], device["platform"]):
        assert re.fullmatch(r"[a-z0-9_.+-]{1,64}", word)
    assert re.fullmatch(r"[ -~]{1,64}", device["name"])
    assert device["kind"] in ("cpu", "cuda")
    assert 1 <= device["threads"] <= 4096
    assert all(0 <= seconds <= 1e9 for seconds in tree["timings"].values())
    assert (tree["experiment"], tree["version"]) == (of.experiment, of.version)
    wanted = [(cell.seed, cell.condition) for cell in workunit.cells(of)]
    assert repr([(cell["seed"], cell["condition"]) for cell in tree["cells"]]) == repr(wanted)  # 1 is not 1.0
    for cell in tree["cells"]:
        assert list(cell["metrics"]) == list(experiment.metrics)
        assert [len(digest) for digest in cell["digests"]] == [16] * experiment.measurements
        for name, array in cell["metrics"].items():
            values, metric = np.frombuffer(array["data"], "<f4"), experiment.metrics[name]
            assert array["shape"] == [experiment.measurements] == list(values.shape)
            assert all(metric.low <= float(value) <= metric.high for value in values)


def assert_true(tree: dict[str, Any], of: WorkUnit) -> None:
    """It says what the work unit's cells compute to.

    In class exact bit for bit, but for metrics of linear algebra, whose relative difference is at most 1e-6; in class
    torch the state before training is, and the metrics are within their tolerances.
    """
    assert_possible(tree, of)
    experiment, exact = EXPERIMENTS[of.experiment], tree["engine"] == "exact"
    for cell, true in zip(tree["cells"], remembered(experiment, workunit.cells(of)), strict=True):
        assert cell["digests"][: None if exact else 1] == list(true.digests)[: None if exact else 1]
        for name, metric in experiment.metrics.items():
            data, curve = cell["metrics"][name]["data"], true.metrics[name]
            if exact and metric.exact:
                assert data == np.asarray(curve, "<f4").tobytes(), f"{name} is not what is computed, bit for bit"
                continue
            mine, theirs = np.frombuffer(data, "<f4").astype(float), np.asarray(curve, float)
            by_time = np.where(np.arange(len(mine)) < experiment.early, metric.early, metric.late)
            allowed = 1e-6 * np.abs(mine) if exact else by_time
            assert (np.abs(mine - theirs) <= allowed).all(), f"{name} is too far from what is computed"
