"""How far results of the torch engine lie apart: the figures behind each metric's early and final tolerance.

Other hosts round differently, from the first step on. That is imitated here by moving every parameter to the next
float32, up or down, before the first step; the same cells are also computed alone instead of in blocks. The values are
the largest differences of a metric at each of the experiment's measurements.

Run: python -m benchmarks.tolerances compgen [AXIS=V,V ...] --seeds 8
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from benchmarks import host, record
from benchmarks.record import Measurement
from kernels import plan
from kernels.cells import CellResult, Value
from kernels.engine.contract import Block, Data, Schedule
from kernels.engine.torch.engine import TorchEngine
from kernels.experiment import compute
from kernels.experiments import EXPERIMENTS
from kernels.formats import workunit
from kernels.philox import Purpose, words

FIRST_SEED = 900_000


class NudgedEngine(TorchEngine):
    """The torch engine on a host that rounds differently."""

    def train(self, block: Block, data: Data, schedule: Schedule, steps: int) -> None:
        """Move every parameter by one ulp before the first step."""
        if block.step == 0 and steps:
            for row, seed in zip(block.params, block.seeds, strict=True):
                up = words(int(seed), Purpose.BOOTSTRAP, len(row)) % 2 == 0
                row[...] = np.nextafter(row, np.where(up, np.inf, -np.inf), dtype=np.float32)
        super().train(block, data, schedule, steps)


def narrowed(name: str, axes: list[str]) -> dict[str, list[Value]]:
    """The grid of an experiment narrowed by words AXIS=V,V ..."""
    parts = [word.partition("=") for word in axes]
    return {axis: [v for v in EXPERIMENTS[name].grid[axis] if str(v) in values.split(",")] for axis, _, values in parts}


def run(unit: workunit.WorkUnit, engine: TorchEngine, width: int | None) -> list[CellResult]:
    """All cells of a work unit, in blocks that fit 1 MiB, or of `width` cells."""
    experiment = unit.experiment
    blocks = plan.blocks(experiment.course, unit.cells, 1 << 20)
    if width:
        blocks = [block[at : at + width] for block in blocks for at in range(0, len(block), width)]
    return [result for block in blocks for result in compute(experiment, block, engine)]


def apart(unit: workunit.WorkUnit) -> list[Measurement]:
    """The largest differences over all cells of a work unit: a measurement a metric, a value for each time."""
    base = run(unit, TorchEngine(), None)
    runs = {
        "computed alone": run(unit, TorchEngine(), 1),
        "started one ulp off": run(unit, NudgedEngine(), None),
    }
    measurements = []
    for label, other in runs.items():
        same = sum(a.digests[-1] == b.digests[-1] for a, b in zip(base, other, strict=True))
        measurements.append(
            Measurement({"run": label, "what": "share of cells with the same bits"}, "", [same / len(base)])
        )
        for metric in unit.experiment.metrics:
            largest = np.max(
                [np.abs(a.metrics[metric] - b.metrics[metric]) for a, b in zip(base, other, strict=True)], 0
            )
            measurements.append(Measurement({"run": label, "what": metric}, "", largest.tolist()))
    return measurements


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiment", choices=EXPERIMENTS)
    parser.add_argument("axes", nargs="*", metavar="AXIS=V,V", help="only these values of the grid")
    parser.add_argument("--seeds", type=int, default=8)
    options = parser.parse_args()
    torch.set_num_threads(1)
    name = options.experiment
    seeds = workunit.Seeds(FIRST_SEED, options.seeds)
    begun = host.now()
    measurements = apart(workunit.WorkUnit(EXPERIMENTS[name], seeds, narrowed(name, options.axes)))
    for m in record.finish(f"tolerances-{name}", begun, measurements).measurements:
        print(f"{m.labels['run']}: {m.labels['what']:34}", " ".join(f"{value:.1e}" for value in m.values))


if __name__ == "__main__":
    main()
