"""A task of an app version without a modern api_version, which staff have asked to tell its progress.

The client then talks through a System V segment instead of the mapped file.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from tests.boinc import axiom
from tests.boinc.lives.common import Aftermath, aftermath, content
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient
from tests.boinc.work import AppVersion
from tests.support import processes

# The program refuses less than a minute, a test has not so long.
VERSION = AppVersion(
    "axiom",
    (axiom.program("from client import commands; commands._seconds = float"),),
    api_version="5.10.0",
    command_line="--trickle 2",
)


@dataclass(frozen=True)
class Trickler:
    # Whether the slot held the mapped file.
    mapped_file: bool
    # CPU time that the program used in two seconds of its suspension: it heard the client all the same.
    suspended_cpu: float
    # What the project got with scheduler requests: the name of the result, then the message itself.
    trickles: list[tuple[str, str]]
    after: Aftermath


def play_trickler(folder: Path) -> Trickler:
    with ProjectServer(VERSION, folder / "project") as project:
        name = project.add_work(axiom.unit("trickler", content()))
        with RealClient(folder / "client", project.url, project.account_key, ncpus=1) as client:
            client.wait_until(lambda: client.task(name).fraction_done > 0, "progress")
            mapped_file = (client.slot(name) / "boinc_mmap_file").exists()
            client.wait_until(lambda: project.trickles, "a first trickle")
            client.suspend(name)
            client.wait_until(lambda: client.task(name).active_task_state == "SUSPENDED", "the suspension")
            worker = client.worker(name).pid
            processes.wait_idle(worker)
            used = processes.cpu_seconds(worker)
            time.sleep(2)
            used = processes.cpu_seconds(worker) - used
            client.resume(name)
            client.wait_until(lambda: project.report(name), "the report")
            return Trickler(mapped_file, used, list(project.trickles), aftermath(project, client))
