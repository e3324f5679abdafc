"""What checking costs: decoding, consistency, and one recomputed cell, against what the work unit cost its volunteer.

For the work unit that make-wu makes of each experiment by default. One seed is really computed, in blocks as a worker
does; its cells stand for those of all seeds. Then every cell is recomputed alone, as the check does. The start of the
command is measured as well, beside that of a Python that does nothing.

Run: python -m benchmarks.validator [compgen ...]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks import host, record, tables
from benchmarks.record import Measurement
from benchmarks.timing import take_turns, timed
from kernels import plan
from kernels.cells import CellResult
from kernels.cost import CACHE_BYTES, default_units
from kernels.engine.exact.engine import ExactEngine
from kernels.experiment import compute
from kernels.experiments import EXPERIMENTS
from kernels.formats import result, workunit
from kernels.formats.result import DeviceFacts, Timings

ROUNDS = 15
DEVICE, TIMINGS = DeviceFacts("cpu", "benchmark", "linux-x86_64", 1), Timings(1.0, 1.0)


def start() -> list[Measurement]:
    """Of the check of a missing file, all of it start, and of a Python that does nothing."""
    with tempfile.TemporaryDirectory() as folder:
        missing = str(Path(folder) / "missing")
        commands = {
            "start of a check": [sys.executable, "-m", "server_validator", "--data", folder, "validate", missing],
            "start of Python": [sys.executable, "-c", "pass"],
        }
        return in_turns(
            {},
            {name: partial(subprocess.run, words, capture_output=True) for name, words in commands.items()},
        )


def in_turns(labels: dict[str, str | int], works: dict[str, Callable[[], object]]) -> list[Measurement]:
    """A measurement of each work, by its name."""
    turns = take_turns(works, ROUNDS)
    return [Measurement({**labels, "what": name}, "s", turn.seconds) for name, turn in turns.items()]


def measure(name: str) -> list[Measurement]:
    """Of the first of an experiment's default work units."""
    experiment, engine = EXPERIMENTS[name], ExactEngine()
    unit = default_units(experiment, 1)[0]
    one_seed = replace(unit, seeds=workunit.Seeds(1, 1))
    computed: list[CellResult] = []
    blocks = []  # seconds
    for block in plan.blocks(experiment.course, one_seed.cells, CACHE_BYTES):
        seconds, results = timed(partial(compute, experiment, block, engine))
        blocks.append(seconds)
        computed += results
    alone = [timed(partial(compute, experiment, [cell], engine))[0] for cell in one_seed.cells]
    curves = {repr(cell_result.cell.condition): cell_result for cell_result in computed}
    cells = [
        CellResult(cell, curves[repr(cell.condition)].metrics, curves[repr(cell.condition)].digests)
        for cell in unit.cells
    ]
    data = result.encode(result.build(unit, cells, "0.1.0", "c", DEVICE, TIMINGS))
    decoded = result.decode(data, "benchmark")
    labels: dict[str, str | int] = {"experiment": name, "cells": len(cells), "seeds": unit.seeds.count}
    return [
        Measurement({**labels, "what": "size"}, "B", [len(data)]),
        *in_turns(
            labels,
            {
                "decode": lambda: result.decode(data, "benchmark"),
                "consistency": lambda: result.check(decoded, unit, "benchmark"),
            },
        ),
        Measurement({**labels, "what": "blocks of one seed"}, "s", blocks),
        Measurement({**labels, "what": "cells of one seed, alone"}, "s", alone),
    ]


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiments", nargs="*", default=list(EXPERIMENTS), help="default: all")
    options = parser.parse_args()
    begun = host.now()
    measurements = start()
    for name in options.experiments:
        measurements += measure(name)
        print(f"{name} is measured", flush=True)
    checked = record.finish("validator", begun, measurements)
    print(tables.checking_costs(checked), tables.checking(checked), sep="\n\n")


if __name__ == "__main__":
    main()
