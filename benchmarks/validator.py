"""What checking costs: decoding, consistency, and one recomputed cell, against what the work unit cost its volunteer.

For the work unit that make-wu makes of each experiment by default. One seed is really computed, in blocks as a worker
does; its cells stand for those of all seeds. Then every cell is recomputed alone, as the check does. Prints also how
long the command takes to start. Run: python benchmarks/validator.py [compgen ...]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

import server_validator  # noqa: F401  first: it keeps numpy's linear algebra to one thread, as the check does
from kernels import plan, result, workunit
from kernels.cost import CACHE_BYTES, default_units
from kernels.engine.exact_engine import ExactEngine
from kernels.experiment import Cell, CellResult, compute
from kernels.experiments import EXPERIMENTS
from kernels.result import Device, Timings

ROUNDS = 15
DEVICE, TIMINGS = Device("cpu", "benchmark", "linux-x86_64", 1), Timings(1.0, 1.0)


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def start() -> tuple[float, float]:
    """Seconds that a check of a missing file takes, all of it start, and those of a Python that does nothing."""
    with tempfile.TemporaryDirectory() as folder:
        check = [sys.executable, "-m", "server_validator", "--data", folder, "validate", str(Path(folder) / "none")]
        commands = check, [sys.executable, "-c", "pass"]
        runs = [
            [seconds(partial(subprocess.run, command, check=False, capture_output=True)) for command in commands]
            for _ in range(ROUNDS)
        ]
    found = [statistics.median(times) for times in zip(*runs, strict=True)]
    return found[0], found[1]


def measure(name: str, started: float) -> str:
    """A line of the table; a check has taken `started` seconds before it begins."""
    experiment = EXPERIMENTS[name]
    unit = default_units(name, 1)[0]
    one = msgspec.structs.replace(unit, seeds=workunit.Seeds(1, 1))
    computed: list[CellResult] = []
    whole = 0.0
    for block in plan.blocks(experiment, workunit.cells(one), CACHE_BYTES):
        begun = time.perf_counter()
        computed += compute(experiment, block, ExactEngine())
        whole += time.perf_counter() - begun
    curves = {repr(found.cell.condition): found for found in computed}
    cells = [
        CellResult(cell, curves[repr(cell.condition)].metrics, curves[repr(cell.condition)].digests)
        for cell in workunit.cells(unit)
    ]
    data = result.encode(result.build(unit, cells, "0.1.0", "exact", DEVICE, TIMINGS))
    decode = statistics.median(seconds(lambda: result.decode(data, "benchmark")) for _ in range(ROUNDS))
    found = result.decode(data, "benchmark")
    check = statistics.median(seconds(lambda: result.check(found, unit, "benchmark")) for _ in range(ROUNDS))

    def alone(cell: Cell) -> float:
        return seconds(lambda: compute(experiment, [cell], ExactEngine()))

    again = statistics.mean(alone(cell) for cell in workunit.cells(one))
    total = whole * unit.seeds.count
    share = (started + decode + check + again) / total
    return (
        f"| {name} | {len(cells)} | {len(data) / 1e3:.0f} | {1e3 * decode:.2f} | {1e3 * check:.2f} "
        f"| {again:.2f} | {total:.1f} | {100 * share:.1f} % |"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiments", nargs="*", default=list(EXPERIMENTS), help="default: all")
    chosen = parser.parse_args().experiments
    begun, bare = start()
    print(f"start of a check {1e3 * begun:.0f} ms, of Python alone {1e3 * bare:.0f} ms")
    print("| experiment | cells | kB | decode, ms | consistency, ms | one cell again, s | work unit, s | share |")
    print("|---|---|---|---|---|---|---|---|")
    for chosen_one in chosen:
        print(measure(chosen_one, begun), flush=True)
