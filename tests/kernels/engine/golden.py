"""The digests that every build of the exact engine must give on every host, in golden.json.

python -m tests.kernels.engine.golden      writes them; do so only where results are meant to change
"""

from __future__ import annotations

import json
from pathlib import Path

from kernels.engine.exact.engine import ExactEngine
from kernels.engine.vectors import VECTORS

FILE = Path(__file__).with_name("golden.json")
STEPS = 500


def digests(name: str) -> list[str]:
    """The digests of a program's cells after STEPS steps, by the instruction set in force."""
    block, data, schedule = VECTORS[name].build(STEPS)
    ExactEngine().train(block, data, schedule, STEPS)
    return [digest.hex() for digest in block.digests()]


if __name__ == "__main__":
    FILE.write_text(json.dumps({"steps": STEPS, "digests": {n: digests(n) for n in VECTORS}}, indent=1) + "\n")
