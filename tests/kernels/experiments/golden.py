"""Golden results: the digests of a small work unit of every experiment, the same on every host and for ever.

They change only with an experiment's version. To write a new experiment's file:
python -m tests.kernels.experiments.golden NAME
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kernels import plan, workunit
from kernels.engine.exact_engine import ExactEngine
from kernels.experiment import compute
from kernels.experiments import EXPERIMENTS

FOLDER = Path(__file__).parent / "golden"
SEED = 1


def digests(name: str, cache: int = 1 << 20) -> dict[str, list[str]]:
    """Every condition of the experiment with one seed -> the digest of its state at each measurement."""
    experiment = EXPERIMENTS[name]
    unit = workunit.WorkUnit(workunit.FORMAT, name, experiment.version, workunit.Seeds(SEED, 1))
    blocks = plan.blocks(experiment, workunit.cells(unit), cache)
    found = [result for block in blocks for result in compute(experiment, block, ExactEngine())]
    return {json.dumps(r.cell.condition): [digest.hex() for digest in r.digests] for r in found}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for chosen in sys.argv[1:]:
        text = json.dumps({"version": EXPERIMENTS[chosen].version, "digests": digests(chosen)}, indent=1)
        (FOLDER / f"{chosen}.json").write_text(text + "\n", encoding="ascii")
