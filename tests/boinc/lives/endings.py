"""Five tasks of one client: killed, without space, of a foreign format, aborted by the user, with too big a result."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from kernels import workunit
from tests.boinc import axiom, processes
from tests.boinc.lives.common import CONTENT, Aftermath, aftermath, wait_saved
from tests.boinc.processes import Process
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient
from tests.boinc.work import AppVersion

# A worker waits an hour for space, a test does not.
RETRY = 4.0
VERSION = AppVersion("axiom", (axiom.program(f"task._RETRY_SPACE = {RETRY}"),))
TOO_SMALL = 1000  # bytes for a result
UNITS = (
    axiom.unit("killed", CONTENT),
    axiom.unit("no_space", CONTENT),
    axiom.unit("foreign", b'{"format": 2, "experiment": "compgen"}\n'),
    # It must still run when the other lives are over, and is never finished.
    axiom.unit("aborted", workunit.encode(axiom.computation(100))),
    axiom.unit("oversize", workunit.encode(axiom.computation(1)), TOO_SMALL),
)


@dataclass(frozen=True)
class Endings:
    # From the user's command to the end of the aborted task's process, in seconds.
    abort_took: float
    # The killed task's process, and the next one.
    killed: Process
    after_killed: Process
    # From the end of the process that found no space to the start of the next, in seconds.
    postponed_for: float
    # What was in the slots, and what of results in the project's folder, when every task had been reported.
    left: list[Path]
    after: Aftermath


def play_endings(folder: Path) -> Endings:
    with ProjectServer(VERSION, folder / "project") as project:
        for unit in UNITS:
            project.add_work(unit)
        with RealClient(folder / "client", project.url, project.account_key, ncpus=len(UNITS)) as client:
            killed, after_killed = _kill(client, "killed_0")
            postponed_for = _refuse_space(client, "no_space_0")
            abort_took = _abort(client, "aborted_0")
            client.wait_until(lambda: all(task.ready_to_report for task in client.tasks()), 120, "the end of all tasks")
            # Failures make the client stay away for minutes.
            client.update()
            client.wait_until(lambda: len(project.reports) == len(UNITS), 30, "every report")
            client.wait_until(lambda: not client.tasks(), 10, "the client's acknowledgement")
            left = [*client.folder.glob("slots/*/*"), *client.folder.glob("projects/*/*_r0_0*")]
            return Endings(abort_took, killed, after_killed, postponed_for, left, aftermath(project, client))


def _kill(client: RealClient, name: str) -> tuple[Process, Process]:
    wait_saved(client, name)
    worker = client.worker(name)
    os.kill(worker.pid, signal.SIGKILL)
    return worker, client.wait_new_worker(name, worker, 20)


def _refuse_space(client: RealClient, name: str) -> float:
    wait_saved(client, name)
    worker = client.worker(name)
    # Nothing can be written under the name of a folder.
    obstacle = client.slot(name) / "checkpoint.safetensors.part"
    obstacle.mkdir()
    processes.wait_gone(worker, 30)
    start = time.monotonic()
    obstacle.rmdir()
    # The client looks for something to run whenever a task ends, and else once a minute.
    client.wait_new_worker(name, worker, 90)
    return time.monotonic() - start


def _abort(client: RealClient, name: str) -> float:
    client.wait_until(lambda: client.task(name).fraction_done > 0, 60, "progress")
    worker = client.worker(name)
    start = time.monotonic()
    client.abort(name)
    processes.wait_gone(worker, 90)
    return time.monotonic() - start
