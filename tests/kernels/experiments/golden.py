"""Golden results: the digests of a small work unit of every experiment, the same on every host and for ever.

They change only with an experiment's version. To write a new experiment's file:
python -m tests.kernels.experiments.golden NAME [AXIS=VALUE,VALUE ...]
An experiment whose whole grid takes more than seconds is narrowed to some values; the file remembers them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from kernels import plan, workunit
from kernels.engine.exact_engine import ExactEngine
from kernels.experiment import compute
from kernels.experiments import EXPERIMENTS

FOLDER = Path(__file__).parent / "golden"
SEED = 1
Grid = dict[str, list[int | float | str]]


def load(name: str) -> dict[str, Any]:
    """The experiment's golden file."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="ascii"))
    return found


def digests(name: str, grid: Grid, cache: int = 1 << 20) -> dict[str, list[str]]:
    """Every condition of the grid with one seed -> the digest of its state at each measurement."""
    experiment = EXPERIMENTS[name]
    unit = workunit.WorkUnit(workunit.FORMAT, name, experiment.version, workunit.Seeds(SEED, 1), grid)
    blocks = plan.blocks(experiment, workunit.cells(unit), cache)
    found = [result for block in blocks for result in compute(experiment, block, ExactEngine())]
    return {json.dumps(r.cell.condition): [digest.hex() for digest in r.digests] for r in found}


if __name__ == "__main__":
    chosen, *axes = sys.argv[1:]
    narrowed: Grid = {}
    for axis, _, values in (word.partition("=") for word in axes):
        narrowed[axis] = [v for v in EXPERIMENTS[chosen].grid[axis] if str(v) in values.split(",")]
    content = {"version": EXPERIMENTS[chosen].version, "grid": narrowed, "digests": digests(chosen, narrowed)}
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{chosen}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="ascii")
