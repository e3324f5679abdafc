"""Findings of invented cells, of any experiment and as many seeds as a test wants: nothing is computed for them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kernels.claims import Table
from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS
from server_validator.dataset.doubles import Disagreement
from server_validator.dataset.schema import Held
from server_validator.ledger.verdicts import TakenBack
from server_validator.reporting import alarms, findings, numbers, report
from server_validator.reporting.gathering import Gathered
from server_validator.reporting.report import Report

NEWEST = 1_795_867_200.0  # 28 November 2026, noon in UTC
HOSTILE = "</li><script>alert(1)</script>\u202e\x1b[31m"
ONE, OTHER = (
    Held(f"{host:032x}", 24, "compgen_1_0_8", 7, upload, host, "0.1.0", "c", "exact")
    for host, upload in ((12, "compgen_1_0_8_0_r77_0"), (4711, f"compgen_1_0_8_1_r9_0{HOSTILE}"))
)
DISAGREEMENT = Disagreement(ONE, OTHER, 3)
TAKEN_BACK = TakenBack("compgen_1_8_8_0_r5_0", 666, "compgen_1_8_8", f"cell 7 computes to other digests {HOSTILE}")


def table(row: Experiment, seeds: int, salt: int = 0) -> Table:
    """A table of the experiment's whole grid, its values rising with the condition, and with noise."""
    draw = np.random.default_rng([salt, len(row.name)])
    conditions = list(itertools.product(*row.grid.values()))
    count = len(conditions)
    level = np.tile(np.linspace(0.3, 0.6, count), seeds) + 0.03 * draw.standard_normal(seeds * count)
    times = np.linspace(0.3, 1.0, row.measurements)
    metrics = {}
    for name, metric in row.metrics.items():
        low, high = max(metric.low, 0.001), min(metric.high, 50.0)
        shares = 1 - level[:, None] * times if "loss" in name else level[:, None] * times
        metrics[name] = (low + min(high - low, 1.0) * np.clip(shares, 0.001, 1)).astype(np.float32)
    columns = [np.array([condition[axis] for condition in conditions] * seeds) for axis in range(len(row.grid))]
    return Table(np.repeat(np.arange(seeds), count), dict(zip(row.grid, columns, strict=True)), metrics)


@functools.cache
def gathered(name: str, seeds: int = 8, salt: int = 0) -> Gathered:
    """An experiment of which nothing is left out, by hosts 1 to 20."""
    return Gathered(
        findings=findings.of(EXPERIMENTS[name], table(EXPERIMENTS[name], seeds, salt)),
        rests_on=[],
        sentences=[],
        near=False,
        left_out={},
        hosts=frozenset(range(1, 21)),
        unknown_hosts=False,
        disagreements=[],
        taken_back=[],
        newest=NEWEST,
    )


def alarming(name: str) -> Gathered:
    """An experiment of which two hosts disagree and a result was taken back, with names that mean harm."""
    said = ["3 of 8 seeds incomplete", f"  /results/work_unit{HOSTILE}.parquet: damaged"]
    found = replace(gathered(name), sentences=said, unknown_hosts=True)
    return replace(found, disagreements=[DISAGREEMENT], taken_back=[TAKEN_BACK])


def composed(found: Sequence[Gathered], last: Sequence[Gathered] | None = None, near: bool = False) -> Report:
    """A report of these findings, compared with that on others."""
    said = [alarm for one in found for alarm in alarms.of(one)]
    before = numbers.kept("2026-10-03", last, []) if last is not None else None
    now = numbers.kept("2026-11-28", found, said)
    return report.compose(found, said, now, before, "This is the first report.", "2026-11-29", near)
