"""What the frozen program costs: bytes, seconds, memory; of both flavours that run here."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import build
import pytest

from kernels import workunit
from kernels.cost import default_units
from tests.packaging.release.program import NOBODY, run, start

pytestmark = pytest.mark.timeout(900)


@dataclass(frozen=True)
class Flavour:
    """How a flavour is started, and what it may cost: bytes, and seconds of the processor, for it may be busy."""

    fixture: str
    arguments: tuple[str, ...]
    download: float
    installed: float
    start: float
    step: float
    resident: float


FLAVOURS = [
    Flavour("tree", (), download=25e6, installed=90e6, start=0.5, step=0.5, resident=80e6),
    Flavour("torch_tree", ("--engine", "torch"), download=200e6, installed=500e6, start=0.5, step=4, resident=400e6),
]
each_flavour = pytest.mark.parametrize("flavour", FLAVOURS, ids=["cpu", "cputorch"])


@each_flavour
def test_sizes(flavour: Flavour, request: pytest.FixtureRequest) -> None:
    *_, total = build.weights(request.getfixturevalue(flavour.fixture)).splitlines()
    installed, download = (1e6 * float(number) for number in re.findall(r"([\d.]+) MB", total))
    assert download <= flavour.download
    assert installed <= flavour.installed


@each_flavour
def test_start(flavour: Flavour, request: pytest.FixtureRequest, slot: Path) -> None:
    tree = request.getfixturevalue(flavour.fixture)
    took, before = [], used()
    for _ in range(10):
        began = time.monotonic()
        run(tree, slot, "--version")
        took.append(time.monotonic() - began)
    computed = (used() - before) / 10
    print(f"start to --version: {min(took):.2f} s at best, {computed:.2f} s of the processor")
    assert computed < flavour.start


@each_flavour
def test_first_step_and_memory(flavour: Flavour, request: pytest.FixtureRequest, slot: Path) -> None:
    """Of four tasks at once, each a default work unit of compgen."""
    tree = request.getfixturevalue(flavour.fixture)
    unit = workunit.encode(default_units("compgen", 1000)[0])
    took, slots = [], [slot / str(number) for number in range(4)]
    for one in slots:
        one.mkdir()
        if NOBODY:
            os.chown(one, *NOBODY.values())
        (one / "wu.json").write_bytes(unit)
    before = used()
    for one in slots:
        began = time.monotonic()
        process = start(tree, one, *flavour.arguments)
        wait_for_the_first_step(process)
        took.append(time.monotonic() - began)
        process.kill()
        process.communicate()
    computed = (used() - before) / len(slots)
    print(f"start to the first step: {min(took):.2f} s at best, {computed:.2f} s of the processor")
    processes = [start(tree, one, *flavour.arguments) for one in slots]
    try:
        for process in processes:
            wait_for_the_first_step(process)
        time.sleep(5)
        figures = [memory(process.pid) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    print("four at once: resident", *(f"{rss / 1e6:.1f}" for rss, _ in figures), "MB each")
    print("proportional", *(f"{pss / 1e6:.1f}" for _, pss in figures), "MB each")
    assert computed < flavour.step
    assert max(rss for rss, _ in figures) <= flavour.resident


def wait_for_the_first_step(process: subprocess.Popen[str]) -> None:
    """The line is written when it begins."""
    assert process.stderr is not None
    assert any(" cells on " in line for line in process.stderr)


def used() -> float:
    """Processor time of all processes that ended, in seconds."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def memory(process: int) -> tuple[int, int]:
    """Resident and proportional bytes."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text()
    rss, pss = (re.search(rf"^{name}: +(\d+) kB", text, re.M) for name in ("Rss", "Pss"))
    assert rss is not None
    assert pss is not None
    return 1024 * int(rss[1]), 1024 * int(pss[1])
