"""What a large data set costs: findings over ten million cells, the ledger of a million work units, a million seeds.

Cells and work units are invented; the files are written and compacted as those of real results. Commands run in
processes of their own, with all that their start takes.

Run: python -m benchmarks.dataset
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import host, invented, record, tables
from benchmarks.record import Measurement
from benchmarks.timing import take_turns, timed
from kernels.claims import estimate
from kernels.cost import default_units
from kernels.experiments import EXPERIMENTS
from server_validator.ledger import Ledger, issued, standing, verdicts

CELLS = 10_000_000  # of all experiments together, equally many of each
UNITS = 1_000_000  # issued
SEEDS = 1_000_000  # of one estimate
LOOKED_AT = tuple(EXPERIMENTS)  # one by one
ROUNDS = 15
FINDINGS_ROUNDS = 3
ASKED = EXPERIMENTS["compgen"]  # what work units are asked of, and their issuing


@dataclass(frozen=True)
class Ended:
    """What a command took."""

    seconds: float
    processor: float  # seconds, of all its threads
    peak: float  # bytes that were resident


def run(*words: str) -> Ended:
    """A command of axiom-server in a process of its own; what it prints is not looked at."""
    with subprocess.Popen([sys.executable, "-m", "server_validator", *words], stdout=subprocess.DEVNULL) as process:
        seconds, (_, status, usage) = timed(partial(os.wait4, process.pid, 0))
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"axiom-server {' '.join(words)} ended with {process.returncode}")
    return Ended(seconds, usage.ru_utime + usage.ru_stime, 1024.0 * usage.ru_maxrss)


def ledger(data: Path, units: int) -> list[Measurement]:
    """Of what is asked of the ledger of so many work units in a data directory, and of the command that issues."""
    with Ledger(data) as opened:
        there = invented.known(opened, ASKED)
        free = issued.first_free(opened, ASKED)
        fresh = (
            default_units(ASKED, seed)[0] for seed in itertools.count(free, default_units(ASKED, free)[0].seeds.count)
        )
        asked: Mapping[str, Callable[[], object]] = {
            "issue": lambda: issued.issue(opened, next(fresh)),
            "first free seed": partial(issued.first_free, opened, ASKED),
            "work unit by name": partial(issued.find_named, opened, there.name),
            "work unit by digest": partial(issued.find, opened, there.digest),
            "standing": partial(standing.named, opened, there.name),
            "verdict on an upload": partial(verdicts.given, opened, there.upload, there.checksum),
            "valid results": partial(verdicts.valid_of, opened, [there.name]),
        }
        turns = take_turns(asked, ROUNDS)
        free = issued.first_free(opened, ASKED)
    words = ["--data", str(data), "make-wu", ASKED.name, "--first"]
    commands = [run(*words, str(free + number * 10**6)) for number in range(ROUNDS)]
    return [
        *(Measurement({"units": units, "ledger": what}, "s", turn.seconds) for what, turn in turns.items()),
        Measurement({"units": units, "command": "make-wu"}, "s", [ended.seconds for ended in commands]),
    ]


def findings(data: Path, cells: int) -> list[Measurement]:
    """Of the findings of every experiment of a data directory with so many cells, and of all together."""
    measurements = []
    for name in (*LOOKED_AT, "all"):
        ended = [
            run("--data", str(data), "findings", *([name] if name in EXPERIMENTS else []), "--json")
            for _ in range(FINDINGS_ROUNDS)
        ]
        labels: dict[str, str | int] = {"cells": cells, "findings": name}
        measurements += [
            Measurement({**labels, "what": "time"}, "s", [one.seconds for one in ended]),
            Measurement({**labels, "what": "processor time"}, "s", [one.processor for one in ended]),
            Measurement({**labels, "what": "memory"}, "B", [one.peak for one in ended]),
        ]
    return measurements


def interval(seeds: int) -> list[Measurement]:
    """Of an estimate of so many seeds, the drawing of the resampling apart."""
    values = np.random.default_rng(seeds).normal(size=seeds)
    drawn, _ = timed(partial(estimate, values[: min(seeds, 5000)]))
    turns = take_turns({"interval": partial(estimate, values)}, ROUNDS)
    return [
        Measurement({"seeds": seeds, "claims": "resampling"}, "s", [drawn]),
        Measurement({"seeds": seeds, "claims": "interval"}, "s", turns["interval"].seconds),
    ]


def main() -> None:
    """Measure, write and print."""
    begun = host.now()
    measurements = interval(SEEDS)
    with tempfile.TemporaryDirectory() as folder:
        invented.fill(Path(folder), UNITS)
        print("the ledger is filled", flush=True)
        invented.store(Path(folder), CELLS)
        print("the cells are stored", flush=True)
        measurements += [*ledger(Path(folder), UNITS), *findings(Path(folder), CELLS)]
    print(tables.summary(record.finish("dataset", begun, measurements)))


if __name__ == "__main__":
    main()
