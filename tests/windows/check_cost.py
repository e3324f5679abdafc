"""What the Windows version costs a volunteer, measured under Wine: figures for the pages, no bounds."""

from __future__ import annotations

import re
import time
from pathlib import Path

import build

from benchmarks import host, record
from benchmarks.record import Measurement
from kernels.cost import default_units
from kernels.experiments import EXPERIMENTS
from tests.windows.conftest import Start
from tests.windows.worker import task

ROUNDS = 5
PART = re.compile(r"in all +(\d+) +([\d.]+) MB +([\d.]+) MB")  # a line of build.weights


def test_figures(tmp_path: Path, tree: Path, start: Start) -> None:
    begun, unit = host.now(), default_units(EXPERIMENTS["compgen"], 1000)[0]
    total = PART.search(build.weights(tree))
    assert total is not None
    seconds: dict[str, list[float]] = {"start to the first step": [], "quit to gone": []}
    sizes: dict[str, list[float]] = {"resident": [], "committed": []}
    for number in range(ROUNDS):
        slot = task(tmp_path / str(number), unit)
        with start(slot) as worker:
            worker.until_said(" cells on ")
            seconds["start to the first step"].append(time.monotonic() - worker.started)
            worker.until_computing()
            seen = worker.do("look")
            for what, numbers in sizes.items():
                numbers.append(float(seen[what]))
            quit_at = time.monotonic()
            worker.send(b"<quit/>")
            worker.wait_gone()
            seconds["quit to gone"].append(time.monotonic() - quit_at)
    measurements = [
        Measurement({"what": "files"}, "", [float(total[1]) - 1]),  # but for version.xml, which only the server reads
        Measurement({"what": "installed"}, "B", [1e6 * float(total[2])]),
        Measurement({"what": "download"}, "B", [1e6 * float(total[3])]),
        *(Measurement({"what": what}, "s", values) for what, values in seconds.items()),
        *(Measurement({"what": what}, "B", values) for what, values in sizes.items()),
    ]
    record.finish("windows", begun, measurements, "make release-check")
