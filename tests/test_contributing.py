"""The experiment in CONTRIBUTING.md is one: all is asked of it that is asked of every row, and its claim is decided."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kernels import claims
from kernels.experiment import Experiment
from kernels.formats.workunit import Seeds, WorkUnit
from tests.kernels.experiments import golden, truth
from tests.kernels.experiments.conformance import computation, description, values
from tests.kernels.experiments.truth import Truth

CHECKS = (
    *values.CHECKS,
    *values.TRAINING_CHECKS,
    *computation.CHECKS,
    *computation.TRAINING_CHECKS,
    description.claims_and_curves_read_tables,
)
TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    names: dict[str, object] = {}
    exec(compile(code, "CONTRIBUTING.md", "exec"), names)
    row = names["EXPERIMENT"]
    assert isinstance(row, Experiment)
    return row


@pytest.fixture(scope="module")
def whole_grid(experiment: Experiment) -> Truth:
    return truth.compute(WorkUnit(experiment, Seeds(golden.SEED, 1)))


@pytest.mark.parametrize("check", description.CHECKS)
def test_it_describes_itself(check: Callable[[Experiment], None], experiment: Experiment) -> None:
    check(experiment)


@pytest.mark.parametrize("check", CHECKS)
def test_it_computes_what_it_must(check: Callable[[Truth], None], whole_grid: Truth) -> None:
    check(whole_grid)


def test_its_digests_do_not_depend_on_the_blocks(experiment: Experiment, whole_grid: Truth) -> None:
    narrow = truth.compute(WorkUnit(experiment, Seeds(golden.SEED, 1)), truth.NARROW)
    assert golden.digests(narrow.results) == golden.digests(whole_grid.results)


def test_its_claim_is_decided(experiment: Experiment) -> None:
    seeds = truth.compute(WorkUnit(experiment, Seeds(0, 8), {"depth": [1, 3]}))
    table = claims.Table(
        np.array([result.cell.seed for result in seeds.results]),
        {"depth": np.array([condition["depth"] for condition in seeds.conditions])},
        seeds.values,
    )
    estimate = claims.estimate(experiment.claims[0].statistic(table))
    assert estimate.seeds == 8
    assert claims.verdict(estimate) != "undecided"
    assert list(claims.curve(table, experiment.curves[0])) == [1, 3]


def test_every_file_and_command_that_it_names_is_there() -> None:
    """Paths of this repository, but those with the new experiment's NAME, and modules that are run."""
    root = Path(__file__).parents[1]
    for path in re.findall(r"`((?:kernels|tests|docs|benchmarks|wrapper|packaging)/[\w./]*)`", TEXT):
        assert "NAME" in path or (root / path).exists(), path
    for module in re.findall(r"python -m ((?:tests|benchmarks)[\w.]*\w)", TEXT):
        assert (root / (module.replace(".", "/") + ".py")).exists(), module
