"""A record made up for tests: figures that a reader can compute in the head."""

from __future__ import annotations

from benchmarks.host import Host, Load
from benchmarks.record import FORMAT, Measurement, Record

HOST = Host("AMD EPYC, family 25, model 17", 2, "avx512", 1 << 34, "Debian GNU/Linux 12", {"python": "3.11.2"})


def record(*measurements: Measurement) -> Record:
    """A record of these measurements."""
    return Record(FORMAT, "made-up", "python -m made.up", "0.1.0", Load(0.5, 1.0, 0.1, 0.0), HOST, list(measurements))


def seconds(contender: str, operations: int, *values: float) -> Measurement:
    """What a contender took at width 32."""
    return Measurement({"width": 32, "contender": contender}, "s", list(values), operations)
