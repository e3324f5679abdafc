"""What stands beside an experiment's code: its page with its plots, its test, and what is generated from its row."""

from __future__ import annotations

import json
import re
import statistics
from pathlib import Path

from kernels.experiment import Experiment
from server_validator.reporting import plots
from tests.kernels.experiments import golden, readme
from tests.kernels.experiments.truth import Truth

ROOT = Path(__file__).parents[4]
CODE = ROOT / "kernels" / "experiments"
PAGES = ROOT / "docs" / "experiments"
LONGEST, MEDIAN = 200, 130
"""Lines of an experiment's file, and of the middle one."""


def golden_file_is_of_this_version(experiment: Experiment) -> None:
    """Its grid is the experiment's, or narrowed."""
    content = golden.load(experiment.name)
    assert content["version"] == experiment.version, "a new version needs new golden digests"
    for axis, values in content["grid"].items():
        assert values, axis
        assert set(values) <= set(experiment.grid[axis]), axis


def self_test_begins_as_the_golden_file(experiment: Experiment) -> None:
    """client/selftest.json has the beginning of the golden file's first cell."""
    known = json.loads((ROOT / "client" / "selftest.json").read_text(encoding="ascii"))["experiments"]
    condition, digests = next(iter(golden.load(experiment.name)["digests"].items()))
    beginning = known[experiment.name]["digests"]
    assert known[experiment.name]["condition"] == json.loads(condition)
    assert beginning == digests[: len(beginning)] != []


def page_tells_findings_and_shows_plots(experiment: Experiment) -> None:
    """A page with the row's title; its numbered findings are named, its plots shown, and no others."""
    page = (PAGES / f"{experiment.name}.md").read_text(encoding="utf-8")
    first, *_ = page.splitlines()
    assert re.fullmatch(rf"# {experiment.name}: {re.escape(experiment.title)}( \(finding #\d+\))?", first), first
    for claim in experiment.claims:
        number = re.match(r"#\d+", claim.finding)
        assert number is None or f"(finding {number[0]})" in first, f"{claim.finding} is not named"
    shown = set(re.findall(r"\]\(([^)]*\.png)\)", page))
    assert shown == {path.name for path in PAGES.glob(f"{experiment.name}_*.png")}, "plots and page differ"
    possible = set(plots.file_names(experiment))
    assert shown <= possible, "a plot of no curve"
    assert shown or not possible, "no curve is shown"


def readme_has_its_row(experiment: Experiment) -> None:
    """As `python -m tests.kernels.experiments.generate` writes it."""
    assert readme.row(experiment) in readme.table_in(readme.README.read_text(encoding="utf-8"))


def tests_of_its_own_exist(experiment: Experiment) -> None:
    """A file with tests of what is particular to it."""
    text = (ROOT / "tests" / "kernels" / "experiments" / f"test_{experiment.name}.py").read_text(encoding="utf-8")
    assert "\ndef test_" in text


def code_is_short(experiment: Experiment) -> None:
    """One file of the experiment's name, whose first words are that name."""
    text = (CODE / f"{experiment.name}.py").read_text(encoding="utf-8")
    assert text.startswith(f'"""{experiment.name}: ')
    assert len(text.splitlines()) < LONGEST


def codes_are_short_as_a_rule(experiments: list[str]) -> None:
    """The median length of all files."""
    lengths = [len((CODE / f"{name}.py").read_text(encoding="utf-8").splitlines()) for name in experiments]
    assert statistics.median(lengths) < MEDIAN


def results_are_the_golden_ones(truth: Truth) -> None:
    """Digest for digest."""
    assert golden.digests(truth.results) == golden.load(truth.experiment.name)["digests"]


CHECKS = (
    golden_file_is_of_this_version,
    self_test_begins_as_the_golden_file,
    page_tells_findings_and_shows_plots,
    readme_has_its_row,
    tests_of_its_own_exist,
    code_is_short,
)
