"""What is told of a record follows from its measurements."""

from __future__ import annotations

import pytest

from benchmarks import tables
from benchmarks.record import Measurement
from tests.benchmarks.records import record, seconds

TRAINING = record(
    seconds("fused multiply-adds", 100_000_000_000, 1.0, 1.0, 2.0),
    seconds("large matrices, numpy", 40_000_000_000, 1.0, 1.0, 1.0),
    seconds("large matrices, torch", 60_000_000_000, 1.0, 1.0, 1.0),
    seconds("exact", 80_000_000_000, 1.0, 1.0, 2.0),
    seconds("exact, one network", 75_000_000_000, 1.0, 1.0, 2.0),
    seconds("torch loop", 4_000_000_000, 1.0, 1.0, 2.0),
    seconds("numpy loop", 10_000_000_000, 1.0, 1.0, 2.0),
    seconds("side by side, 1", 1_000_000_000, 1.0, 1.0, 1.0),
    seconds("side by side, 2", 2_000_000_000, 1.0, 1.25, 1.25),
)


def test_speed_is_compared_within_each_round() -> None:
    """A disturbance that met both in the same round changes nothing."""
    exact, limit = (TRAINING.only(contender=name) for name in ("exact", "fused multiply-adds"))
    assert tables.speed_ratio(exact, limit) == pytest.approx(0.8)
    assert tables.speed_ratio(limit, exact) == pytest.approx(1.25)


def test_training() -> None:
    text = tables.speed(TRAINING)
    assert "(100 GFLOP/s at best)" in " ".join(text.split())
    assert "reach 60 here" in " ".join(text.split())
    assert text.splitlines()[-3:] == [
        "| width | exact engine, of the limit | torch loop | numpy loop | exact, times torch / numpy |",
        "|---|---|---|---|---|",
        "| 32 | 80 % | 4 % | 10 % | 20 / 8.0 |",
    ]
    alone = " ".join(tables.speed_alone(TRAINING).split())
    assert "reaches 75 % of the limit" in alone
    assert "1.60 times as fast" in alone


def test_reaction() -> None:
    effects = {"suspend, processor idle": 0.04, "quit, process gone": 0.11, "abort, process gone": 0.01}
    made = record(
        *(
            Measurement({"effect": effect, "threads": threads}, "s", [threads * s, threads * s, 0.5])
            for effect, s in effects.items()
            for threads in (1, 2)
        )
    )
    assert tables.obedience(made) == "`python -m made.up`: medians 0.04 and 0.11 s"
    assert tables.reaction(made).splitlines()[-3:] == [
        "| suspend, processor idle | 0.040, 0.500 | 0.080, 0.500 |",
        "| quit, process gone, checkpoint written | 0.110, 0.500 | 0.220, 0.500 |",
        "| abort, process gone | 0.010, 0.500 | 0.020, 0.500 |",
    ]


def test_checkpoints() -> None:
    labels: dict[str, str | int] = {"cells": 4096, "threads": 1}
    made = record(
        *(
            Measurement({**labels, "unit": unit, "what": what}, "", [value])
            for unit, factor in (("small", 1), ("large", 2))
            for what, value in (("idle", factor * 0.012), ("size", factor * 1e6))
        )
    )
    text = " ".join(tables.checkpoints(made).split())
    assert "(4096 cells, nearly finished) has 2.0 MB and stops the computing for 12 to 24 ms: at most 0.04 % of" in text


def served(name: str, cells: int, dear: float) -> list[Measurement]:
    """Of a fleet: results of 900 s, checked in .5 s and `dear` s for a span of 16, or of a new host."""

    def of(what: str, values: list[float], **more: str | int) -> Measurement:
        return Measurement({"experiment": name, **more, "what": what}, "s", values)

    hosts = {"trusted": 0.4, "trusted, short": 0.1, "trusted, closes": 0.1 + dear, "new, closes": 0.1 + dear}
    return [
        of("size", [1.8e6], cells=cells), of("volunteer", [900.0], cells=cells), of("compact", [0.1]),
        of("span, trusted", [16], cells=cells), of("span, new", [1], cells=cells),
        *(of("validate", [seconds - 0.05], host=host) for host, seconds in hosts.items()),
        *(of("assimilate", [0.04, 0.06], host=host) for host in hosts),
    ]  # fmt: skip


def test_fleet() -> None:
    made = record(*served("small", 80, 0.8), *served("large", 9, 8.0))
    assert tables.fleet_costs(made).splitlines()[2] == (
        "| small | 80 | 900 | 1800 | 2.00 | 0.55 | 1.30 | 1 : 1440 | 1 : 692 |"
    )
    text = " ".join(tables.fleet(made).split())
    assert text.startswith("One server core serves 758 cores of volunteers where 90 % of the results come from trusted")
    assert "hosts, 184 where all hosts are new" in text
    assert "15 minutes on that core in the median experiment" in text


def test_dataset() -> None:
    taken = {"small": [1.0, 1.1, 4.0], "large": [1.7, 1.8, 1.9], "all": [9.0, 8.0, 13.0]}
    made = record(
        *(
            Measurement({"cells": 10_000_000, "findings": name, "what": what}, unit, numbers)
            for name, seconds in taken.items()
            for what, unit, numbers in (
                ("time", "s", seconds),
                ("processor time", "s", [2 * value for value in seconds]),
                ("memory", "B", [3e8, 9e8]),
            )
        ),
        *(Measurement({"units": 2000, "ledger": what}, "s", [ms / 1e3]) for what, ms in (("issue", 2), ("name", 0.1))),
        Measurement({"units": 2000, "command": "make-wu"}, "s", [0.3, 0.25]),
        Measurement({"seeds": 3000, "claims": "resampling"}, "s", [0.3]),
        Measurement({"seeds": 3000, "claims": "interval"}, "s", [0.01, 0.02]),
    )
    text = " ".join(tables.dataset(made).split())
    assert "`findings` over 10,000,000 invented cells, equally many of 2 experiments," in text
    assert "Where 2,000 work units are issued, what is asked of the ledger takes at most 2.0 ms, and `make-wu`" in text
    assert "0.28 s. An interval over 3,000 seeds takes 15 ms." in text
    assert tables.dataset(made).splitlines()[-3:] == [
        "| small | 1.1 | 2.2 | 900 |",
        "| large | 1.8 | 3.6 | 900 |",
        "| all | 9.0 | 18.0 | 900 |",
    ]


def weighed(part: str, files: float, installed: float, download: float) -> list[Measurement]:
    values = {"files": files, "installed": installed, "download": download}
    return [Measurement({"flavour": "cpu", "part": part, "what": what}, "", [v]) for what, v in values.items()]


RELEASE = record(
    *weighed("numpy/", 2, 10.09e6, 3.18e6),
    *weighed("small/", 1, 0.1e6, 0.1e6),
    *weighed("axiom_0.01_x86_64-pc-linux-gnu__cpu", 1, 0.74e6, 0.3e6),
    *weighed("numpy.libs/", 22, 44.65e6, 115.37e6),
    *weighed("version.xml", 1, 5e6, 5e6),
    *(
        Measurement({"flavour": "cpu", "what": what}, unit, values)
        for what, unit, values in (
            ("start to --version", "s", [0.3, 0.13]),
            ("start to the first step", "s", [0.5, 0.12]),
            ("resident", "B", [49e6, 49e6]),
            ("proportional", "B", [35e6, 34e6]),
        )
    ),
)


def test_release() -> None:
    row = "| cpu: the exact engine | 26 | 119 MB | 55.6 MB | 0.12 s | 49 MB | 34 MB |"
    assert tables.release(RELEASE).splitlines()[-1] == row
    assert tables.release_main(RELEASE) == "0.3 MB"


def test_the_release_listing_has_the_larger_parts() -> None:
    assert tables.release_listing(RELEASE).split("\n\n")[1].splitlines() == [
        "    flavour cpu                                  files  installed  download",
        "    numpy/                                           2   10.09 MB   3.18 MB",
        "    axiom_0.01_x86_64-pc-linux-gnu__cpu              1    0.74 MB   0.30 MB",
        "    numpy.libs/                                     22   44.65 MB  115.37 MB",
        "    in all                                          26   55.58 MB  118.95 MB",
        "    start to --version: 0.13 s at best",
        "    start to the first step: 0.12 s at best",
        "    resident: 49.0 49.0 MB",
        "    proportional: 35.0 34.0 MB",
    ]


def test_the_summary_has_every_measurement() -> None:
    lines = tables.summary(TRAINING).splitlines()
    assert len(lines) == len(TRAINING.measurements)
    assert lines[0].endswith("1 (1 to 2) s    100.0 GFLOP/s")
