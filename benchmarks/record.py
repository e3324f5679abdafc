"""The runs of benchmarks as data: one JSON file for each benchmark and processor, results/PROCESSOR/BENCHMARK.json.

A record is an object with, in this order:

    format        1, the number of this description
    benchmark     its name, which is also the file's
    command       what was typed to run it
    program       the version of axiom-worker that was measured
    load, host    objects, described in host.py
    measurements  a list of objects:
        labels      what was measured: names and their values, texts or integers
        unit        of the values: "s" for seconds, "B" for bytes, "" for plain numbers
        values      all that was measured, in the order of the rounds, none left out, to six digits; measurements of a
                    benchmark took turns, so their values of the same round can be divided by each other
        operations  floating-point operations done in the time of each value; 0 where they are not counted
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import msgspec

from benchmarks import host
from benchmarks.host import Host, Load
from kernels import __version__
from kernels.formats import atomic

FORMAT = 1
RESULTS = Path(__file__).with_name("results")


class Measurement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All values of one thing that was measured."""

    labels: dict[str, str | int]
    unit: str
    values: list[float]
    operations: int = 0

    @property
    def median(self) -> float:
        """Of the values."""
        return median(self.values)

    @property
    def rate(self) -> float:
        """Floating-point operations per second, by the median of the values."""
        return self.operations / self.median

    @property
    def best_rate(self) -> float:
        """Floating-point operations per second in the fastest round, when the least else was done meanwhile."""
        return self.operations / min(self.values)


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One run of a benchmark."""

    format: int
    benchmark: str
    command: str
    program: str
    load: Load
    host: Host
    measurements: list[Measurement]

    def select(self, **labels: str | int) -> list[Measurement]:
        """The measurements that have these labels."""
        return [m for m in self.measurements if labels.items() <= m.labels.items()]

    def only(self, **labels: str | int) -> Measurement:
        """The one measurement that has these labels; LookupError if there is not exactly one."""
        selected = self.select(**labels)
        if len(selected) != 1:
            raise LookupError(f"{self.benchmark}: {len(selected)} measurements have the labels {labels}, not one")
        return selected[0]

    def label_values(self, name: str) -> list[str | int]:
        """The different values of a label, in the order of the measurements."""
        return list(dict.fromkeys(m.labels[name] for m in self.measurements if name in m.labels))


def finish(benchmark: str, begun: host.Moment, measurements: Sequence[Measurement], command: str = "") -> Record:
    """Write the record of a run that began at `begun`, and return it.

    Without a `command` it is the one that started this process. CannotWrite where the folder refuses.
    """
    command = command or " ".join(["python", *sys.orig_argv[1:]])
    record = Record(FORMAT, benchmark, command, __version__, host.since(begun), host.facts(), list(measurements))
    path = place(benchmark, record.host.processor)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write(path, encode(record))
    print(f"written to {path}; other programs kept {record.load.others} cores busy")
    return record


def place(benchmark: str, processor: str) -> Path:
    """Where the record of a benchmark on a processor lies."""
    return RESULTS / re.sub(r"[^a-z0-9]+", "-", processor.lower()).strip("-") / f"{benchmark}.json"


def read(benchmark: str, processor: str) -> Record:
    """The record of a benchmark on a processor. FileNotFoundError if it never ran there, and the errors of `decode`."""
    path = place(benchmark, processor)
    return decode(path.read_bytes(), path)


def decode(data: bytes, path: Path) -> Record:
    """The record in a file's bytes. ValueError if they are no record of this format."""
    record = msgspec.json.decode(data, type=Record)
    if record.format != FORMAT:
        raise ValueError(f"{path.name}: the file has format {record.format}, not {FORMAT}: run the benchmark again")
    return record


def encode(record: Record) -> bytes:
    """The bytes of a record: JSON of which each measurement is a line, with values of six digits."""
    rows = []
    for measurement in record.measurements:
        values = [float(f"{value:.6g}") for value in measurement.values]
        rows.append(json.dumps(msgspec.to_builtins(msgspec.structs.replace(measurement, values=values))))
    head = json.dumps(msgspec.to_builtins(msgspec.structs.replace(record, measurements=[])), indent=2)
    assert head.endswith("[]\n}")
    return (head.removesuffix("]\n}") + "\n    " + ",\n    ".join(rows) + "\n  ]\n}\n").encode()
