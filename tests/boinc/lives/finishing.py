"""A task that must leave the memory at the very moment when it finishes."""

from dataclasses import dataclass
from pathlib import Path

from tests.boinc import axiom
from tests.boinc.lives.common import Aftermath, aftermath
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient
from tests.boinc.work import AppVersion
from tests.support import waiting

VERSION = AppVersion("axiom", (axiom.program(),))
SECONDS = 3.0  # of one core: long enough for a checkpoint
TRIES = 5  # the client may see the end before it has told the program to leave


@dataclass(frozen=True)
class Finishing:
    # The work unit that was told to leave while it finished; empty if none was.
    name: str
    after: Aftermath


def play_finishing(folder: Path) -> Finishing:
    with (
        ProjectServer(VERSION, folder / "project") as project,
        RealClient(folder / "client", project.url, project.account_key, leave_apps_in_memory=False) as client,
    ):
        for number in range(TRIES):
            unit = axiom.unit(f"finishing{number}", axiom.computation(SECONDS))
            name = project.add_work(unit)
            client.update()
            client.wait_until(lambda name=name: client.task(name).checkpoint_cpu_time > 0, "a checkpoint")  # type: ignore[misc]
            if _preempted_while_finishing(client, name):
                client.resume(name)
                client.wait_until(lambda name=name: project.report(name), "the report")  # type: ignore[misc]
                return Finishing(unit.name, aftermath(project, client))
            client.wait_until(lambda name=name: project.report(name), "the report")  # type: ignore[misc]
        return Finishing("", aftermath(project, client))


def _preempted_while_finishing(client: RealClient, name: str) -> bool:
    """Suspend the task as soon as its result has bytes; whether the client then waits to start it again."""
    worker = client.worker(name)

    def written() -> bool:
        return any(path.stat().st_size for path in client.folder.glob(f"projects/*/{name}_r0_0"))

    waiting.wait_until(written, "the result", lambda: client.task(name).current_cpu_time, every=0.001)
    client.suspend(name)

    def left() -> str:
        task = client.task(name)
        if task.state in ("uploading", "uploaded") or task.ready_to_report:
            return "finished"
        return "preempted" if worker not in client.workers() and task.active_task_state == "UNINITIALIZED" else ""

    return client.wait_until(left, f"the end of {name}'s process") == "preempted"
