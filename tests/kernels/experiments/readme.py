"""The table of experiments in README.md, made from the rows of the registry."""

from __future__ import annotations

import re
from pathlib import Path

from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS

README = Path(__file__).parents[3] / "README.md"
_MARKED = re.compile(r"(?<=<!-- experiments -->\n).*?(?=<!-- experiments -->\n)", re.S)
_HEAD = ("| experiment | question | published claim, as tested here |", "|---|---|---|")


def row(experiment: Experiment) -> str:
    """The experiment's line of the table."""
    page = f"[{experiment.name}](docs/experiments/{experiment.name}.md)"
    return f"| {page} | {experiment.question} | {experiment.answer} |"


def table() -> str:
    """The whole table, as it stands between the two comments."""
    return "".join(f"{line}\n" for line in (*_HEAD, *(row(experiment) for experiment in EXPERIMENTS.values())))


def table_in(text: str) -> str:
    """The table that a page has; ValueError if it has not exactly one place for it."""
    (found,) = _MARKED.findall(text)
    return str(found)


def write() -> None:
    """Write the table into README.md."""
    text = README.read_text(encoding="utf-8")
    table_in(text)
    README.write_text(_MARKED.sub(lambda match: table(), text), encoding="utf-8")
