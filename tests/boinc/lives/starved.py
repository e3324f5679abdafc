"""A task that must leave the memory while others keep its core busy, as BOINC's tasks have it on a computer in use."""

from dataclasses import dataclass
from pathlib import Path

from tests.boinc import axiom
from tests.boinc.lives.common import Aftermath, aftermath
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient
from tests.boinc.work import AppVersion
from tests.support import processes
from tests.support.busy import starved

VERSION = AppVersion("axiom", (axiom.program(),))
NEVER_FINISHED = 60.0  # seconds of one core
# Without a checkpoint the client keeps a task in memory; no second one comes before the quit.
PERIOD = 4.0


@dataclass(frozen=True)
class Starved:
    # CPU time at the last checkpoint that the client knew before the quit and after it.
    known: float
    counted: float
    said: str  # by the program, up to its second start: of an aborted task the client may not report it
    after: Aftermath


def play_starved(folder: Path) -> Starved:
    with ProjectServer(VERSION, folder / "project") as project:
        name = project.add_work(axiom.unit("starved", axiom.computation(NEVER_FINISHED)))
        with RealClient(
            folder / "client",
            project.url,
            project.account_key,
            ncpus=1,
            leave_apps_in_memory=False,
            disk_interval=PERIOD,
        ) as client:
            client.wait_until(lambda: client.task(name).checkpoint_cpu_time > 0, "a checkpoint")
            known = client.task(name).checkpoint_cpu_time
            worker = client.worker(name)
            with starved(worker.pid):
                client.suspend(name)
                processes.wait_gone(worker)
            client.wait_until(lambda: client.task(name).active_task_state == "UNINITIALIZED", "the task's rest")
            counted = client.task(name).checkpoint_cpu_time
            client.resume(name)
            stderr = client.slot(name) / "stderr.txt"
            client.wait_until(lambda: "going on from the checkpoint" in stderr.read_text(), "the task's second start")
            said = stderr.read_text()
            client.abort(name)
            client.wait_until(lambda: client.task(name).ready_to_report, "the end of the task")
            client.update()
            client.wait_until(lambda: project.report(name), "the report")
            return Starved(known, counted, said, aftermath(project, client))
