"""Everything that is asked of every experiment, over the registry: a new row is asked all of it."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable

import pytest

from kernels.engine.exact import library
from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS
from kernels.programs import EvolutionCourse
from tests.kernels.experiments import golden, readme, truth
from tests.kernels.experiments.conformance import computation, description, files, values
from tests.kernels.experiments.truth import Truth

NAMES = tuple(EXPERIMENTS)
TRAINED = tuple(name for name in NAMES if not isinstance(EXPERIMENTS[name].course, EvolutionCourse))
"""Those that use an engine."""
# The scalar build would take minutes here; tests/kernels/engine compares it on smaller programs.
ISAS = [isa for isa in library.available() if isa != "scalar"] or ["scalar"]
OTHERWISE = list(zip(ISAS[1:] or ISAS, itertools.chain([truth.NARROW], itertools.repeat(truth.WIDE)), strict=False))
"""Every other instruction set, one of them with blocks of one cell."""


@functools.cache
def truth_of(name: str) -> Truth:
    """The golden work unit's results, computed once, with the fastest instruction set and wide blocks."""
    return truth.compute(golden.unit(name))


@pytest.fixture(params=NAMES)
def experiment(request: pytest.FixtureRequest) -> Experiment:
    return EXPERIMENTS[request.param]


# --- what the row says, and what stands beside it


def test_the_registry_has_each_row_by_its_name() -> None:
    assert all(name == row.name for name, row in EXPERIMENTS.items())
    assert {path.stem for path in files.CODE.glob("*.py")} == {*NAMES, "__init__"}, "a file that is no row"


@pytest.mark.parametrize("check", [*description.CHECKS, *files.CHECKS])
def test_the_row_and_its_files(check: Callable[[Experiment], None], experiment: Experiment) -> None:
    check(experiment)


def test_the_table_in_readme_is_that_of_the_registry() -> None:
    table = readme.table_in(readme.README.read_text(encoding="utf-8"))
    assert table == readme.table(), "write it by: python -m tests.kernels.experiments.generate"


def test_the_median_experiment_is_short() -> None:
    files.codes_are_short_as_a_rule([*NAMES])


# --- what it computes; of one experiment after the other, so that true results are computed once


CHECKS = (
    files.results_are_the_golden_ones,
    *values.CHECKS,
    *computation.CHECKS,
    description.claims_and_curves_read_tables,
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("check", CHECKS)
def test_what_it_computes(check: Callable[[Truth], None], name: str) -> None:
    check(truth_of(name))


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("check", [*values.TRAINING_CHECKS, *computation.TRAINING_CHECKS])
def test_what_it_trains(check: Callable[[Truth], None], name: str) -> None:
    check(truth_of(name))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("isa", "cache"), OTHERWISE)
def test_other_instruction_sets_and_narrow_blocks_change_no_bit(
    isa: str, cache: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXIOM_ISA", isa)
    files.results_are_the_golden_ones(truth.compute(golden.unit(name), cache))
