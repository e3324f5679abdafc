"""What an export says of itself, in its data card and in its description for programs."""

from __future__ import annotations

from collections.abc import Sequence

from kernels.experiment import Experiment
from server_validator.dataset.export import Exported

NAME = "axiom"
TITLE = "Small neural networks, trained by volunteers with the same bits on every computer"
CREATOR = "The axiom-worker project and its volunteers"
KEYWORDS = ("volunteer computing", "BOINC", "neural networks", "training dynamics", "reproducibility", "tabular")
LICENSE = "cc-by-4.0"
LICENSE_PAGE = "https://creativecommons.org/licenses/by/4.0/"
SUMS = "SHA256SUMS"
SUMMARY = (
    "One row for each cell: a small network, or another small computation, under one condition with one seed, with the "
    "curves of all that was measured of it. Volunteers' computers computed them through BOINC; a server recomputed a "
    "random choice of them."
)
BIBTEX = f"""@misc{{{NAME},
  title  = {{{TITLE}}},
  author = {{{{{CREATOR}}}}},
  note   = {{Data set; the SHA-256 digest of its file {SUMS} is ...}}
}}"""


def asks(experiment: Experiment) -> str:
    """An experiment's question, as a sentence."""
    return f"{experiment.question[0].upper()}{experiment.question[1:]}"


def clock(experiment: Experiment) -> str:
    """When its cells are measured."""
    ticks = experiment.clock.ticks
    return f"{len(ticks)} times, at {experiment.clock.unit} {', '.join(map(str, ticks))}"


def cells(exported: Sequence[Exported]) -> int:
    """How many there are of all experiments."""
    return sum(one.cells for one in exported)
