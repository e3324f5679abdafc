"""What the release check measured, written where benchmarks write theirs, for `make figures`."""

from __future__ import annotations

from benchmarks import host, record
from benchmarks.record import Measurement

WHAT = ("files", "installed", "download", "start to --version", "start to the first step", "resident", "proportional")


class Measured:
    """Measurements of the flavours, from the beginning of the check."""

    def __init__(self) -> None:
        self.begun = host.now()
        self.measurements: list[Measurement] = []

    def add(self, flavour: str, unit: str, values: dict[str, list[float]], **labels: str) -> None:
        """Measurements of a flavour, by what each one is."""
        for what, numbers in values.items():
            self.measurements.append(Measurement({"flavour": flavour, **labels, "what": what}, unit, numbers))

    def write(self, *flavours: str) -> None:
        """Write the record, unless only a part of it was measured."""
        there = {(measurement.labels["flavour"], measurement.labels["what"]) for measurement in self.measurements}
        if there == {(flavour, what) for flavour in flavours for what in WHAT}:
            record.finish("release", self.begun, self.measurements, "make release-check")
