"""A task leaves the memory, as the user prefers for suspended tasks, and comes back."""

import time
from dataclasses import dataclass
from pathlib import Path

from tests.boinc import axiom, frozen
from tests.boinc.lives.common import Aftermath, aftermath, content, wait_saved
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient
from tests.support import processes
from tests.support.lateness import Lateness, Took
from tests.support.processes import Process


@dataclass(frozen=True)
class Quitter:
    first: Process
    second: Process
    # From the user's command to the end of the first process.
    took: Took
    # What the client counts when the process has ended: CPU time, and CPU time at the last checkpoint.
    counted: tuple[float, float]
    # What ran while the task was suspended, a while after the first process had ended.
    running_while_suspended: set[Process]
    after: Aftermath


def play_quitter(folder: Path) -> Quitter:
    with ProjectServer(frozen.version(), folder / "project") as project:
        name = project.add_work(axiom.unit("quitter", content()))
        with RealClient(
            folder / "client", project.url, project.account_key, ncpus=1, leave_apps_in_memory=False
        ) as client:
            # Without one the client would keep the task in memory.
            wait_saved(client, name)
            first = client.worker(name)
            with Lateness() as lateness:
                client.suspend(name)
                processes.wait_gone(first)
                took = lateness.took()
            client.wait_until(lambda: client.task(name).active_task_state == "UNINITIALIZED", "the task's rest")
            rest = client.task(name)
            time.sleep(2)
            running_while_suspended = client.workers()
            client.resume(name)
            second = client.wait_new_worker(name, first)
            client.wait_until(lambda: project.report(name), "the report")
            counted = rest.current_cpu_time, rest.checkpoint_cpu_time
            return Quitter(first, second, took, counted, running_while_suspended, aftermath(project, client))
