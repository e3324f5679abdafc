"""What the frozen program costs: bytes, seconds, memory; of both flavours that run here."""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import build
import pytest

from kernels.cost import default_units
from kernels.experiments import EXPERIMENTS
from kernels.formats import workunit
from tests.packaging import cost, progress
from tests.packaging.builds import patient
from tests.packaging.release.measured import Measured
from tests.packaging.release.program import hand_over, run, start
from tests.support.processes import TICKS

pytestmark = patient

SETTLED = 2  # seconds of the processor after which a task has all the memory that it will have


@dataclass(frozen=True)
class Flavour:
    """How a flavour is started, and what it may cost.

    A start may cost so many times what this Python needs to import a library, and so may the way to the first step: in
    seconds of the processor, for it may be slow, and busy with other things.
    """

    name: str
    fixture: str
    arguments: tuple[str, ...]
    download: float  # bytes
    installed: float  # bytes
    start: tuple[float, str]
    step: tuple[float, str]
    resident: float  # bytes


FLAVOURS = [
    Flavour(
        "cpu", "tree", (), download=25e6, installed=90e6, start=(4, "numpy"), step=(4, "numpy"), resident=80e6
    ),
    Flavour(
        "cputorch", "torch_tree", ("--engine", "torch"), download=200e6, installed=500e6, start=(4, "numpy"),
        step=(2, "torch"), resident=400e6,
    ),
]  # fmt: skip
each_flavour = pytest.mark.parametrize("flavour", FLAVOURS, ids=[flavour.name for flavour in FLAVOURS])
PART = re.compile(r"(\S.*?) +(\d+) +([\d.]+) MB +([\d.]+) MB")  # a line of build.weights


@pytest.fixture(scope="module")
def measured(request: pytest.FixtureRequest) -> Iterator[Measured]:
    """Written once all tests here have passed."""
    failed, everything = request.session.testsfailed, Measured()
    yield everything
    if request.session.testsfailed == failed:
        everything.write(*(flavour.name for flavour in FLAVOURS))


@each_flavour
def test_sizes(flavour: Flavour, request: pytest.FixtureRequest, measured: Measured) -> None:
    weights = [match.groups() for match in PART.finditer(build.weights(request.getfixturevalue(flavour.fixture)))]
    for part, files, installed, download in weights[:-1]:
        measured.add(flavour.name, "", {"files": [float(files)]}, part=part)
        megabytes = {"installed": [1e6 * float(installed)], "download": [1e6 * float(download)]}
        measured.add(flavour.name, "B", megabytes, part=part)
    total, _, installed, download = weights[-1]
    assert total == "in all"
    assert 1e6 * float(download) <= flavour.download
    assert 1e6 * float(installed) <= flavour.installed


@each_flavour
def test_start(flavour: Flavour, request: pytest.FixtureRequest, slot: Path, measured: Measured) -> None:
    tree = request.getfixturevalue(flavour.fixture)
    took, computed = [], []
    for _ in range(10):
        began, before = time.monotonic(), cost.used()
        assert run(tree, slot, "--version")[0] == 0
        took.append(time.monotonic() - began)
        computed.append(cost.used() - before)
    print(f"start to --version: {min(took):.2f} s at best, {min(computed):.2f} s of the processor")
    measured.add(flavour.name, "s", {"start to --version": took})
    within(min(computed), flavour.start)


@each_flavour
def test_first_step_and_memory(
    flavour: Flavour, request: pytest.FixtureRequest, slot: Path, measured: Measured
) -> None:
    """Of four tasks at once, each a default work unit of compgen."""
    tree = request.getfixturevalue(flavour.fixture)
    unit = workunit.encode(default_units(EXPERIMENTS["compgen"], 1000)[0])
    slots = [slot / str(number) for number in range(4)]
    for folder in slots:
        folder.mkdir()
        hand_over(folder)
        (folder / "wu.json").write_bytes(unit)
    took, computed = [], []
    for folder in slots:
        began, before = time.monotonic(), cost.used()
        process = start(tree, folder, *flavour.arguments)
        with progress.watched(process):
            wait_for_the_first_step(process)
            took.append(time.monotonic() - began)
        computed.append(cost.used() - before)
    print(f"start to the first step: {min(took):.2f} s at best, {min(computed):.2f} s of the processor")
    with contextlib.ExitStack() as stack:
        processes = [start(tree, folder, *flavour.arguments) for folder in slots]
        for process in processes:
            stack.enter_context(progress.watched(process))
        for process in processes:
            wait_for_the_first_step(process)
        wait_until_settled(processes)
        figures = [memory(process.pid) for process in processes]
    resident, proportional = ([float(size) for size in sizes] for sizes in zip(*figures, strict=True))
    measured.add(flavour.name, "s", {"start to the first step": took})
    measured.add(flavour.name, "B", {"resident": resident, "proportional": proportional})
    print("four at once: resident", *(f"{rss / 1e6:.1f}" for rss, _ in figures), "MB each")
    print("proportional", *(f"{pss / 1e6:.1f}" for _, pss in figures), "MB each")
    within(min(computed), flavour.step)
    assert max(rss for rss, _ in figures) <= flavour.resident


def within(computed: float, bound: tuple[float, str]) -> None:
    """Whether so many seconds are at most so many times what importing a library costs here."""
    times, library = bound
    assert computed <= times * cost.of_import(library)


def wait_for_the_first_step(process: subprocess.Popen[str]) -> None:
    """The line is written when it begins."""
    assert process.stderr is not None
    assert any(" cells on " in line for line in process.stderr)


def wait_until_settled(processes: list[subprocess.Popen[str]]) -> None:
    """Until each has computed for a while, which takes longer where the computer is slow or busy."""
    while min(progress.used(process.pid) for process in processes) < SETTLED * TICKS:
        assert all(process.poll() is None for process in processes)
        time.sleep(0.1)


def memory(process: int) -> tuple[int, int]:
    """Resident and proportional bytes."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text()
    rss, pss = (re.search(rf"^{name}: +(\d+) kB", text, re.M) for name in ("Rss", "Pss"))
    assert rss is not None
    assert pss is not None
    return 1024 * int(rss[1]), 1024 * int(pss[1])
