"""A task may use half of the processor's time."""

import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.boinc import axiom, frozen
from tests.boinc.boinccmd import Task
from tests.boinc.lives.common import Aftermath, aftermath
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient
from tests.support import processes
from tests.support.processes import Process

SECONDS = 7.0  # of one core, so fourteen at half its time
LIMIT = 50.0  # %


@dataclass(frozen=True)
class Throttle:
    # CPU time over wall time. What else the machine has to do makes it less.
    cpu: float
    # The share of tenths of a second in which the task computed at all. A busy machine hardly changes that: it is 1
    # without a limit, even with four tasks to a core.
    busy: float
    # What the client knew at the start and the end of that time: fraction done, CPU time at the last checkpoint.
    fractions: tuple[float, float]
    checkpoints: tuple[float, float]
    after: Aftermath


def play_throttle(folder: Path) -> Throttle:
    with ProjectServer(frozen.version(), folder / "project") as project:
        name = project.add_work(axiom.unit("throttled", axiom.computation(SECONDS)))
        with RealClient(folder / "client", project.url, project.account_key, ncpus=1, cpu_usage_limit=LIMIT) as client:
            client.wait_until(lambda: client.task(name).fraction_done > 0, "progress")
            before = client.task(name)
            # Whole cycles: the client lets the task run for a second and suspends it for one.
            cpu, busy = _measure(client.worker(name), 6)
            after = client.wait_until(lambda: _later(client.task(name), before), "progress and a checkpoint since then")
            client.wait_until(lambda: project.report(name), "the report")
            return Throttle(
                cpu=cpu,
                busy=busy,
                fractions=(before.fraction_done, after.fraction_done),
                checkpoints=(before.checkpoint_cpu_time, after.checkpoint_cpu_time),
                after=aftermath(project, client),
            )


def _later(now: Task, before: Task) -> Task | None:
    """The task as it is, if it has got on and has written a checkpoint."""
    got_on = now.fraction_done > before.fraction_done and now.checkpoint_cpu_time > before.checkpoint_cpu_time
    return now if got_on else None


def _measure(worker: Process, seconds: float) -> tuple[float, float]:
    """`cpu` and `busy` of the worker from now on."""
    start = time.monotonic()
    times = [processes.cpu_seconds(worker.pid)]
    for tick in range(1, round(10 * seconds) + 1):
        time.sleep(max(0.0, start + tick / 10 - time.monotonic()))
        times.append(processes.cpu_seconds(worker.pid))
    busy = sum(later > earlier for earlier, later in pairwise(times))
    return (times[-1] - times[0]) / (time.monotonic() - start), busy / (len(times) - 1)
