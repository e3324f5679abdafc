"""A task runs at full speed for a while, then may use half of the processor's time."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kernels import workunit
from tests.boinc import axiom, processes
from tests.boinc.lives.common import Aftermath, aftermath
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient

SEEDS = 16  # twelve seconds of a fast core: three at full speed, and enough for a while at half
LIMIT = 50.0  # %
_YARDSTICK = "import time\nend = time.monotonic() + 60\nwhile time.monotonic() < end: pass"


@dataclass(frozen=True)
class Throttle:
    # CPU time over that of a process that never pauses: what else the machine has to do slows both.
    free_share: float
    limited_share: float
    # What the client knew at the start and the end of the limited time: fraction done, CPU time at the last checkpoint.
    fractions: tuple[float, float]
    checkpoints: tuple[float, float]
    after: Aftermath


def play_throttle(folder: Path) -> Throttle:
    with ProjectServer(axiom.VERSION, folder / "project") as project:
        name = project.add_work(axiom.unit("throttled", workunit.encode(axiom.computation(SEEDS))))
        with RealClient(folder / "client", project.url, project.account_key, ncpus=1) as client:
            client.wait_until(lambda: client.task(name).fraction_done > 0, 60, "progress")
            worker = client.worker(name).pid
            with _yardstick() as yardstick:
                free_share = _share(worker, yardstick, 3)
                client.limit_cpu(LIMIT)
                time.sleep(1)  # until the client's next second, which obeys
                before = client.task(name)
                # Whole cycles: the client lets the task run for a second and suspends it for one.
                limited_share = _share(worker, yardstick, 6)
                after = client.task(name)
            client.wait_until(lambda: project.report(name), 120, "the report")
            return Throttle(
                free_share=free_share,
                limited_share=limited_share,
                fractions=(before.fraction_done, after.fraction_done),
                checkpoints=(before.checkpoint_cpu_time, after.checkpoint_cpu_time),
                after=aftermath(project, client),
            )


@contextmanager
def _yardstick() -> Iterator[int]:
    """The number of a process that never pauses."""
    process = subprocess.Popen([sys.executable, "-SE", "-c", _YARDSTICK])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def _share(worker: int, yardstick: int, seconds: float) -> float:
    before = processes.cpu_seconds(worker), processes.cpu_seconds(yardstick)
    time.sleep(seconds)
    return (processes.cpu_seconds(worker) - before[0]) / (processes.cpu_seconds(yardstick) - before[1])
