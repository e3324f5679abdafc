"""Five tasks of one client: killed, without space, of a foreign format, aborted by the user, with too big a result."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from tests.boinc import axiom
from tests.boinc.lives.common import Aftermath, aftermath, content, wait_saved
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient
from tests.boinc.work import AppVersion, WorkUnit
from tests.support import processes
from tests.support.lateness import Lateness, Took
from tests.support.processes import Process

# A worker waits an hour for space, a test does not.
RETRY = 4.0
VERSION = AppVersion(
    "axiom",
    (axiom.program(f"from client import passing; passing.WRITING = passing.Trouble({RETRY}, passing.WRITING.reason)"),),
)
TOO_SMALL = 1000  # bytes for a result
NEVER_FINISHED = 60.0  # seconds of one core


def units() -> tuple[WorkUnit, ...]:
    return (
        axiom.unit("killed", content()),
        axiom.unit("no_space", content()),
        axiom.unit("foreign", b'{"format": 2, "experiment": "compgen"}\n'),
        axiom.unit("aborted", axiom.computation(NEVER_FINISHED)),
        axiom.unit("oversize", axiom.computation(1.0), TOO_SMALL),
    )


@dataclass(frozen=True)
class Endings:
    # From the user's command to the end of the aborted task's process.
    abort_took: Took
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
        tasks = [project.add_work(unit) for unit in units()]
        with RealClient(folder / "client", project.url, project.account_key, ncpus=len(tasks)) as client:
            without_space, gone = _refuse_space(client, "no_space_0")
            wait_saved(client, "killed_0")
            killed = client.worker("killed_0")
            os.kill(killed.pid, signal.SIGKILL)
            abort_took = _abort(client, "aborted_0")
            after_killed = client.wait_new_worker("killed_0", killed)
            # The client looks for something to run whenever a task ends, and else once a minute.
            client.wait_new_worker("no_space_0", without_space)
            postponed_for = time.monotonic() - gone
            client.wait_until(lambda: all(task.ready_to_report for task in client.tasks()), "the end of all tasks")
            # Failures make the client stay away for minutes.
            client.update()
            client.wait_until(lambda: len(project.reports) == len(tasks), "every report")
            client.wait_until(lambda: not client.tasks(), "the client's acknowledgement")
            left = [*client.folder.glob("slots/*/*"), *client.folder.glob("projects/*/*_r0_0*")]
            return Endings(abort_took, killed, after_killed, postponed_for, left, aftermath(project, client))


def _refuse_space(client: RealClient, name: str) -> tuple[Process, float]:
    """The process that could not write its checkpoint, and when it had ended; from then on there is space."""
    wait_saved(client, name)
    worker = client.worker(name)
    # Nothing can be written under the name of a folder.
    obstacle = client.slot(name) / "checkpoint.safetensors.part"
    client.wait_until(lambda: _placed(obstacle), "a moment between two checkpoints")
    processes.wait_gone(worker)
    gone = time.monotonic()
    obstacle.rmdir()
    return worker, gone


def _abort(client: RealClient, name: str) -> Took:
    client.wait_until(lambda: client.task(name).fraction_done > 0, "progress")
    worker = client.worker(name)
    with Lateness() as lateness:
        client.abort(name)
        processes.wait_gone(worker)
        return lateness.took()


def _placed(obstacle: Path) -> bool:
    """Whether a folder lies there now; not while a checkpoint is being written under that name."""
    try:
        obstacle.mkdir()
    except FileExistsError:
        return False
    return True
