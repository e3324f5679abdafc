"""What a fleet costs its server: results of every experiment, through the very scripts that BOINC's daemons call.

A short work unit of each experiment is computed by axiom-worker, or was: its result is kept in a folder. Its cells are
true, so that closing a span and looking at a new host's result take what they take: as many cells of the experiment as
with a default work unit. What grows with a work unit is measured with results of default work units, made of the same
cells under more seeds and with other last bits: of a trusted host, whose span they join, so that nothing is recomputed;
and compaction. Each comes under a fresh name of BOINC's to a ledger that knows no other answer to it. A real MariaDB
tells whose it is. Measured is the processor time of each script with all that it starts.

Run: python -m benchmarks.fleet RESULTS [--minutes 1.5] [compgen ...]      (needs Debian's mariadb-server)
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

import msgspec
import numpy as np

from benchmarks import host, record, tables
from benchmarks.record import Measurement
from kernels.cost import PACE, default_units, operations
from kernels.experiments import EXPERIMENTS
from kernels.formats import result, workunit
from kernels.formats.result import Result
from kernels.formats.workunit import Seeds, WorkUnit
from server_validator.checking import drawing, trust
from server_validator.dataset import archive
from server_validator.ledger import Ledger, create, hosts, issued, returned, standing
from server_validator.ledger.returned import Returned
from tests.server_validator.boinc import mariadb

FIRST = 500_000  # seed
TRUSTED, NEW = 1, 2  # numbers of hosts
PROVEN = 200  # results in a row, of the one that is trusted to the last
TRIES = 4
TOGETHER = 8  # results that compaction finds
_NUMBERS = itertools.count(100)  # of BOINC's results
BIN = Path(__file__).parents[1] / "packaging" / "server" / "bin"


def computed(folder: Path, name: str, minutes: float) -> tuple[WorkUnit, Result]:
    """A work unit of about that length and its result, from the folder, or from axiom-worker into it."""
    whole = WorkUnit(EXPERIMENTS[name], Seeds(FIRST, 1))
    unit = replace(whole, seeds=Seeds(FIRST, max(1, round(60 * minutes * PACE / operations(whole)))))
    wanted, got = folder / f"{name}.wu.json", folder / f"{name}.result"
    if not got.exists():
        wanted.write_bytes(workunit.encode(unit))
        subprocess.run([sys.executable, "-m", "client", "run", wanted, "--out", got, "--threads", "1"], check=True)
    return workunit.read(wanted, EXPERIMENTS), result.read(got)


def enlarged(of: Result, unit: WorkUnit) -> Result:
    """A result for a work unit of more seeds: the same cells again and again, with other last bits of real numbers."""
    few, many = of.header.seeds.count, unit.seeds.count
    rows = (np.arange(len(unit.conditions))[:, None] * few + np.arange(many) % few).ravel()
    rng, columns = np.random.default_rng(unit.seeds.first), {}
    for name, column in of.columns.items():
        taken = column[rows]
        if taken.dtype == np.float32:
            taken = (taken.view(np.uint32) ^ rng.integers(0, 64, taken.shape, np.uint32)).view(np.float32)
        columns[name] = taken
    seeds = msgspec.structs.replace(of.header.seeds, first=unit.seeds.first, count=many)
    header = msgspec.structs.replace(of.header, seeds=seeds, workunit=unit.digest)
    return Result(header, columns, rng.integers(0, 256, (len(rows), 8), np.uint8))


def project(folder: Path, port: int) -> Path:
    """A folder as BOINC has it, with the scripts, whose database is on that port."""
    (folder / "bin").mkdir(parents=True)
    (folder / "upload").mkdir()
    for script in BIN.iterdir():
        shutil.copy(script, folder / "bin")
    (folder / "config.xml").write_text(
        f"<boinc><config><db_host>127.0.0.1:{port}</db_host><db_name>axiom</db_name><db_user>axiom</db_user>"
        f"<db_passwd>{escape(mariadb.PASSWORD)}</db_passwd></config></boinc>"
    )
    create(folder / "axiom-data")
    return folder


def seconds(folder: Path, script: str, *words: object) -> float:
    """Processor seconds of a daemon's script, with all that it starts; it must end with 0."""
    environment = {"PATH": os.environ["PATH"], "AXIOM_SERVER": str(Path(sys.executable).with_name("axiom-server"))}
    before = os.times()
    subprocess.run(
        f"../bin/{script} {' '.join(map(str, words))}",
        shell=True, cwd=folder / "bin", env=environment, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def with_more_time(of: Result, more: float) -> Result:
    """The result of a host whose clock went otherwise: other bytes of the same cells."""
    timings = msgspec.structs.replace(of.header.timings, computing=of.header.timings.computing + more)
    return Result(msgspec.structs.replace(of.header, timings=timings), of.columns, of.digests)


def prepared(folder: Path, unit: WorkUnit, of: Result, whose: int, before: int) -> None:
    """A new ledger that knows the work unit, a trusted host, and so many results in the open span of some host."""
    data = folder / "axiom-data"
    shutil.rmtree(data, ignore_errors=True)
    create(data)
    with Ledger(data) as ledger:
        issued.issue(ledger, unit)
        with ledger.writing() as db:
            hosts.add_proven(db, TRUSTED, PROVEN)
        for number in range(before):
            theirs = with_more_time(of, 0.001 * (1 + number))
            archive.keep(data, theirs.checksum, result.encode(theirs))
            name, work = f"{unit.name}_{number}_r7_0", operations(unit)
            row = unit.name, whose, unit.experiment.name, unit.experiment.version, work, of.header.timings.cpu
            returned.enter(ledger, Returned(name, theirs.checksum, *row), "as before", None)
        with ledger.writing() as db:
            db.execute("DELETE FROM verdicts")  # as if they were of other work units


def answers(
    folder: Path, port: int, unit: WorkUnit, of: Result, kind: str, whose: int, before: int
) -> list[Measurement]:
    """Seconds of validating and of assimilating a result, some times, of a host with so many in its span before."""
    labels: dict[str, str | int] = {"experiment": unit.experiment.name, "host": kind}
    validating, assimilating = list[float](), list[float]()
    for _ in range(TRIES):
        prepared(folder, unit, of, whose, before)
        name = f"{unit.name}_{next(_NUMBERS)}"
        mariadb.fill(port, {name: whose})
        path = folder / "upload" / f"{name}_r7_0"
        path.write_bytes(result.encode(of))
        validating.append(seconds(folder, "axiom_validate", path))
        assimilating.append(seconds(folder, "axiom_assimilate", 1, path))
    return [
        Measurement({**labels, "what": "validate"}, "s", validating),
        Measurement({**labels, "what": "assimilate"}, "s", assimilating),
    ]


def span_of(unit: WorkUnit, proven: int) -> int:
    """How many results of the work unit's kind are decided on together, of a host with this record."""
    return trust.asked(proven, drawing.dear(unit)).results


def compacted(folder: Path, unit: WorkUnit, of: Result) -> Measurement:
    """Seconds of bringing a result into the data set, of several of different seeds that come together."""
    data = folder / "axiom-data"
    prepared(folder, unit, of, TRUSTED, 0)
    with Ledger(data) as ledger:
        for number in range(1, 1 + TOGETHER):
            other = replace(unit, seeds=Seeds(FIRST + number * unit.seeds.count, unit.seeds.count))
            theirs = enlarged(of, other)
            issued.issue(ledger, other)
            archive.keep(data, theirs.checksum, result.encode(theirs))
            standing.store(ledger, other.name, f"{other.name}_0_r7_0", theirs.checksum, number, number)
    before = os.times()
    server = Path(sys.executable).with_name("axiom-server")
    subprocess.run([server, "--data", data, "compact"], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    took = after.children_user + after.children_system - before.children_user - before.children_system
    labels: dict[str, str | int] = {"experiment": unit.experiment.name, "what": "compact"}
    return Measurement(labels, "s", [took / TOGETHER])


def measured(folder: Path, port: int, unit: WorkUnit, of: Result) -> list[Measurement]:
    """All of an experiment, of which this is a work unit and its true result."""
    usual = default_units(unit.experiment, FIRST)[0]
    larger, times = enlarged(of, usual), operations(usual) / operations(unit)
    more: dict[str, str | int] = {"experiment": unit.experiment.name, "cells": usual.size}
    spans = {"trusted": span_of(usual, PROVEN), "new": span_of(usual, 0)}
    return [
        Measurement({**more, "what": "size"}, "B", [len(result.encode(of)) * usual.size / unit.size]),
        Measurement({**more, "what": "volunteer"}, "s", [of.header.timings.cpu * times]),
        *(Measurement({**more, "what": f"span, {kind}"}, "", [length]) for kind, length in spans.items()),
        *answers(folder, port, usual, larger, "trusted", TRUSTED, 0),
        *answers(folder, port, unit, of, "trusted, short", TRUSTED, 0),
        *answers(folder, port, unit, of, "trusted, closes", TRUSTED, span_of(unit, PROVEN) - 1),
        *answers(folder, port, unit, of, "new, closes", NEW, span_of(unit, 0) - 1),
        compacted(folder, usual, larger),
    ]


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="folder of results, which are computed where they are not there")
    parser.add_argument("--minutes", type=float, default=1.5, help="length of work units that are computed")
    parser.add_argument("experiments", nargs="*", default=list(EXPERIMENTS), help="default: all")
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    known = {name: computed(options.results, name, options.minutes) for name in options.experiments}
    begun, measurements = host.now(), list[Measurement]()
    with tempfile.TemporaryDirectory() as place, mariadb.started(Path(place)) as port:
        for name, (unit, of) in known.items():
            folder = project(Path(place) / name, port)
            measurements += measured(folder, port, unit, of)
            print(f"{name} is measured", flush=True)
    kept = record.finish("fleet", begun, measurements)
    print(tables.fleet_costs(kept), tables.fleet(kept), sep="\n\n")


if __name__ == "__main__":
    main()
