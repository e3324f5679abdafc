"""Golden results: the digests of a small work unit of every experiment, the same on every host and for ever.

They change only with an experiment's version; tests/kernels/experiments/generate.py writes them. An experiment whose
whole grid takes more than seconds is narrowed to some values of its axes; the file remembers them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kernels.cells import CellResult, Value
from kernels.experiments import EXPERIMENTS
from kernels.formats.workunit import Seeds, WorkUnit
from tests.kernels.experiments import truth

FOLDER = Path(__file__).parent / "golden"
SEED = 1
Grid = dict[str, list[Value]]


def load(name: str) -> dict[str, Any]:
    """The experiment's golden file."""
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="ascii"))
    return content


def unit(name: str, seeds: int = 1) -> WorkUnit:
    """The work unit of the golden file, of this many seeds."""
    return WorkUnit(EXPERIMENTS[name], Seeds(SEED, seeds), load(name)["grid"])


def digests(results: Iterable[CellResult]) -> dict[str, list[str]]:
    """Condition of every result -> the digest of its state at each measurement."""
    return {json.dumps(result.cell.condition): [digest.hex() for digest in result.digests] for result in results}


def write(name: str, grid: Grid) -> None:
    """Compute the golden results of an experiment, its grid narrowed to `grid`, and write their file."""
    results = truth.compute(WorkUnit(EXPERIMENTS[name], Seeds(SEED, 1), grid)).results
    content = {"version": EXPERIMENTS[name].version, "grid": grid, "digests": digests(results)}
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="ascii")
